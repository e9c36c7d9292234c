"""Writes notes.ipynb, with a cell that shows a button of ipywidgets."""

import sys

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

code = """import ipywidgets as widgets
from IPython.display import display
print("Counted to 0")
button, label = widgets.Button(description="Count"), widgets.Label("Not yet")
def add(_):
    label.value = "Counted to 1"
button.on_click(add)
display(button, label)"""
kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
nbformat.write(new_notebook(cells=[new_code_cell(code)], metadata=kernel), sys.argv[1])

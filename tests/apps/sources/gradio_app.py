"""Gradio: a function behind a text field, and a download button. `python gradio_app.py <port> [base]`"""

import sys
from pathlib import Path

import gradio as gr

file = Path("notes.txt").absolute()
file.write_text("some notes")

with gr.Blocks(title="Greeter") as demo:
    name = gr.Textbox(label="Name")
    result = gr.Textbox(label="Result")
    gr.Button("Greet").click(lambda name: f"Hello, {name}!", name, result)
    gr.DownloadButton("Download", value=str(file))
    upload = gr.File(label="File")
    size = gr.Textbox(label="Size")
    upload.upload(lambda path: f"{Path(path).stat().st_size} bytes", upload, size)

demo.launch(
    server_name="127.0.0.1",
    server_port=int(sys.argv[1]),
    root_path=sys.argv[2] if len(sys.argv) > 2 else None,
)

project = "Sphinx course"
html_theme = "alabaster"

"""NiceGUI: a button over its WebSocket, a download and a link to a new window."""

import sys

from nicegui import app, ui


@app.get("/notes.txt")
def notes():
    return "some notes"


@ui.page("/")
def index():
    ui.label("NiceGUI app")
    count = {"value": 0}

    def add():
        count["value"] += 1
        label.set_text(f"Counted to {count['value']}")

    ui.button("Count", on_click=add)
    label = ui.label("Counted to 0")
    ui.button("Download", on_click=lambda: ui.download.content(b"some notes", "notes.txt"))
    ui.link("New window", "/second", new_tab=True)
    ui.link("Second page", "/second")


@ui.page("/second")
def second():
    ui.label("This is second")


ui.run(host="127.0.0.1", port=int(sys.argv[1]), show=False, reload=False)

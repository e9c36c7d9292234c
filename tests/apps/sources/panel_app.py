"""Panel: a button over its WebSocket, and a download."""

import io
import sys

import panel as pn

pn.extension()


def page():
    button = pn.widgets.Button(name="Count")
    text = pn.pane.Markdown("Counted to 0")

    def add(event):
        text.object = f"Counted to {event.new}"

    button.on_click(add)
    file = pn.widgets.FileDownload(
        callback=lambda: io.StringIO("some notes"), filename="notes.txt", label="Download"
    )
    return pn.Column("# Panel app", button, text, file)


pn.serve(
    page,
    address="127.0.0.1",
    port=int(sys.argv[1]),
    show=False,
    websocket_origin=["*"],
    title="Panel app",
)

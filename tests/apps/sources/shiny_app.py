"""Shiny for Python: an input over its WebSocket, and a download."""

import sys

from shiny import App, reactive, render, run_app, ui

page = ui.page_fluid(
    ui.h1("Shiny app"),
    ui.input_action_button("count", "Count"),
    ui.output_text("counted"),
    ui.download_button("notes", "Download"),
)


def server(input, output, session):
    @render.text
    @reactive.event(input.count, ignore_none=False)
    def counted():
        return f"Counted to {input.count()}"

    @render.download(filename="notes.txt")
    def notes():
        yield "some notes"


if __name__ == "__main__":
    run_app(App(page, server), host="127.0.0.1", port=int(sys.argv[1]))

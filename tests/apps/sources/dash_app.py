"""Dash: a callback, a page of its router, a download and a link to a new window."""

import sys

from dash import Dash, Input, Output, State, dcc, html

base = (sys.argv[2] if len(sys.argv) > 2 else "") + "/"
app = Dash(__name__, requests_pathname_prefix=base, suppress_callback_exceptions=True)
app.layout = html.Div(
    [
        dcc.Location(id="location"),
        html.H1("Dash app"),
        dcc.Input(id="name"),
        html.Button("Greet", id="greet"),
        html.P(id="result"),
        dcc.Link("Second page", href=f"{base}second"),
        html.P(id="page"),
        html.Button("Download", id="download"),
        dcc.Download(id="file"),
        html.A("New window", href=base, target="_blank"),
    ]
)


@app.callback(Output("result", "children"), Input("greet", "n_clicks"), State("name", "value"))
def greet(clicks, name):
    return f"Hello, {name}!" if clicks else ""


@app.callback(Output("page", "children"), Input("location", "pathname"))
def page(path):
    return f"This is {(path or '').rsplit('/', 1)[-1] or 'the front page'}"


@app.callback(Output("file", "data"), Input("download", "n_clicks"), prevent_initial_call=True)
def download(_):
    return {"content": "some notes", "filename": "notes.txt"}


app.run(host="127.0.0.1", port=int(sys.argv[1]))

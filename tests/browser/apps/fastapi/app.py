"""A FastAPI app as tutorials write it: its templates link with the absolute URLs of `url_for`, and
its documentation pages load /openapi.json.

    python app.py <port> [base path]

The base path is FastAPI's `root_path`.
"""

import sys
from pathlib import Path

import uvicorn
from fastapi import Form, Request
from fastapi.responses import PlainTextResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

# FastAPI, whose documentation pages need no other host.
from fastapi_offline import FastAPIOffline

HERE = Path(__file__).parent

app = FastAPIOffline(root_path=sys.argv[2] if len(sys.argv) > 2 else "", favicon_url="data:,")
app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
templates = Jinja2Templates(HERE / "templates")
notes: dict[str | None, list[str]] = {}


@app.get("/", name="index")
def index(request: Request):
    user = request.headers.get("X-Forwarded-User")
    return templates.TemplateResponse(
        request, "notes.html", {"user": user, "notes": notes.get(user, [])}
    )


@app.post("/notes", name="add")
def add(request: Request, note: str = Form()):
    notes.setdefault(request.headers.get("X-Forwarded-User"), []).append(note)
    return RedirectResponse(request.url_for("index"), 303)


@app.get("/notes.txt", name="download", response_class=PlainTextResponse)
def download(request: Request):
    return "\n".join(["Notes:", *notes.get(request.headers.get("X-Forwarded-User"), [])])


@app.get("/up", response_class=PlainTextResponse)
def up():
    return "up"


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="info")

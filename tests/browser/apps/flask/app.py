"""A web app without LTI code: it reads the headers of a reverse proxy, and verifies the assertion.

It counts visits in its own session cookie and links with url_for. It records its requests. The
tests read them directly, without the gateway.
"""

import sys
from functools import lru_cache
from urllib.parse import unquote

import jwt
from flask import Flask, abort, g, jsonify, redirect, render_template, request, session, url_for
from werkzeug.middleware.proxy_fix import ProxyFix

TOOL = "flask"

app = Flask(__name__)
app.secret_key = "the app's own"
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)

# Every request that came through the gateway, in order.
arrived = []
notes: dict[tuple, list[str]] = {}


@lru_cache
def keys_of(issuer: str) -> jwt.PyJWKClient:
    return jwt.PyJWKClient(f"{issuer}/.well-known/jwks.json")


def verified(assertion: str) -> dict:
    """The claims. A real app has a fixed issuer; these tests start many gateways.

    In development, the issuer is the same for all names of the gateway.
    """
    port = request.host.rpartition(":")[2]
    issuer = f"http://localhost:{port}"
    return jwt.decode(
        assertion,
        keys_of(issuer).get_signing_key_from_jwt(assertion),
        algorithms=["EdDSA"],
        issuer=issuer,
        audience=TOOL,
        options={"require": ["iss", "aud", "iat", "exp"]},
    )


def block() -> tuple:
    """The owner of notes: one user at one resource link and one gateway."""
    return request.host, request.headers.get("X-Forwarded-User"), g.link


def claim(name: str):
    return g.claims.get(f"https://purl.imsglobal.org/spec/lti/claim/{name}")


@app.before_request
def identify():
    if request.endpoint in ("up", "everything_arrived"):
        return
    arrived.append(
        {"url": request.environ["REQUEST_URI"], "headers": list(request.headers.items())}
    )
    try:
        g.claims = verified(request.headers.get("X-LTI-Assertion", ""))
    except jwt.PyJWTError as error:
        abort(401, str(error))
    g.link = claim("resource_link")["id"]


@app.after_request
def add_headers(response):
    """For the tests: the resource link, the user and the visits of the request."""
    if "claims" in g:
        response.headers["X-Seen-Link"] = g.link
        response.headers["X-Seen-Person"] = g.claims.get("sub", "")
        response.headers["X-Seen-Visits"] = str(session.get("visits", 0))
        response.headers["Cache-Control"] = "no-store"
    return response


@app.get("/")
def index():
    session["visits"] = session.get("visits", 0) + 1
    forwarded = {
        name: value
        for name, value in request.headers.items()
        if name.startswith(("X-", "Host", "Origin"))
    }
    return render_template(
        "index.html",
        claims=g.claims,
        forwarded=forwarded,
        link=g.link,
        name=unquote(request.headers.get("X-Forwarded-Preferred-Username", "")),
        notes=notes.get(block(), []),
        person=request.headers.get("X-Forwarded-User"),
        visits=session["visits"],
    )


@app.post("/notes")
def add_note():
    notes.setdefault(block(), []).append(request.form["note"])
    return redirect(url_for("index", added=len(request.form["note"])), 303)


@app.get("/chapter/<int:number>")
def chapter(number: int):
    return render_template("chapter.html", number=number)


@app.get("/away")
def away():
    """A redirect to an absolute URL of this app."""
    return redirect(url_for("chapter", number=2, _external=True))


@app.get("/notes.txt")
def download():
    """A download from a link without `download`: the browser sends the frame's cookies."""
    text = "".join(f"{note}\n" for note in notes.get(block(), []))
    return text, {"Content-Type": "text/plain; charset=utf-8", "Content-Disposition": "attachment"}


@app.get("/data.json")
def data():
    return jsonify(link=g.link, person=g.claims.get("sub"))


@app.get("/script.js")
def script():
    return f"document.documentElement.dataset.script = {g.link!r}", {
        "Content-Type": "text/javascript"
    }


@app.get("/picture.svg")
def picture():
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24">'
        '<circle cx="12" cy="12" r="10"/></svg>',
        {"Content-Type": "image/svg+xml"},
    )


@app.get("/up")
def up():
    return "up"


@app.get("/arrived")
def everything_arrived():
    return jsonify(arrived)


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(sys.argv[1]), threaded=True)

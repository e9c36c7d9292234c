"""A gateway whose tools use the services of LTI 1.3, with two platforms and an app."""

import json
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Self

from browser import Form
from certificate import Certificate
from gateway import TOOLS, Gateway
from library_services import LibraryServices
from open_edx import Learner, OpenEdx, Placement
from registrar import Registrar
from running import TIMEOUT
from seat import Reply, Seat
from server import App
from visitor import Visitor

SECRET = "0123456789abcdef0123456789abcdef"

FILE = TOOLS.parent / "advantage.toml"

# The passports of edX, and the client ids in the file.
SHARED = "5c9e0000-5d1e-4b7a-9a57-8f1d2f6f4c11", "0a7c1b3e-5d1e-4b7a-9a57-8f1d2f6f4c11"
OTHER = "7d1a0000-91c7-4a6b-8f0f-0c8d8b1a2e22", "b4d2f6a0-91c7-4a6b-8f0f-0c8d8b1a2e22"

TOKENS = {
    "grade": "X-LTI-Grade-Token",
    "course": "X-LTI-Course-Grade-Token",
    "members": "X-LTI-Members-Token",
    "links": "X-LTI-Link-Token",
}


@dataclass
class Opened:
    """An app in a browser, after a launch."""

    gateway: "AdvantageGateway"
    visitor: Visitor
    # The path in the upstream, and what it has received.
    path: str
    headers: dict[str, str]
    line: str
    # The path at the gateway.
    entry: str = ""

    def token(self, kind: str) -> str | None:
        return self.headers.get(TOKENS[kind])

    @property
    def seat(self) -> Seat:
        return Seat(self.gateway, self.token("grade"), self.headers["X-LTI-Assertion"])

    @property
    def course(self) -> Seat:
        """The calls of a teacher, for any learner."""
        return Seat(self.gateway, self.token("course"), self.headers["X-LTI-Assertion"])

    def members(self, query: str = "") -> Reply:
        return self._call("members", "GET", f"/members{query}")

    def links(self, items: list[dict]) -> Reply:
        return self._call("links", "POST", "/links", json.dumps({"items": items}))

    def _call(self, kind: str, method: str, path: str, content: str | None = None) -> Reply:
        return Seat(self.gateway, self.token(kind), "").ask(method, path, content)


@dataclass
class Picker:
    """The gateway's picker, or its page that posts a response."""

    action: str = ""
    fields: list[tuple[str, str]] = field(default_factory=list)
    # The choices: name and value of the field, by the text of the label.
    choices: dict[str, tuple[str, str]] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)
    text: str = ""

    @classmethod
    def parse(cls, page: str) -> Self:
        reader = _PickerReader()
        reader.feed(page)
        reader.close()
        return reader.picker

    def chosen(self, *titles: str, button: int = 0) -> Form:
        """The form with these choices."""
        picked = [
            self.choices[label] for title in titles for label in self.choices if title in label
        ]
        assert len(picked) == len(titles), f"{titles} of {list(self.choices)}"
        named = [(name, value) for name, value, _ in self.buttons[button : button + 1] if name]
        return Form(self.action, [*self.fields, *picked, *named])


class _PickerReader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.picker = Picker()
        self._label: str | None = None
        self._choice: tuple[str, str] | None = None
        self._button: tuple[str, str] | None = None
        self._texts: list[str] = []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        kind = found.get("type", "text")
        if tag == "form":
            self.picker.action = found.get("action", "")
        elif tag == "input" and kind in ("radio", "checkbox"):
            self.picker.kinds.add(kind)
            self._choice = found["name"], found.get("value", "on")
            self._texts = []
        elif tag in ("input", "textarea") and kind == "submit":
            self.picker.buttons.append((found.get("name", ""), found.get("value", ""), ""))
        elif tag == "input" and found.get("name"):
            self.picker.fields.append((found["name"], found.get("value") or ""))
        elif tag == "button":
            self._button = found.get("name", ""), found.get("value", "")
            self._texts = []

    def handle_data(self, data):
        self.picker.text += data
        self._texts.append(data)

    def handle_endtag(self, tag):
        if tag == "label" and self._choice:
            self.picker.choices["".join(self._texts).strip()] = self._choice
            self._choice = None
        elif tag == "button" and self._button:
            self.picker.buttons.append((*self._button, "".join(self._texts).strip()))
            self._button = None


class AdvantageGateway(Gateway):
    """The program, the platforms that launch its tools, and an app."""

    def __init__(self, binary: Path):
        self._files = tempfile.TemporaryDirectory()
        directory = Path(self._files.name)
        certificate = Certificate(directory)
        self.app = App()
        self.edx = OpenEdx(certificate)
        self.library = LibraryServices()
        # The same platform in the table of a Canvas.
        self.canvas = LibraryServices()
        # A platform that registers the tool.
        self.registrar = Registrar()
        values = {
            "SECRET": SECRET,
            "EDX": self.edx.origin,
            "LIBRARY": self.library.origin,
            "CANVAS": self.canvas.origin,
            "REGISTRAR": self.registrar.origin,
            "APP": self.app.origin,
        }
        text = FILE.read_text()
        for name, value in values.items():
            text = text.replace(f"@{name}@", value)
        self.tools = directory / "tools.toml"
        self.tools.write_text(text)
        super().__init__(binary, tools=self.tools, SSL_CERT_FILE=str(certificate.file))
        self.keyset_url = f"{self.origin}/.well-known/jwks/edx.json"
        self.shared = self.edx.passport(*SHARED, self.keyset_url)
        self.other = self.edx.passport(*OTHER, self.keyset_url)
        for name in ("library", "canvas"):
            getattr(self, name).keyset_url = f"{self.origin}/.well-known/jwks/{name}.json"
        self.forbid(SECRET)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            servers = self.app, self.edx, self.library, self.canvas, self.registrar
            for server in servers:
                stack.enter_context(server)
            super().__enter__()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_) -> None:
        super().__exit__()
        if hasattr(self, "_stack"):
            self._stack.close()
        self._files.cleanup()

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the program, for its other commands."""
        return self._settings

    def visitor(self) -> Visitor:
        return Visitor(self.port)

    def launch_url(self, tool: str) -> str:
        return f"{self.origin}/lti/{tool}"

    def place(self, tool: str = "exercise", passport=None, after: str = "", **fields) -> Placement:
        """A block of edX that launches this tool, with all services."""
        url = self.launch_url(tool) + after
        fields = {
            "lti_1p3_enable_nrps": True,
            "lti_advantage_deep_linking_enabled": True,
            "lti_advantage_deep_linking_launch_url": url,
            **fields,
        }
        return self.edx.place(url, f"{self.origin}/~login", passport or self.shared, **fields)

    def open_block(
        self, placement: Placement, learner: Learner, visitor: Visitor | None = None
    ) -> Opened:
        """Opens a block of edX in a browser: login, launch, and the way to the app."""
        visitor = visitor or self.visitor()
        self.forbid(*learner.personal_values())
        login = self.edx.launch_url(placement, learner)
        form = self.edx.form(visitor.log_in(visitor.get(login)))
        return self.enter(form, visitor)

    def enter(self, form: Form, visitor: Visitor) -> Opened:
        """Posts a launch and follows the redirects to the app."""
        reply, line = self.send(form, visitor)
        assert reply.status == 303, f"{reply.status}, expected 303; {line}"
        entry = visitor.get(reply.location)
        assert entry.status == 303, f"{entry.status} at the entry URL"
        page = visitor.get(entry.location)
        assert page.status == 200, f"{page.status} from the app: {page.body}"
        path, headers = self.app.arrived[-1]
        opened = Opened(self, visitor, path, dict(headers.items()), line, entry.location)
        opened.headers = {
            name: value
            for name, value in {
                **opened.headers,
                **{token: headers.get(token) for token in TOKENS.values()},
                "X-LTI-Assertion": headers.get("X-LTI-Assertion"),
                "X-Forwarded-User": headers.get("X-Forwarded-User"),
            }.items()
            if value is not None
        }
        secrets = [opened.token(kind) or "" for kind in TOKENS]
        self.forbid(*secrets, opened.headers["X-LTI-Assertion"])
        return opened

    def send(self, form: Form, visitor: Visitor):
        """Posts a message of a platform. Returns the response, and the lines in the log."""
        fields = dict(form.fields)
        for name in ("id_token", "state", "oauth_signature", "oauth_nonce"):
            self.forbid(fields.get(name, ""))
        self.forbid(*visitor.cookies.values())
        before = len(self.log())
        reply = visitor.post(form.url, fields)
        self.forbid(*reply.cookies().values())
        # The gateway writes the line soon after its response.
        deadline = time.monotonic() + TIMEOUT
        while " launch: " not in (lines := self.log()[before:]) and time.monotonic() < deadline:
            time.sleep(0.01)
        return reply, lines

    def assert_private(self) -> None:
        """Asserts that the log has no secret and nothing about a person."""
        libraries = self.library, self.canvas, self.registrar
        tokens = [token for each in libraries for token in each.access_tokens]
        self.forbid(*self.edx.access_tokens(), *tokens)
        leaks = self.leaks()
        assert not leaks, f"the log contains {leaks}"

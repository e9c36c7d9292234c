"""Launches of users: pages, apps, new windows and reloads."""

import json
import random
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from browser import Form
from client import Client, Response
from edx import Block
from production import CONSUMERS
from stage import UPSTREAMS, Stage, Visit, block, path_of, sign
from worker import Workers

workers = Workers()

TICKET = "lti_ticket"

# The share of sessions that are used again.
REUSED = 0.9


@dataclass
class Launched:
    """A launch of an app, before its ticket is used."""

    block: Block
    form: Form
    response: Response

    @property
    def tool(self) -> str:
        return path_of(self.form).rsplit("/", 1)[1]

    @property
    def entry(self) -> str:
        """The entry URL with the ticket."""
        return self.response.location

    def post(self, client: Client, kind: str, ticket: str, **headers: str) -> Response:
        """Posts a ticket to the entry URL, as the button does."""
        path = f"{self.entry_path}?{TICKET}"
        return client.post_form(kind, path, urlencode({TICKET: ticket}), **headers)

    @property
    def entry_path(self) -> str:
        return self.entry.partition("?")[0]


def launch_app(client: Client, choices: random.Random, kind: str, tool: str, **fields) -> Launched:
    """Launches an app. The browser has not followed the redirect yet."""
    key = fields.pop("key", None) or choices.choice(list(CONSUMERS))
    launched = block(tool, key, choices, **fields)
    form = sign(launched)
    response = client.post_form(kind, path_of(form), form.body()).expect(303)
    assert f"{TICKET}=" in response.location, "the redirect has no ticket"
    return Launched(launched, form, response)


def enter(client: Client, launched: Launched) -> Visit:
    """Follows the redirects with the cookie of the launch."""
    cookies = launched.response.cookies()
    door = client.get("entry with cookie", launched.entry, cookies).expect(303)
    return open_page(client, launched, door.location, cookies)


def open_page(client: Client, launched: Launched, path: str, cookies: str) -> Visit:
    """Opens the app's first page, and checks whose session it is."""
    page = client.get("page of an app", path, cookies).expect(200)
    identity = json.loads(page.content)
    user = f"{quote(launched.block.key)}:{launched.block.person.anonymous_id}"
    received = identity["user"]
    assert received == user, f"the app received the user {received}, expected {user}"
    return Visit(launched.tool, path, cookies, identity)


def button(launched: Launched, page: Response) -> str:
    """The ticket of the page's button."""
    form = Form.from_page(page.content.decode())
    assert form.url == f"{launched.entry_path}?{TICKET}", f"the button posts to {form.url}"
    return form.value(TICKET)


def open_in_new_window(client: Client, launched: Launched) -> tuple[str, Visit]:
    """Opens the session without the cookie of the launch. Also returns the button's ticket."""
    page = client.get("entry without cookie", launched.entry).expect(200)
    ticket = button(launched, page)
    opened = launched.post(client, "button", ticket).expect(303)
    return ticket, open_page(client, launched, opened.location, opened.cookies())


def visit(stage: Stage, client: Client, choices: random.Random) -> Visit:
    """A session for another worker. Most are reused, as in a browser."""
    if client.visits and choices.random() < REUSED:
        return choices.choice(client.visits)
    launched = launch_app(client, choices, "launch of an app", choices.choice(UPSTREAMS))
    client.visits = [*client.visits[-4:], enter(client, launched)]
    return client.visits[-1]


def launch_template(client: Client, choices: random.Random) -> tuple[Form, Response]:
    tool, key, role = choices.choice(
        [("hello", key, "student") for key in CONSUMERS] + [("staff", "course-a", "instructor")]
    )
    launched = block(tool, key, choices, role=role)
    form = sign(launched)
    response = client.post_form("launch of a template", path_of(form), form.body()).expect(200)
    greeting = f"Hello, {launched.person.anonymous_id}, from {tool}"
    assert greeting in response.content.decode(), "the page is for somebody else"
    return form, response


@workers.work("template launches", threads=2, pause=(0.05, 0.4))
def templates(stage: Stage, client: Client, choices: random.Random) -> None:
    form, response = launch_template(client, choices)
    if choices.random() < 0.3:
        cookies = response.cookies()
        client.post_form("reload of a template", path_of(form), form.body(), cookies).expect(200)


@workers.work("app launches", threads=2, pause=(0.05, 0.5), needs_upstream=True)
def apps(stage: Stage, client: Client, choices: random.Random) -> None:
    launched = launch_app(client, choices, "launch of an app", choices.choice(UPSTREAMS))
    if choices.random() < 0.4:
        open_in_new_window(client, launched)
        return
    opened = enter(client, launched)
    if choices.random() < 0.4:
        path, body = path_of(launched.form), launched.form.body()
        again = client.post_form("reload of an app", path, body, opened.cookies).expect(303)
        assert TICKET not in again.location, "a reload made a ticket"


@workers.work("sub-path launches", threads=1, pause=(0.5, 2), needs_upstream=True)
def sub_paths(stage: Stage, client: Client, choices: random.Random) -> None:
    fields = {"key": "course-b", "link": 7}
    launched = launch_app(client, choices, "launch of an app", "notebook/bytes", **fields)
    cookies = launched.response.cookies()
    door = client.get("entry with cookie", launched.entry, cookies).expect(303)
    assert door.location.endswith("/bytes"), f"the redirect leads to {door.location}"


@workers.work("public pages", threads=1, pause=(0.2, 1))
def pages(stage: Stage, client: Client, choices: random.Random) -> None:
    paths = ["/", "/.well-known/jwks.json", "/tools/hello/config.xml", "/tools/exercise/config.xml"]
    client.get("public page", choices.choice(paths)).expect(200)
    client.get("missing page", "/nothing-is-here").expect(404)
    client.get("GET of a launch path", "/lti/hello").expect(405)

"""Requests that the gateway must refuse, each with its exact status."""

import random
import time

import oauth
from browser import Form
from client import Client
from launches import TICKET, button, enter, launch_app, launch_template, open_in_new_window, visit
from production import CONSUMERS, ORIGIN
from stage import UPSTREAMS, Stage, Visit, block, path_of, sign
from upstream import FORBIDDEN
from worker import Workers

workers = Workers()

OTHER_SITE = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}


def damaged(sealed: str, choices: random.Random) -> str:
    """The same with another character, not among the last ones, whose bits may not count."""
    at = choices.randrange(len(sealed) - 4)
    return sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]


def refuse_form(stage: Stage, client: Client, kind: str, form: Form, status: int = 401) -> None:
    response = client.post_form(kind, path_of(form), form.body(), **{FORBIDDEN: kind})
    stage.refuse(response, status)


@workers.work("forged forms", threads=1, pause=(0.05, 0.4))
def forged_forms(stage: Stage, client: Client, choices: random.Random) -> None:
    tool = choices.choice(["hello", *UPSTREAMS])
    form = sign(block(tool, "course-a", choices))
    signature = form.value("oauth_signature")
    other = form.altered("oauth_signature", damaged(signature, choices))
    refuse_form(stage, client, "forged signature", other)
    user = f"{choices.getrandbits(128):x}"
    refuse_form(stage, client, "another user", form.altered("user_id", user))
    refuse_form(stage, client, "another role", form.altered("roles", "Instructor"))
    refuse_form(stage, client, "another nonce", form.altered("oauth_nonce", f"{choices.random()}"))
    refuse_form(stage, client, "unknown key", sign(block(tool, "course-z", choices)))
    refuse_form(stage, client, "key of another tool", sign(block("staff", "course-b", choices)))
    guess = sign(block(tool, "course-a", choices, secret="not the secret"))
    refuse_form(stage, client, "wrong secret", guess)
    learner = sign(block("staff", "course-a", choices, role="student"))
    refuse_form(stage, client, "learner at the staff's tool", learner, 403)


@workers.work("old forms", threads=1, pause=(0.2, 1))
def old_forms(stage: Stage, client: Client, choices: random.Random) -> None:
    hour = choices.choice([-3600, 3600])
    secret = CONSUMERS["course-a"]
    form = oauth.sign(f"{ORIGIN}/lti/hello", "course-a", secret, timestamp=time.time() + hour)
    refuse_form(stage, client, "stale form", form)


@workers.work("replays", threads=1, pause=(0.05, 0.4), needs_upstream=True)
def replays(stage: Stage, client: Client, choices: random.Random) -> None:
    form, _ = launch_template(client, choices)
    for _ in range(choices.randint(1, 3)):
        refuse_form(stage, client, "replay of a template", form)
    launched = launch_app(client, choices, "launch of an app", choices.choice(UPSTREAMS))
    refuse_form(stage, client, "replay of an app", launched.form)


@workers.work("spent tickets", threads=1, pause=(0.05, 0.5), needs_upstream=True)
def spent_tickets(stage: Stage, client: Client, choices: random.Random) -> None:
    tool = choices.choice(UPSTREAMS)
    launched = launch_app(client, choices, "launch of an app", tool)
    opened = enter(client, launched)
    stage.refuse(client.get("spent ticket", launched.entry, opened.cookies), 401)
    stage.refuse(client.get("spent ticket without cookie", launched.entry), 401)
    launched = launch_app(client, choices, "launch of an app", tool)
    ticket, _ = open_in_new_window(client, launched)
    stage.refuse(client.get("spent ticket without cookie", launched.entry), 401)
    stage.refuse(launched.post(client, "spent ticket of a button", ticket), 401)


@workers.work("kinds of tickets", threads=1, pause=(0.2, 1))
def kinds_of_tickets(stage: Stage, client: Client, choices: random.Random) -> None:
    launched = launch_app(client, choices, "launch of an app", choices.choice(UPSTREAMS))
    ticket = button(launched, client.get("entry without cookie", launched.entry).expect(200))
    path = f"{launched.entry_path}?{TICKET}={ticket}"
    stage.refuse(client.get("page's ticket by GET", path), 401)
    cookies = launched.response.cookies()
    stage.refuse(client.get("page's ticket by GET with cookie", path, cookies), 401)
    launched = launch_app(client, choices, "launch of an app", choices.choice(UPSTREAMS))
    ticket = launched.entry.partition(f"{TICKET}=")[2]
    stage.refuse(launched.post(client, "launch's ticket by POST", ticket), 401)


@workers.work("ticket from another site", threads=1, pause=(0.2, 1))
def tickets_of_other_sites(stage: Stage, client: Client, choices: random.Random) -> None:
    launched = launch_app(client, choices, "launch of an app", choices.choice(UPSTREAMS))
    ticket = button(launched, client.get("entry without cookie", launched.entry).expect(200))
    stage.refuse(launched.post(client, "ticket posted by another site", ticket, **OTHER_SITE), 403)
    # The ticket stays valid.
    launched.post(client, "button", ticket).expect(303)


@workers.work("foreign tickets", threads=1, pause=(0.1, 1))
def foreign_tickets(stage: Stage, client: Client, choices: random.Random) -> None:
    mine = launch_app(client, choices, "launch of an app", "notebook", link=0, key="course-a")
    other = launch_app(client, choices, "launch of an app", "notebook", link=1, key="course-b")
    wiki = launch_app(client, choices, "launch of an app", "wiki")
    ticket = mine.entry.partition(f"{TICKET}=")[2]
    at_other = f"{other.entry_path}?{TICKET}={ticket}"
    stage.refuse(client.get("foreign ticket", at_other, other.response.cookies()), 401)
    stage.refuse(other.post(client, "foreign ticket by POST", ticket), 401)
    at_wiki = f"{wiki.entry_path}?{TICKET}={ticket}"
    stage.refuse(client.get("ticket of another tool", at_wiki, wiki.response.cookies()), 401)
    forged = f"{mine.entry_path}?{TICKET}={damaged(ticket, choices)}"
    stage.refuse(client.get("forged ticket", forged, mine.response.cookies()), 401)
    # None of these has spent the ticket.
    client.get("entry with cookie", mine.entry, mine.response.cookies()).expect(303)


@workers.work("foreign sessions", threads=1, pause=(0.1, 0.6), needs_upstream=True)
def foreign_sessions(stage: Stage, client: Client, choices: random.Random) -> None:
    mine = visit(stage, client, choices)
    other = enter(client, launch_app(client, choices, "launch of an app", "notebook", link=9))
    mark, path = {FORBIDDEN: "foreign session"}, f"{mine.path}page"
    stage.refuse(client.get("session without cookie", path, **mark), 401)
    stage.refuse(client.get("cookie of another session", path, other.cookies, **mark), 401)
    name, _, sealed = session_cookie(mine).partition("=")
    forged = f"{name}={damaged(sealed, choices)}"
    stage.refuse(client.get("forged cookie", path, forged, **mark), 401)
    headers = mark | OTHER_SITE
    change = client.post_form("change from another site", path, "a=b", mine.cookies, **headers)
    stage.refuse(change, 403)


def session_cookie(visit: Visit) -> str:
    cookies = visit.cookies.split("; ")
    return next(cookie for cookie in cookies if cookie.startswith("__Secure-lti="))


@workers.work("broken grade tokens", threads=1, pause=(0.2, 1), needs_upstream=True)
def broken_tokens(stage: Stage, client: Client, choices: random.Random) -> None:
    launched = launch_app(client, choices, "launch of a graded app", "exercise", key="course-a")
    identity = enter(client, launched).identity
    # The launch of a block without a grade has no token; its assertion is no token either.
    assert identity["token"] is None, "a launch without a grade brought a token"
    for kind, token in {
        "no grade token": None,
        "assertion as grade token": identity["assertion"],
        "forged grade token": "A" * 300,
    }.items():
        headers = {"Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        stage.refuse(client.ask(kind, "POST", "/grades", headers, '{"score": "1"}'), 401)

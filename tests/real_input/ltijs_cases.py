"""The practice platform launches a tool that is made with ltijs (tests/ltijs)."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from case import Cases
from gateway import Gateway
from practice_cases import ISSUER, MEMBERSHIP, page
from visitor import Reply, Visitor

TOOL = Path(__file__).resolve().parents[1] / "ltijs" / "tool.mjs"

cases = Cases()


@contextmanager
def tool(gateway: Gateway) -> Iterator[Visitor]:
    """A browser at a running tool."""
    platform = f"http://localhost:{gateway.port}/dev/platform"
    registration = {
        "issuer": ISSUER,
        "client": "open",
        "auth": f"{platform}/auth",
        "token": f"{platform}/token",
        "keys": f"{platform}/jwks",
    }
    with subprocess.Popen(
        ["node", TOOL, json.dumps(registration)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            line = process.stdout.readline()
            assert line.strip().isdigit(), f"the tool did not start: {line}"
            yield Visitor(int(line))
        finally:
            process.kill()


def launch(gateway: Gateway, visitor: Visitor, **choices: str) -> Reply:
    """Launches the tool with these choices at `/dev`."""
    query = urlencode({"tool": "open", "lti": "1.3", "person": "learner-1", **choices})
    login = dict(page(gateway, f"/dev/launch?{query}").fields)
    redirect = visitor.post("/login", login)
    assert redirect.status == 302, f"{redirect.status}; {redirect.body}"
    answer = page(gateway, redirect.location)
    assert answer.url == login["target_link_uri"], answer.url
    # The form is for a tool of the gateway, whose place ltijs takes.
    reply = visitor.post("/", dict(answer.fields))
    if reply.status == 302:
        parts = urlsplit(reply.location)
        reply = visitor.get(f"{parts.path}?{parts.query}")
    return reply


@cases.case("ltijs is launched by the practice platform")
def launched(gateway):
    with tool(gateway) as visitor:
        reply = launch(gateway, visitor, custom="unit=w1")
    assert reply.status == 200, f"{reply.status}; {reply.body}"
    token = json.loads(reply.body)
    assert (token["iss"], token["clientId"], token["deploymentId"]) == (ISSUER, "open", "1"), token
    assert token["user"] == "learner-1", token
    person, context = token["userInfo"], token["platformContext"]
    gateway.forbid(person["name"], person["email"])
    assert context["roles"] == [f"{MEMBERSHIP}#Learner"], context
    assert context["custom"]["unit"] == "w1", context
    assert context["resource"]["id"] and context["context"]["id"], context


# ltijs compares neither `deployment_id` nor `target_link_uri`. It does not read `iat`, and accepts
# each nonce once, of whichever login.
@cases.each(
    "ltijs rejects a launch with a mistake of the practice platform",
    ["key-id", "claim", "expired", "audience", "algorithm", "issuer", "user", "state", "login"],
)
def mistake(gateway, mistake):
    with tool(gateway) as visitor:
        reply = launch(gateway, visitor, token_mistake=mistake)
    assert reply.status == 401, f"{reply.status}; {reply.body}"

"""What all workers share: the gateway, its platforms, its app and its visitors."""

import random
import time
from dataclasses import dataclass, field
from threading import Lock
from urllib.parse import urlsplit

from browser import Form
from client import Client
from edx import Block, Person
from faulty import FaultyFront
from ledger import Ledger
from opaque_keys.edx.keys import UsageKey
from production import CONSUMERS, ORIGIN, Production
from upstream import Upstream

# The users and links of the load. Few enough that the gateway has cached all sessions after the
# warm-up of a short run.
PEOPLE = 24
LINKS = 3

UPSTREAMS = ("notebook", "wiki")

# edX's code signs one launch at a time.
_SIGNING = Lock()


@dataclass
class Visit:
    """A session in a browser: its URL path, its cookies, and what the app knows."""

    tool: str
    path: str
    cookies: str
    identity: dict[str, str | None]


@dataclass
class Stage:
    production: Production
    ledger: Ledger
    upstream: Upstream
    front: FaultyFront
    # Until when the load runs, in monotonic seconds.
    end: float = field(default=0)

    def client(self) -> Client:
        return Client(self.production.port, self.ledger)

    def left(self) -> float:
        """The seconds until the load ends."""
        return max(0, self.end - time.monotonic())

    def refuse(self, response, status: int) -> None:
        """Asserts that the gateway refused with this status. Anything below 400 ends the run."""
        if response.status < 400:
            accepted = self.production.reader.last('outcome="accepted"', 3)
            self.ledger.stop(
                response.kind,
                f"WRONG ACCEPT: {response.status}, expected {status}; "
                f"reference: {response.reference}; the last lines of accepted launches: {accepted}",
            )
        elif response.status != status:
            self.ledger.fail(
                response.kind, f"{response.status} ({response.reference}), expected {status}"
            )


def block(tool: str, key: str, choices: random.Random, **fields) -> Block:
    """A random user and link of a course."""
    link = fields.pop("link", choices.randrange(LINKS))
    number = fields.pop("number", choices.randrange(PEOPLE))
    role = fields.pop("role", "student")
    usage = f"block-v1:UniX+CS-101+2026_T1+type@lti_consumer+block@{link:032x}"
    secret = fields.pop("secret", CONSUMERS.get(key, "a secret of nobody, at all"))
    return Block(
        f"{ORIGIN}/lti/{tool}",
        key,
        secret,
        usage=UsageKey.from_string(usage),
        person=Person(anonymous_id=f"{number:032x}", role=role),
        **fields,
    )


def sign(launched: Block) -> Form:
    """The form of a launch, signed now."""
    with _SIGNING:
        return launched.launch()


def path_of(form: Form) -> str:
    return urlsplit(form.url).path

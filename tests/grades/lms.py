"""An Open edX that receives grades, with edX's own code for LTI blocks, outcomes and results.

The tests add only the learners, the gradebook and HTTP.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from types import SimpleNamespace

from edx import Block, LmsRuntime
from server import Server
from webob import Request

# edX's response contains the reason of a refusal, so its log is not needed.
logging.getLogger("lti_consumer").setLevel(logging.CRITICAL)

# The paths of edX's grade services.
HANDLER = re.compile(r"/courses/[^/]+/xblock/([^/]+)/handler_noauth/(\w+)(?:/(.*))?")

# The path of a platform with edX's code and other URLs.
OTHER_HANDLER = re.compile(r"/outcomes/([^/]+)")

# The digits of a score, in Basic Outcomes, in a result, and in a score of AGS.
DIGITS = re.compile(rb"<textString>(.*?)</textString>|\"(?:resultScore|scoreGiven)\"\s*:\s*([^,}\s]+)")

# The learner of a request.
SOURCEDID = re.compile(rb"(\w+)</sourcedId>")
RESULT = re.compile(r"/user/(\w+)$")

Response = tuple[int, dict[str, str], bytes]


@dataclass
class Entry:
    """The gradebook entry of one learner in one block."""

    points: float | None = None
    comment: str = ""


@dataclass
class Arrival:
    """A received request."""

    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def digits(self) -> str:
        found = DIGITS.search(self.content)
        assert found, f"no score in {self.content!r}"
        return (found[1] or found[2]).decode()


class Lms:
    """Handles one request at a time, and records all requests."""

    def __init__(self, origin: str):
        self.origin = origin
        self.blocks: dict[str, Block] = {}
        self.people: set[str] = set()
        self.book: dict[tuple[str, str], Entry] = {}
        self.arrived: list[Arrival] = []
        # The requests that changed the gradebook, and their learners, in order.
        self.taken: list[tuple[str, Arrival]] = []
        self._turn = Lock()

    def add(self, block: Block) -> Block:
        """Adds a block and its learner."""
        self.blocks[str(block.usage)] = block
        self.people.add(block.person.anonymous_id)
        return block

    def entry(self, block: Block) -> Entry:
        return self.book.get((str(block.usage), block.person.anonymous_id), Entry())

    def learner_of(self, path: str, content: bytes) -> str:
        """The learner of a request: the last part of a sourcedid or of a result's URL."""
        found = SOURCEDID.search(content) or RESULT.search(path)
        return found[1].decode() if isinstance(found[1], bytes) else found[1]

    def respond(self, method: str, path: str, headers: Mapping[str, str], content: bytes) -> Response:
        with self._turn:
            self.arrived.append(Arrival(method, path, headers, content))
            request = Request.blank(path, method=method, headers=dict(headers), body=content)
            usage, handler, suffix = self._route(request.path_info)
            runtime = Receiving(self, self.blocks[usage])
            block = self.blocks[usage].seen_by(runtime)
            response = getattr(block, handler)(request, suffix)
            if runtime.graded:
                self.book[usage, runtime.graded] = Entry(block.module_score, block.score_comment)
                self.taken.append((runtime.graded, self.arrived[-1]))
            return response.status_code, {"Content-Type": response.content_type or "text/html"}, response.body

    def _route(self, path: str) -> tuple[str, str, str]:
        """Block, handler, and the rest of the path."""
        if found := OTHER_HANDLER.fullmatch(path):
            return found[1], "outcome_service_handler", ""
        found = HANDLER.fullmatch(path)
        assert found, f"the platform has no URL {path}"
        return found[1], found[2], found[3] or ""


class Receiving(LmsRuntime):
    """The runtime of edx-platform for a call of a tool: finds learners, writes the gradebook."""

    def __init__(self, lms: Lms, block: Block):
        super().__init__(block.lms, services={"user": self, "rebind_user": self})
        self._people = lms.people
        self._book = lms.book
        self._usage = str(block.usage)
        self.graded: str | None = None

    def get_user_by_anonymous_id(self, anonymous_id: str) -> SimpleNamespace | None:
        return SimpleNamespace(id=anonymous_id) if anonymous_id in self._people else None

    def rebind_noauth_module_to_user(self, block, user) -> None:
        entry = self._book.get((self._usage, user.id), Entry())
        block.module_score, block.score_comment = entry.points, entry.comment

    def publish(self, block, event_type, event_data):
        assert event_type == "grade", event_type
        self.graded = event_data["user_id"]


class Front(Server):
    """The HTTP server of an LMS."""

    def __init__(self):
        super().__init__()
        self.lms = Lms(self.origin)

    def respond(self, method: str, path: str, headers: Mapping[str, str], content: bytes) -> Response:
        return self.lms.respond(method, path, headers, content)

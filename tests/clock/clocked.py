"""The gateway under a clock that the tests set, and a platform that can be out of order."""

import re
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPMessage
from pathlib import Path
from typing import Self
from unittest.mock import patch
from urllib.parse import urlsplit

from browser import Form
from edx import Block, Person
from gateway import Seat
from lms import Front
from opaque_keys.edx.keys import UsageKey
from running import Running, Visit
from server import App
from wall_clock import WallClock, clean_up

# Nothing listens at the public URL: the tests connect to the port.
ORIGIN = "http://localhost:5000"

SECRET = "the secret of the gateway under another clock"
KEY, CONSUMER_SECRET = "course-a", "open sesame & so on, and on"

TOOLS = """
[gateway]
secret = {{ env = "GATEWAY_SECRET" }}
state = "./state"
outcome_hosts = ["127.0.0.1"]

[tools.hello]
template = "hello"
consumers = [{consumer}]

[tools.notebook]
upstream = "{app}"
consumers = [{consumer}]

[tools.exercise]
upstream = "{app}"
grades = true
timeout = "1s"
consumers = [{consumer}]
"""
CONSUMER = f'{{ key = "{KEY}", secret = {{ env = "CONSUMER_SECRET" }} }}'
TEMPLATE = "<p>Hello, {{ launch.user.id }}</p>"

# In production, the gateway listens on every address by default.
ROCKET = '[default]\naddress = "127.0.0.1"\n'

# How long the tests wait for an event, in seconds. Longer than any backoff of a few attempts.
PATIENCE = 60

REFERENCE = re.compile(r"reference <code>(\w+)</code>")


@dataclass
class Response:
    status: int
    page: str
    headers: HTTPMessage


class UnsteadyFront(Front):
    """An LMS that responds with 503 while it is out of order."""

    def __init__(self):
        super().__init__()
        self.is_healthy = True
        self.unavailable = 0

    def respond(self, method: str, path: str, headers, content: bytes):
        if self.is_healthy:
            return super().respond(method, path, headers, content)
        self.unavailable += 1
        return 503, {}, b"out of order"


class Gateway(Running):
    """The program, in production mode if it is a release build."""

    def __init__(self, binary: Path, clock: WallClock, app: App):
        self._home = tempfile.TemporaryDirectory(prefix="lti-gateway-clock-")
        home = Path(self._home.name)
        file = home / "tools.toml"
        file.write_text(TOOLS.format(app=app.origin, consumer=CONSUMER))
        (home / "templates").mkdir()
        (home / "templates" / "hello.html.tera").write_text(TEMPLATE)
        (home / "Rocket.toml").write_text(ROCKET)
        variables = {
            "GATEWAY_SECRET": SECRET,
            "CONSUMER_SECRET": CONSUMER_SECRET,
            "LTI_GATEWAY_PUBLIC_URL": ORIGIN,
        }
        super().__init__(binary, file, {**variables, **clock.variables()})
        self.forbid(SECRET, CONSUMER_SECRET)

    def __exit__(self, *_) -> None:
        super().__exit__()
        self._home.cleanup()

    def kill(self) -> None:
        super().kill()
        clean_up(self._process.pid)

    def restart(self) -> None:
        """Stops the program with SIGTERM, and starts it with the same state directory."""
        self.end()
        self.start()
        self.wait_until_up()

    def crash(self) -> None:
        """Kills the program, and starts it with the same state directory."""
        self.kill()
        self.start()
        self.wait_until_up()

    def end(self) -> None:
        code = self.stop()
        assert code == 0, f"exit code {code} after SIGTERM:\n{self.log()}"

    def post(self, form: Form) -> Response:
        """Sends a launch from a browser without cookies."""
        self.forbid(*form.signatures(), *form.personal_values())
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        status, headers, page = self.ask("POST", urlsplit(form.url).path, headers, form.body())
        return Response(status, page.decode(), headers)

    def accepts(self, form: Form) -> None:
        """Asserts that it accepts this launch of the template."""
        response = self.post(form)
        assert response.status == 200, f"{response.status}, expected 200; {self.log()}"
        assert f"Hello, {form.value('user_id')}" in response.page, response.page

    def rejects(self, form: Form, status: int, code: str) -> None:
        """Asserts that it rejects this launch with this code, and opens nothing."""
        response = self.post(form)
        assert response.status == status, f"{response.status}, expected {status} for {code}"
        line = self._line(response)
        assert f' code="{code}" ' in line, f"expected {code}: {line}"
        assert response.headers.get_all("Set-Cookie") is None, "a rejected launch set a cookie"

    def _line(self, response: Response) -> str:
        """The line of the log about a response. The log has a thread of its own."""
        reference = REFERENCE.search(response.page)
        assert reference, f"{response.status} without a reference: {response.page[-300:]}"
        marker = f'reference="{reference[1]}"'

        def line() -> str | None:
            return next((line for line in self.log().splitlines() if marker in line), None)

        return wait_for("the line of the log", line)


class Scene:
    """A clock, an app, a platform, and a gateway with a new state directory."""

    def __init__(self, binary: Path):
        self._binary = binary
        self._numbers = 0

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.clock = stack.enter_context(WallClock())
            self.app = stack.enter_context(App())
            self.platform = stack.enter_context(UnsteadyFront())
            self._stack = stack.pop_all()
        return self

    def start(self) -> Gateway:
        """Starts the gateway. The clock may be set before."""
        gateway = Gateway(self._binary, self.clock, self.app)
        self.gateway = self._stack.enter_context(gateway)
        return gateway

    def __exit__(self, kind, *_) -> None:
        try:
            if kind is None:
                found = self.gateway.leaks()
                assert not found, f"the output contains {found}"
                assert "panic" not in self.gateway.log(), self.gateway.log()
        finally:
            self._stack.close()

    def form(self, tool: str, at: int) -> Form:
        """A launch of a new learner, signed at this time."""
        return signed(self.block(tool), at)

    def block(self, tool: str, **fields) -> Block:
        self._numbers += 1
        number = f"{self._numbers:032x}"
        usage = f"block-v1:UniX+CS-101+2026_T1+type@lti_consumer+block@{number}"
        return Block(
            f"{ORIGIN}/lti/{tool}",
            KEY,
            CONSUMER_SECRET,
            usage=UsageKey.from_string(usage),
            person=Person(anonymous_id=number),
            lms=self.platform.origin,
            **fields,
        )

    def visit(self, form: Form) -> Visit:
        """Opens the app with a launch."""
        self.gateway.forbid(*form.signatures(), *form.personal_values())
        visit = self.gateway.open(urlsplit(form.url).path, form.body())
        assert visit.page == "the app", visit.page
        return visit

    def opens(self, visit: Visit) -> None:
        """Asserts that the session opens the app."""
        arrived = len(self.app.arrived)
        status, _, page = self.gateway.ask("GET", visit.path, visit.headers)
        assert (status, page) == (200, b"the app"), f"{status}, expected 200; {page}"
        assert len(self.app.arrived) == arrived + 1, "the app received no request"

    def refuses(self, visit: Visit) -> None:
        """Asserts that the session is over, and that the app receives nothing."""
        arrived = len(self.app.arrived)
        headers = {**visit.headers, "Accept": "application/json"}
        status, _, content = self.gateway.ask("GET", visit.path, headers)
        found = re.search(rb'"error":\s*"([^"]*)"', content)
        got = (status, found and found[1])
        assert got == (401, b"no-session"), f"{got}, expected a 401 for no-session; {content}"
        assert len(self.app.arrived) == arrived, "the app received a request"


@dataclass
class Queued:
    """A grade that the gateway has queued, because the platform was out of order."""

    scene: Scene
    block: Block
    seat: Seat
    id: str
    score: float

    @classmethod
    def send(cls, scene: Scene) -> "Queued":
        score = 0.8125
        block = scene.platform.lms.add(scene.block("exercise", has_score=True))
        form = signed(block, scene.clock.now())
        scene.visit(form)
        token = scene.app.arrived[-1][1]["X-LTI-Grade-Token"]
        assert token, "the launch brought no grade token"
        scene.gateway.forbid(token, form.value("lis_result_sourcedid"))
        seat = Seat(scene.gateway, token, "")
        scene.platform.is_healthy = False
        reply = seat.send(str(score))
        reply.assert_is(202, status="kept")
        return cls(scene, block, seat, reply.said["id"], score)

    def status(self) -> str:
        reply = self.seat.ask("GET", f"/grades/{self.id}")
        assert reply.status == 200, f"{reply.status} {reply.said}"
        return reply.said["status"]

    def fails_again(self) -> None:
        """Waits until the gateway has sent the grade again in vain. Asserts that it keeps it."""
        # The second attempt begins only after the result of the first one is stored.
        wanted = self.scene.platform.unavailable + 2

        def is_over() -> bool:
            return self.scene.platform.unavailable >= wanted or self.status() != "kept"

        wait_for("another attempt", is_over)
        assert self.status() == "kept", f"the grade is {self.status()}"
        assert self.scene.platform.lms.taken == [], "the platform took a grade"

    def arrives(self) -> None:
        """Asserts that the grade arrives, once, after the platform is healthy again."""
        self.scene.platform.is_healthy = True
        wait_for("the delivery", lambda: self.status() == "delivered")
        entry = self.scene.platform.lms.entry(self.block)
        assert entry.points == self.score, f"{entry.points}, expected {self.score}"
        taken = len(self.scene.platform.lms.taken)
        assert taken == 1, f"the platform took {taken} grades"


def signed(block: Block, at: int) -> Form:
    """The form of a platform whose clock shows this time."""
    with patch("oauthlib.oauth1.rfc5849.generate_timestamp", lambda: str(at)):
        form = block.launch()
    assert form.value("oauth_timestamp") == str(at)
    return form


def wait_for(what: str, found: Callable):
    """Polls until there is a result."""
    deadline = time.monotonic() + PATIENCE
    while not (result := found()):
        assert time.monotonic() < deadline, f"{what} did not happen within {PATIENCE} s"
        time.sleep(0.02)
    return result

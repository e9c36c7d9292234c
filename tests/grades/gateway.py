"""A running gateway with tools that send grades, and the calls of their app."""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from edx import Block
from running import Running
from server import App

SECRET = "the secret of the gateway of these tests"

# Keys and secrets of two courses.
CONSUMERS = {"course-a": "open sesame & so on", "course-b": "another secret of 100%"}

TOOLS = """
[gateway]
secret = "{secret}"
outcome_hosts = ["127.0.0.1"]
{gateway}

[tools.exercise]
upstream = "{app}"
grades = true
timeout = "{timeout}"
consumers = [{consumers}]

[tools.notebook]
upstream = "{app}"
consumers = [{consumers}]
"""


@dataclass
class Reply:
    """The response to a call of the app."""

    status: int
    location: str | None
    said: dict

    def assert_is(self, status: int, /, **said) -> None:
        """Asserts this status and at least these members. Decimals are strings."""
        got = {name: self.said.get(name) for name in said}
        assert (self.status, got) == (status, said), f"{self.status} {self.said}, expected {status} {said}"

    def assert_refused(self, platform_status: int, message: str) -> None:
        """Asserts that the platform refused with this status and message."""
        platform = {"status": platform_status, "description": message}
        self.assert_is(502, error="platform-refused", platform=platform)
        assert self.said["reference"], self.said


class Gateway(Running):
    """A gateway. `settings` are more lines of `[gateway]`; the app is the upstream of both tools."""

    def __init__(self, binary: Path, app: App, settings: str = "", timeout: str = "20s"):
        self._app = app
        self._home = tempfile.TemporaryDirectory()
        file = Path(self._home.name, "tools.toml")
        consumers = ", ".join(f'{{ key = "{key}", secret = "{secret}" }}' for key, secret in CONSUMERS.items())
        file.write_text(
            TOOLS.format(
                secret=SECRET, gateway=settings, app=app.origin, timeout=timeout, consumers=consumers
            )
        )
        self._listing = [binary, "grades", "--tools", file]
        super().__init__(binary, file, {})
        self.forbid(SECRET, *CONSUMERS.values())

    def __exit__(self, *_) -> None:
        super().__exit__()
        self._home.cleanup()

    def grades(self) -> str:
        """The output of `lti-gateway grades`."""
        ended = subprocess.run(self._listing, env={}, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def launch_url(self, tool: str = "exercise") -> str:
        return f"{self.origin}/lti/{tool}"

    def launch(self, block: Block) -> "Seat":
        """Launches a block and follows the redirects to the app."""
        form = block.launch()
        self.forbid(*form.signatures(), *form.personal_values())
        self.forbid(form.value("user_id"), form.value("lis_result_sourcedid"))
        self.open(urlsplit(form.url).path, form.body())
        _, headers = self._app.arrived[-1]
        token = headers["X-LTI-Grade-Token"]
        self.forbid(token or "", headers["X-LTI-Assertion"])
        return Seat(self, token, headers["X-LTI-Assertion"])


@dataclass
class Seat:
    """The credentials of the app for one learner and one block."""

    gateway: Gateway
    token: str | None
    assertion: str

    def send(self, score: str | float, **more) -> Reply:
        """Sends a score, as a string or as a number."""
        self.gateway.forbid(more.get("comment", ""))
        return self.ask("POST", content=json.dumps({"score": score, **more}))

    def read(self) -> Reply:
        return self.ask("GET")

    def clear(self) -> Reply:
        return self.ask("DELETE")

    def ask(self, method: str, path: str = "/grades", content: str | None = None) -> Reply:
        headers = {"Authorization": f"Bearer {self.token}"}
        if content is not None:
            headers["Content-Type"] = "application/json"
        status, headers, content = self.gateway.ask(method, path, headers, content)
        return Reply(status, headers["Location"], json.loads(content, parse_float=str))

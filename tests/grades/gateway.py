"""A running gateway with tools that send grades, and the calls of their app."""

import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from edx import Block
from running import Running
from seat import Seat
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


class Gateway(Running):
    """A gateway. `settings` are more lines of `[gateway]`; the app is the upstream of both tools."""

    def __init__(
        self,
        binary: Path,
        app: App,
        settings: str = "",
        timeout: str = "20s",
        tools: str = TOOLS,
    ):
        self.app = app
        self._home = tempfile.TemporaryDirectory()
        file = Path(self._home.name, "tools.toml")
        consumers = ", ".join(f'{{ key = "{key}", secret = "{secret}" }}' for key, secret in CONSUMERS.items())
        file.write_text(
            tools.format(
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

    def launch(self, block: Block) -> Seat:
        """Launches a block and follows the redirects to the app."""
        form = block.launch()
        self.forbid(*form.signatures(), *form.personal_values())
        self.forbid(form.value("user_id"), form.value("lis_result_sourcedid"))
        self.open(urlsplit(form.url).path, form.body())
        _, headers = self.app.arrived[-1]
        token = headers["X-LTI-Grade-Token"]
        self.forbid(token or "", headers["X-LTI-Assertion"])
        return Seat(self, token, headers["X-LTI-Assertion"])

"""A running gateway with its own tools file."""

import re
import time
import tomllib
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from browser import Browser, Form, Response
from page import Page
from running import TIMEOUT, Running

# The log has so many lines of rejected launches a second, for each tool and code.
MOST_A_SECOND = 20

TOOLS = Path(__file__).parent / "tools" / "tools.toml"


@dataclass
class Launched:
    """The result of a launch: the response to the browser, and the line in the log."""

    response: Response
    line: str

    @property
    def page(self) -> Page:
        assert self.response.status == 200, f"{self.response.status}, expected 200; {self.line}"
        return Page.parse(self.response.body)

    def assert_rejected(self, status: int, code: str) -> None:
        assert self.response.status == status, (
            f"{self.response.status}, expected {status}; {self.line}"
        )
        assert self.log_value("code") == code, f"code {self.log_value('code')}, expected {code}"
        assert self.log_value("reference") in self.response.body, (
            "page and log differ in the reference"
        )
        assert self.response.cookie is None, "a rejected launch set a cookie"

    def log_value(self, field: str) -> str | None:
        """The value of a field in the log line."""
        found = re.search(rf'\b{field}="((?:[^"\\]|\\.)*)"', self.line)
        return found and found[1]


class Gateway(Running):
    """The program. Its log must not contain secrets, signatures or personal data."""

    def __init__(self, binary: Path, *, tools: Path = TOOLS, **settings: str):
        super().__init__(binary, tools, settings)
        self.binary = binary
        self._read = 0
        self._launches: deque[float] = deque(maxlen=MOST_A_SECOND)
        self.forbid(*all_secrets())

    def wait_until_up(self) -> None:
        super().wait_until_up()
        self._new_lines()

    def launch(self, form: Form, cookie: str | None = None, host: str | None = None) -> Launched:
        """Sends a launch. `host` overrides the host of its URL."""
        self.forbid(*form.signatures())
        for value in form.personal_values():
            self.forbid(value, *value.split())
        self._wait_for_a_line()
        response = Browser(self.port).post(form, cookie, host)
        if response.cookie:
            self.forbid(response.cookie.partition("=")[2])
        lines = self._launch_lines()
        assert len(lines) == 1, f"{len(lines)} log lines for one launch at {form.url}: {lines}"
        return Launched(response, lines[0])

    def _wait_for_a_line(self) -> None:
        """Waits until the log has a line for one more rejected launch."""
        if len(self._launches) == MOST_A_SECOND:
            time.sleep(max(0, self._launches[0] + 2 - time.monotonic()))
        self._launches.append(time.monotonic())

    def _launch_lines(self) -> list[str]:
        """The lines of the last launch. The gateway writes them soon after its response."""
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            lines = [line for line in self._new_lines() if " launch: " in line]
            if lines:
                return lines
            time.sleep(0.01)
        return []

    def _new_lines(self) -> list[str]:
        lines = self.log().splitlines()
        new, self._read = lines[self._read :], len(lines)
        return new


def secret_of(tool: str, key: str) -> str:
    """The secret of a consumer, the newest if there are several."""
    for consumer in consumers(tool):
        if consumer["key"] == key:
            secret = consumer["secret"]
            return secret if isinstance(secret, str) else secret[0]
    raise KeyError(key)


def consumers(tool: str) -> list[dict]:
    table = tomllib.loads(TOOLS.read_text())["tools"][tool]
    return table.get("consumers") or [table]


def all_secrets() -> list[str]:
    file = tomllib.loads(TOOLS.read_text())
    secrets = [file["gateway"]["secret"]]
    for tool in file["tools"]:
        for consumer in consumers(tool):
            secret = consumer["secret"]
            secrets += [secret] if isinstance(secret, str) else secret
    return secrets

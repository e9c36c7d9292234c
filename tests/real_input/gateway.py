"""A running gateway, with a tools file of its own."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from browser import Answer, Browser, Form
from page import Page
from running import Running

TOOLS = Path(__file__).parent / "tools" / "tools.toml"


@dataclass
class Launched:
    """What a launch came to: the answer that the browser got, and the line that the admin reads."""

    answer: Answer
    line: str

    @property
    def page(self) -> Page:
        assert self.answer.status == 200, f"{self.answer.status}, expected 200; {self.line}"
        return Page.parse(self.answer.body)

    def assert_refused(self, status: int, code: str) -> None:
        assert self.answer.status == status, f"{self.answer.status}, expected {status}; {self.line}"
        assert self.said("code") == code, f"code {self.said('code')}, expected {code}"
        assert self.said("reference") in self.answer.body, "the page shows another reference than the log"
        assert self.answer.cookie is None, "a refused launch set a cookie"

    def said(self, field: str) -> str | None:
        """A field of the line."""
        found = re.search(rf'\b{field}="((?:[^"\\]|\\.)*)"', self.line)
        return found and found[1]


class Gateway(Running):
    """The program, with what it must never say of any launch."""

    def __init__(self, binary: Path, **settings: str):
        super().__init__(binary, TOOLS, settings)
        self.binary = binary
        self._read = 0
        self.confide(*all_secrets())

    def wait_until_up(self) -> None:
        super().wait_until_up()
        self._new_lines()

    def launch(self, form: Form, cookie: str | None = None, host: str | None = None) -> Launched:
        """Sends a launch, with the host of its URL unless another is given."""
        self.confide(*form.signatures())
        for value in form.personal_values():
            self.confide(value, *value.split())
        answer = Browser(self.port).post(form, cookie, host)
        if answer.cookie:
            self.confide(answer.cookie.partition("=")[2])
        lines = [line for line in self._new_lines() if " launch: " in line]
        assert len(lines) == 1, f"{len(lines)} lines in the log for one launch at {form.url}: {lines}"
        return Launched(answer, lines[0])

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

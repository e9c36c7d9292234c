"""A gateway whose tools are launched with LTI 1.3, by platforms whose keysets are on loopback."""

import shutil
import tempfile
from pathlib import Path
from typing import Self

from browser import Response
from edx13 import EdxSite
from gateway import TOOLS, Gateway, Launched
from keyset_server import KeysetServer
from platform13 import LibraryPlatform
from recorder import Recorder
from visitor import Reply, Visitor

# Its derived keys are known: they are the vectors of the specification.
SECRET = "0123456789abcdef0123456789abcdef"
# The key that the gateway has had before, or will have.
OTHER_SECRET = "fedcba9876543210fedcba9876543210"

TOOLS_13 = TOOLS.parent / "tools13.toml"


class PlatformGateway(Gateway):
    """The program, the platforms that launch its tools, and an upstream."""

    def __init__(self, binary: Path, secrets: list[str], **settings: str):
        self._directory13 = tempfile.TemporaryDirectory()
        self.keysets = KeysetServer()
        self.upstream = Recorder()
        self.edx = EdxSite(self.keysets)
        self.library = LibraryPlatform(self.keysets)
        directory = Path(self._directory13.name)
        shutil.copytree(TOOLS.parent / "templates", directory / "templates")
        text = TOOLS_13.read_text()
        values = {
            "SECRETS": "[" + ", ".join(f'"{secret}"' for secret in secrets) + "]",
            "UPSTREAM": self.upstream.origin,
            "KEYSETS": self.keysets.origin,
        }
        for name, value in values.items():
            text = text.replace(f"@{name}@", value)
        self.tools = directory / "tools.toml"
        self.tools.write_text(text)
        super().__init__(binary, tools=self.tools, **settings)
        self.forbid(*secrets)

    def __enter__(self) -> Self:
        self.keysets.__enter__()
        self.upstream.__enter__()
        return super().__enter__()

    def __exit__(self, *_) -> None:
        super().__exit__()
        self.upstream.__exit__()
        self.keysets.__exit__()
        self._directory13.cleanup()

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the program, for its other commands."""
        return self._settings

    def visitor(self) -> Visitor:
        return Visitor(self.port)

    def answer(self, visitor: Visitor, url: str, fields: dict[str, str]) -> tuple[Reply, str]:
        """Posts the platform's answer. Returns the response, and the line in the log."""
        self.forbid(fields["id_token"], fields["state"], *visitor.cookies.values())
        self._wait_for_a_line()
        reply = visitor.post(url, fields)
        self.forbid(*reply.cookies().values())
        lines = self._launch_lines()
        assert len(lines) == 1, f"{len(lines)} log lines for one launch at {url}: {lines}"
        return reply, lines[0]

    def answered(self, visitor: Visitor, url: str, fields: dict[str, str]) -> Launched:
        """As `answer`, for a page."""
        reply, line = self.answer(visitor, url, fields)
        cookie = reply.headers["Set-Cookie"]
        return Launched(Response(reply.status, reply.body, cookie), line)

"""The setup of all cases: a gateway with the tools of the docs, and one app behind them."""

import http.client
import re
import tempfile
import tomllib
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import program
from gateway import Gateway
from page import Page
from server import App, Keys

SECRET = "of the gateway of these tests, which is no secret"
SECRETS = {
    "GATEWAY_SECRET": SECRET,
    "NOTEBOOK_SECRET": "of the notebook",
    "LAB_SECRET": "of the lab",
}

GATEWAY = """
[gateway]
secret = { env = "GATEWAY_SECRET" }
"""

# In addition to the docs' tools: one that receives everything, one without personal data, and one
# whose staff grades all learners and picks links in the app.
MORE_TOOLS = """
[tools.everything]
key = "a:100%"
secret = { env = "NOTEBOOK_SECRET" }
upstream = "http://127.0.0.1:9000"
identity = ["name", "email"]
params = { level = 3 }
grades = true

[tools.nameless]
key = "a:100%"
secret = { env = "NOTEBOOK_SECRET" }
upstream = "http://127.0.0.1:9000"
identity = []
grades = true

[tools.course]
key = "a:100%"
secret = { env = "NOTEBOOK_SECRET" }
upstream = "http://127.0.0.1:9000"
grades = "course"
picker = "/choose"
"""


@dataclass
class Arrival:
    """A request as the app received it."""

    path: str
    headers: http.client.HTTPMessage

    @property
    def assertion(self) -> str:
        return self.headers["X-LTI-Assertion"]


class Stage:
    def __init__(self, binary: Path):
        self.binary = binary
        self.page = Page("docs/upstreams.md")

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.app = stack.enter_context(App())
            self.keys = stack.enter_context(Keys())
            tools = self.tools(self.app.origin)
            self.gateway = stack.enter_context(
                Gateway(self.binary, tools, self.keys.origin, SECRETS)
            )
            self.keys.gateway_port = self.gateway.port
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            self.programs = {
                "Python": program.python(self.page, directory),
                "Node": program.node(self.page, directory),
                "Rust": program.rust(self.page, self.binary.parent.parent / "examples"),
            }
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()

    def tools(self, app: str) -> str:
        """A tools file with every table of the docs, and this app as every tool's upstream."""
        text = "\n".join([GATEWAY, *self.page.blocks("toml"), MORE_TOOLS])
        return re.sub(r"http://127\.0\.0\.1:\d+", app, text)

    def launch(self, tool: str = "notebook", after: str = "", **fields: str) -> Arrival:
        """Launches a tool. Returns the request at the app. `after` follows the launch path."""
        table = tomllib.loads(self.tools(self.app.origin))["tools"][tool]
        self.gateway.launch(
            f"/lti/{tool}{after}", table["key"], SECRETS[table["secret"]["env"]], fields
        )
        return Arrival(*self.app.arrived[-1])

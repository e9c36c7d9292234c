"""The setup of all cases: an app, and the fronts. Each front has a gateway of its own."""

import tomllib
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from app import App
from front import Caddy, Front, Nginx

ROOT = Path(__file__).resolve().parents[2]


def rocket() -> dict:
    """The gateway's settings of Rocket.toml."""
    return tomllib.loads((ROOT / "Rocket.toml").read_text())["default"]


def stop_seconds() -> int:
    """The longest duration of the gateway's stop."""
    return rocket()["shutdown"]["grace"] + rocket()["shutdown"]["mercy"]


class Stage:
    def __init__(self, binary: Path):
        self.binary = binary

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.app = stack.enter_context(App())
            self.fronts: dict[str, Front] = {
                name: stack.enter_context(front(self.binary, self.app.origin))
                for name, front in {"nginx": Nginx, "Caddy": Caddy}.items()
            }
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()

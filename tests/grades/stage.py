"""The stage of the cases: an edX that receives grades, an app that only listens, and a gateway."""

import itertools
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from edx import Block, Person
from gateway import CONSUMERS, Gateway
from lms import Front, Lms
from opaque_keys.edx.keys import UsageKey
from seat import Seat
from server import App


class Stage:
    def __init__(self, binary: Path):
        self.binary = binary
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.app = stack.enter_context(App())
            self.lms: Lms = stack.enter_context(Front()).lms
            # The URL of an edX behind a proxy that terminates TLS.
            settings = f'outcome_url_rewrite = {{ "http://courses.example" = "{self.lms.origin}" }}'
            self.gateway = stack.enter_context(Gateway(self.binary, self.app, settings))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()

    def person(self, **fields) -> Person:
        """A new learner."""
        return Person(anonymous_id=f"{next(self._numbers):032x}", **fields)

    def block(self, key: str = "course-a", tool: str = "exercise", **fields) -> Block:
        """A graded block of a course, for a new learner by default."""
        course = {"course-a": "UniX+CS-101+2026_T1", "course-b": "UniX+CS-102+2026_T1"}[key]
        usage = f"block-v1:{course}+type@lti_consumer+block@{next(self._numbers):032x}"
        fields = {"usage": UsageKey.from_string(usage), "person": self.person(), **fields}
        block = Block(self.gateway.launch_url(tool), key, CONSUMERS[key], has_score=True, **fields)
        block.lms = fields.get("lms", self.lms.origin)
        return self.lms.add(block)

    def seat(self, block: Block) -> Seat:
        """Launches this block. Returns the token and the assertion of the app."""
        return self.gateway.launch(block)

"""The calls of an app for one learner and one resource link."""

import json
from dataclasses import dataclass

from running import Running

# The number of characters of a score that is not in a log by chance.
SHORTEST_SCORE = 7


@dataclass
class Reply:
    """The response to a call of the app."""

    status: int
    location: str | None
    said: dict

    def assert_is(self, status: int, /, **said) -> None:
        """Asserts this status and at least these members. Decimals are strings."""
        got = {name: self.said.get(name) for name in said}
        assert (self.status, got) == (status, said), (
            f"{self.status} {self.said}, expected {status} {said}"
        )

    def assert_refused(self, platform_status: int, message: str) -> None:
        """Asserts that the platform refused with this status and message."""
        platform = {"status": platform_status, "description": message}
        self.assert_is(502, error="platform-refused", platform=platform)
        assert self.said["reference"], self.said


@dataclass
class Seat:
    """The credentials of the app for one learner and one block."""

    gateway: Running
    token: str | None
    assertion: str

    def send(self, score: str | float, **more) -> Reply:
        """Sends a score, as a string or as a number."""
        self.gateway.forbid(more.get("comment", ""))
        # A shorter one can be in any log by chance.
        if len(str(score)) >= SHORTEST_SCORE:
            self.gateway.forbid(str(score))
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
        is_json = headers.get("Content-Type", "").startswith("application/json")
        said = json.loads(content, parse_float=str) if is_json else {"text": content.decode()}
        return Reply(status, headers["Location"], said)

"""A learner who receives a sequence of grades, and the checks that none is lost."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPException

from lms import Arrival
from seat import Reply, Seat


@dataclass
class Learner:
    """A learner with a sequence of grades."""

    number: int
    person: str
    seat: Seat
    seed: int
    # The sent grades, in order: digits and comment.
    sent: list[tuple[str, str]] = field(default_factory=list)
    # The indexes of grades with a response, and the ids of queued ones.
    answered: list[int] = field(default_factory=list)
    queued: dict[int, str] = field(default_factory=dict)
    # The indexes of grades that the platform refused at once.
    refused: list[int] = field(default_factory=list)
    # Unexpected responses.
    unexpected: list[str] = field(default_factory=list)

    def send(self, choices: random.Random, comments: float = 0.25) -> Reply | None:
        """Sends the next grade. `comments` is the probability of a comment."""
        at = len(self.sent)
        # The digits of each grade identify the learner and the grade.
        digits = f"0.{choices.randrange(100):02}{self.number:03}{at:03}"
        comment = f"grade {at} of learner {self.number}" if choices.random() < comments else ""
        self.sent.append((digits, comment))
        try:
            reply = self.seat.send(digits, **({"comment": comment} if comment else {}))
        except (OSError, HTTPException):
            return None  # The gateway was killed: the result of this grade is unknown.
        if reply.status in (200, 202):
            self.answered.append(at)
        elif reply.said.get("error") in ("platform-refused", "scope-refused"):
            self.refused.append(at)
        else:
            self.unexpected.append(f"{reply.status} {reply.said}")
        if reply.status == 202:
            self.queued[at] = reply.said["id"]
        return reply

    def numbers(self, arrivals: Sequence[tuple[str, Arrival]]) -> list[int | None]:
        """The indexes of this learner's grades among these. None for a grade that was not sent."""
        known = {grade: at for at, grade in enumerate(self.sent)}
        return [known.get(grade_of(arrival)) for whose, arrival in arrivals if whose == self.person]

    def state(self, at: int) -> str | None:
        """What `GET /grades/<id>` says about this queued grade."""
        return self.seat.ask("GET", f"/grades/{self.queued[at]}").said.get("status")


def grade_of(arrival: Arrival) -> tuple[str, str]:
    """Digits and comment."""
    is_json = arrival.content.startswith(b"{")
    return arrival.digits, json.loads(arrival.content).get("comment", "") if is_json else ""

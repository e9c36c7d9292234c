"""Grades to a platform that fails at random, and the check that none is lost."""

import random
import time

from client import Client
from edx import Block
from faulty import Faults, FaultyFront
from launches import enter, launch_app
from learner import Learner
from gateway import Seat
from stage import Stage
from worker import Worker

LEARNERS = 40
GRADERS = 8

# The platform's responses with their weights. It sometimes accepts a grade and fails nevertheless.
FAULTS = Faults(
    {
        "accepted": 70,
        "accepted, connection reset": 3,
        "accepted, response cut off": 2,
        "accepted, no response": 2,
        "accepted, status 500": 2,
        "refused": 4,
        "connection reset": 4,
        "no response": 3,
        "status 500": 4,
        "status 503": 6,
    },
    open=(3, 15),
    closed=(0.2, 4),
)

# In seconds: from the end of all faults until no grade is queued. Includes the longest backoff.
DRAIN = 300


class Grading:
    """Learners with a sequence of grades."""

    def __init__(self, stage: Stage, seed: int):
        self._stage = stage
        self.learners = [self._learner(number, seed) for number in range(LEARNERS)]
        # Each thread sends the grades of its own learners, so that one learner's are in order.
        self._shares = [self.learners[number::GRADERS] for number in range(GRADERS)]

    def _learner(self, number: int, seed: int) -> Learner:
        lms = self._stage.front.lms
        client = self._stage.client()
        choices = random.Random(f"{seed} learner {number}")
        fields = {"key": "course-a", "number": number, "link": number % 3}
        graded = {"has_score": True, "lms": lms.origin}
        kind = "launch of a graded app"
        launched = launch_app(client, choices, kind, "exercise", **fields, **graded)
        block: Block = lms.add(launched.block)
        token = enter(client, launched).identity["token"]
        client.close()
        assert token, "the launch of a graded block brought no grade token"
        seat = Seat(self._stage.production, token, "")
        return Learner(number, block.person.anonymous_id, seat, seed)

    def workers(self) -> list[Worker]:
        return [
            Worker(f"grades {number}", self._sender(share), 1, (0.2, 1.0), needs_upstream=False)
            for number, share in enumerate(self._shares)
        ]

    def _sender(self, share: list[Learner]):
        def send(stage: Stage, client: Client, choices: random.Random) -> None:
            reply = choices.choice(share).send(choices, comments=0.1)
            if reply is None:
                raise ConnectionError("a grade received no response")
            result = reply.said.get("error") or reply.said.get("status")
            client.count("grade", f"{reply.status} {result}")

        return send

    def drain(self) -> None:
        """Waits until every queued grade has its end."""
        deadline = time.monotonic() + DRAIN
        for learner in self.learners:
            for at in learner.queued:
                while learner.state(at) == "kept" and time.monotonic() < deadline:
                    time.sleep(0.2)

    def check(self) -> "Delivery":
        """Compares the platform's gradebook with the responses of the gateway."""
        delivery = Delivery(self._stage.front)
        for learner in self.learners:
            for fault in delivery.faults(learner):
                self._stage.ledger.fail("grades", f"learner {learner.number}: {fault}")
        return delivery


class Delivery:
    """What became of all grades."""

    def __init__(self, front: FaultyFront):
        self._front = front
        self.accepted = 0
        self.queued = 0
        self.ends: dict[str, int] = {}

    def faults(self, learner: Learner) -> list[str]:
        """The violated guarantees for this learner."""
        states = {at: learner.state(at) for at in learner.queued}
        self._add(learner, states)
        front = self._front
        taken = learner.numbers(front.lms.taken)
        refused = learner.numbers(front.refused)
        said = [f"an unexpected response: {unexpected}" for unexpected in learner.unexpected]
        if None in learner.numbers(front.arrived):
            said.append("a grade arrived that was never sent")
        if taken != sorted(taken):
            said.append(f"an older grade overtook a newer one: {taken}")
        for at, state in states.items():
            if state not in ("delivered", "superseded", "refused"):
                said.append(f"grade {at} was queued, and is now {state}")
            if state == "refused" and at not in refused:
                said.append(f"grade {at} is refused, but the platform did not refuse it")
        newest, others = expected(learner, states)
        found = taken[-1] if taken else None
        if found != newest and found not in others:
            said.append(
                f"lost: the gradebook has grade {found}, expected {newest}; "
                f"with a 200 or 202: {learner.answered[-5:]}, queued: {states}, taken: {taken[-5:]}"
            )
        return said

    def _add(self, learner: Learner, states: dict[int, str | None]) -> None:
        self.accepted += len(learner.answered)
        self.queued += len(states)
        for state in states.values():
            self.ends[str(state)] = self.ends.get(str(state), 0) + 1


def expected(learner: Learner, states: dict[int, str | None]) -> tuple[int | None, set[int]]:
    """The grade that the gradebook must have, and later ones that it may have.

    The platform may have accepted a grade, broken the connection, and refused the same grade when
    the gateway sent it again. A grade that was queued has superseded the older ones, also if the
    platform refuses it later.
    """
    refused = {at for at, state in states.items() if state == "refused"} | set(learner.refused)
    last_refused = max((at for at in refused if at in states), default=-1)

    def may_be_missing(at: int) -> bool:
        return at in refused or (states.get(at) == "superseded" and at < last_refused)

    counted = [at for at in learner.answered if not may_be_missing(at)]
    newest = counted[-1] if counted else None
    later = {*learner.answered, *refused}
    return newest, {at for at in later if newest is None or at > newest}

"""Sends 500 grades while platform and gateway fail at random, and loses none.

    python tests/grades/faults.py target/debug/lti-gateway [SEED]

The platform resets, hangs, refuses and answers 500, also after it took a grade; the gateway is killed. In the end the
gradebook has everybody's newest grade that was answered 200 or 202, and an older one never overtook it. The same seed
makes the same choices. Takes less than a minute.
"""

import json
import random
import secrets
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from threading import Event

sys.dont_write_bytecode = True
# Our own modules come first, then those of the other tests that we play with.
TESTS = Path(__file__).resolve().parents[1]
sys.path += [str(TESTS), str(TESTS / "examples"), str(TESTS / "real_input")]

from edx import Block, Person  # noqa: E402
from faulty import FATES, FaultyFront  # noqa: E402
from gateway import CONSUMERS, Gateway, Seat  # noqa: E402
from lms import Arrival, Lms  # noqa: E402
from opaque_keys.edx.keys import UsageKey  # noqa: E402
from server import App  # noqa: E402

GRADES = 500
LEARNERS = 60
BLOCKS = 3

# In seconds: between two grades of a learner, and between two deaths of the gateway.
PAUSE = (0, 1.6)
LIFE = (0.8, 2.0)

# In seconds, until everything has arrived after the last fault. The longest wait for another try is among it.
PATIENCE = 40

# What `lti-gateway grades` says then.
NOTHING = "no grades are kept"


@dataclass
class Learner:
    """Somebody whose grades come one after the other."""

    number: int
    person: str
    seat: Seat
    seed: int
    # What was sent, in order: digits and comment.
    sent: list[tuple[str, str]] = field(default_factory=list)
    # Which of them were answered, and the ids of those that were kept.
    answered: list[int] = field(default_factory=list)
    kept: dict[int, str] = field(default_factory=dict)
    # Answers that are none of a gateway that keeps grades.
    refused: list[str] = field(default_factory=list)

    def work(self, is_up: Event) -> None:
        """Sends all grades, and more as long as the last one was not answered."""
        choices = random.Random(f"{self.seed} learner {self.number}")
        planned = GRADES // LEARNERS + (self.number < GRADES % LEARNERS)
        while len(self.sent) < planned or self.answered[-1:] != [len(self.sent) - 1]:
            assert len(self.sent) < 10 * planned, "the gateway answers nothing"
            time.sleep(choices.uniform(*PAUSE))
            is_up.wait()
            self.send(choices)

    def send(self, choices: random.Random) -> None:
        at = len(self.sent)
        # Each grade is another number, with digits that say whose it is and which.
        digits = f"0.{choices.randrange(100):02}{self.number:03}{at:03}"
        comment = f"grade {at} of learner {self.number}" if choices.random() < 0.25 else ""
        self.sent.append((digits, comment))
        try:
            reply = self.seat.send(digits, **({"comment": comment} if comment else {}))
        except (OSError, HTTPException):
            return  # The gateway was killed: nothing is known of this one.
        if reply.status in (200, 202):
            self.answered.append(at)
        else:
            self.refused.append(f"{reply.status} {reply.said}")
        if reply.status == 202:
            self.kept[at] = reply.said["id"]

    def numbers(self, arrivals: list[tuple[str, Arrival]]) -> list[int | None]:
        """Which of this learner's grades these are; None for one that was never sent."""
        known = {grade: at for at, grade in enumerate(self.sent)}
        return [known.get(grade_of(arrival)) for whose, arrival in arrivals if whose == self.person]


def grade_of(arrival: Arrival) -> tuple[str, str]:
    """Digits and comment."""
    return arrival.digits, json.loads(arrival.content)["comment"] if arrival.method == "PUT" else ""


def learners(gateway: Gateway, lms: Lms, seed: int) -> list[Learner]:
    """Everybody, launched."""
    found = []
    for number in range(LEARNERS):
        usage = f"block-v1:UniX+CS-101+2026_T1+type@lti_consumer+block@{number % BLOCKS:032x}"
        key = "course-a"
        block = Block(
            gateway.launch_url(),
            key,
            CONSUMERS[key],
            has_score=True,
            lms=lms.origin,
            usage=UsageKey.from_string(usage),
            person=Person(anonymous_id=f"{number:032x}"),
        )
        seat = gateway.launch(lms.add(block))
        found.append(Learner(number, block.person.anonymous_id, seat, seed))
    return found


def kill_now_and_then(gateway: Gateway, is_up: Event, is_over: Event, seed: int) -> int:
    """How often it was killed."""
    choices = random.Random(f"{seed} gateway")
    deaths = 0
    while not is_over.wait(choices.uniform(*LIFE)):
        is_up.clear()
        gateway.kill()
        gateway.start()
        gateway.wait_until_up()
        is_up.set()
        deaths += 1
    return deaths


def missing(everybody: list[Learner], lms: Lms) -> list[str]:
    """Whose newest grade that was answered is not the newest of the gradebook."""
    return [
        f"learner {learner.number}: answered {learner.answered}, in the gradebook {taken}"
        for learner in everybody
        if (taken := learner.numbers(lms.taken))[-1:] != learner.answered[-1:]
    ]


def faults(everybody: list[Learner], front: FaultyFront) -> list[str]:
    """What must never have happened."""
    said = missing(everybody, front.lms)
    for learner in everybody:
        taken = learner.numbers(front.lms.taken)
        if taken != sorted(taken):
            said.append(f"learner {learner.number}: an older grade overtook a newer one: {taken}")
        if None in learner.numbers(front.arrived):
            said.append(f"learner {learner.number}: a grade arrived that was never sent")
        for at, grade in learner.kept.items():
            reply = learner.seat.ask("GET", f"/grades/{grade}")
            expected = ("delivered",) if at == learner.answered[-1] else ("delivered", "superseded")
            if reply.said.get("status") not in expected:
                said.append(f"learner {learner.number}: grade {at} was kept, and is now {reply.said}")
        said += [f"learner {learner.number}: {refused}" for refused in learner.refused]
    return said


def main() -> int:
    if len(sys.argv) not in (2, 3):
        print("usage: faults.py BINARY [SEED]", file=sys.stderr)
        return 2
    binary = Path(sys.argv[1]).resolve()
    seed = int(sys.argv[2]) if len(sys.argv) == 3 else secrets.randbelow(1_000_000)
    print(f"seed {seed}", flush=True)
    began = time.monotonic()
    is_up, is_over = Event(), Event()
    is_up.set()
    with App() as app, FaultyFront(seed) as front:
        with Gateway(binary, app, 'state = "./state"', timeout="1s") as gateway:
            everybody = learners(gateway, front.lms, seed)
            with ThreadPoolExecutor(LEARNERS + 1) as pool:
                killer = pool.submit(kill_now_and_then, gateway, is_up, is_over, seed)
                work = [pool.submit(learner.work, is_up) for learner in everybody]
                failed = [str(one.exception()) for one in work if one.exception()]
                is_over.set()
                deaths = killer.result()
            # What is kept now must outlive one more death.
            gateway.kill()
            gateway.start()
            gateway.wait_until_up()
            front.mend()
            mended = time.monotonic()
            # Also what is in the gradebook is still kept where the answer got lost.
            while not gateway.grades().startswith(NOTHING) and time.monotonic() < mended + PATIENCE:
                time.sleep(0.2)
            failed += faults(everybody, front)
            listed = gateway.grades()
            failed += [] if listed.startswith(NOTHING) else [f"`lti-gateway grades` lists:\n{listed}"]
            failed += [f"the log has {said}" for said in gateway.leaks()]
    failed += [f"there was no {fate!r}: the run is too short" for fate in FATES if not front.fates[fate]]
    kept = sum(len(learner.kept) for learner in everybody)
    answered = sum(len(learner.answered) for learner in everybody)
    sent = sum(len(learner.sent) for learner in everybody)
    print(f"{sent} grades sent, {answered} answered, {kept} of them kept; the gateway was killed {deaths + 1} times")
    print(f"the platform: {dict(Counter(front.fates).most_common())}")
    print("\n".join(["", *failed]) if failed else "nothing was lost, and nothing overtook anything")
    print(f"{mended - began:.0f} s of faults, {time.monotonic() - mended:.0f} s until everything had arrived")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

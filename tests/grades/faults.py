"""Sends 500 grades while platform and gateway fail at random, and loses none.

    python tests/grades/faults.py target/debug/lti-gateway [SEED]

The platform resets connections, hangs, refuses and responds with 500, also after it has accepted
a grade. The test kills the gateway, and the disk of its log fills. At the end, the gradebook has
the newest grade of each learner that got a 200 or 202, and no older grade overtook a newer one. The
same seed makes the same choices. Takes less than a minute.
"""

import random
import secrets
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

sys.dont_write_bytecode = True
# Modules of this directory have precedence over modules of the other tests.
TESTS = Path(__file__).resolve().parents[1]
sys.path += [str(TESTS), str(TESTS / "examples"), str(TESTS / "real_input")]

from edx import Block, Person  # noqa: E402
from faulty import RESPONSES, FaultyFront, Platform  # noqa: E402
from gateway import CONSUMERS, Gateway  # noqa: E402
from learner import Learner  # noqa: E402
from lms import Lms  # noqa: E402
from log_disk import LogDisk  # noqa: E402
from opaque_keys.edx.keys import UsageKey  # noqa: E402
from server import App  # noqa: E402

GRADES = 500
LEARNERS = 60
BLOCKS = 3

# In seconds: between two grades of a learner, and between two crashes of the gateway.
PAUSE = (0, 1.6)
LIFE = (0.8, 2.0)

# In seconds, from the last fault until every grade has arrived. Includes the longest backoff.
TIMEOUT = 40

# The beginning of the output of `lti-gateway grades` for an empty queue.
NOTHING = "no queued grades"


class GatewayWithLogDisk(Gateway):
    """A gateway whose output goes to a disk that fills."""

    def __init__(self, binary: Path, app: App, disk: LogDisk):
        self._disk = disk
        super().__init__(binary, app, 'state = "./state"', timeout="1s")

    def start(self) -> None:
        self._log.close()
        self._log = self._disk.log()
        super().start()


def work(learner: Learner, is_up: Event, is_over: Event) -> None:
    """Sends all grades of a learner, and more until the last one gets a response."""
    choices = random.Random(f"{learner.seed} learner {learner.number}")
    planned = GRADES // LEARNERS + (learner.number < GRADES % LEARNERS)
    while len(learner.sent) < planned or learner.answered[-1:] != [len(learner.sent) - 1]:
        assert len(learner.sent) < 10 * planned, "the gateway does not respond"
        time.sleep(choices.uniform(*PAUSE))
        is_up.wait()
        if is_over.is_set():
            return
        learner.send(choices)


def learners(gateway: Gateway, lms: Lms, seed: int) -> list[Learner]:
    """Launches all learners."""
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


def kill_at_random(gateway: Gateway, is_up: Event, is_over: Event, seed: int) -> int:
    """Kills the gateway at random. Returns the number of crashes."""
    choices = random.Random(f"{seed} gateway")
    crashes = 0
    try:
        while not is_over.wait(choices.uniform(*LIFE)):
            is_up.clear()
            restart(gateway)
            is_up.set()
            crashes += 1
    finally:
        # A gateway that does not start again ends the test.
        is_over.set()
        is_up.set()
    return crashes


def restart(gateway: Gateway) -> None:
    gateway.kill()
    gateway.start()
    gateway.wait_until_up()


def missing(everybody: list[Learner], platform: Platform) -> list[str]:
    """The learners whose newest grade with a response is not the newest of the gradebook."""
    return [
        f"learner {learner.number}: answered {learner.answered}, in the gradebook {taken}"
        for learner in everybody
        if (taken := learner.numbers(platform.taken))[-1:] != learner.answered[-1:]
    ]


def faults(everybody: list[Learner], front: FaultyFront) -> list[str]:
    """The violated guarantees."""
    said = missing(everybody, front.lms)
    for learner in everybody:
        taken = learner.numbers(front.lms.taken)
        if taken != sorted(taken):
            said.append(f"learner {learner.number}: an older grade overtook a newer one: {taken}")
        if None in learner.numbers(front.arrived):
            said.append(f"learner {learner.number}: a grade arrived that was never sent")
        for at in learner.queued:
            state = learner.state(at)
            expected = ("delivered",) if at == learner.answered[-1] else ("delivered", "superseded")
            if state not in expected:
                said.append(f"learner {learner.number}: grade {at} was queued, and is now {state}")
        said += [f"learner {learner.number}: {unexpected}" for unexpected in learner.unexpected]
        said += [f"learner {learner.number}: grade {at} was refused" for at in learner.refused]
    return said


def launch_without_log(gateway: Gateway, lms: Lms, disk: LogDisk) -> list[str]:
    """Launches once more. Returns the reason if that fails."""
    if not disk.is_full():
        return ["the disk of the log did not fill: the run is too short"]
    try:
        gateway.launch(next(iter(lms.blocks.values())))
    except AssertionError as error:
        return [f"a launch failed while the disk of the log was full: {error}"]
    return []


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
    with App() as app, FaultyFront(seed) as front, LogDisk() as disk:
        with GatewayWithLogDisk(binary, app, disk) as gateway:
            everybody = learners(gateway, front.lms, seed)
            with ThreadPoolExecutor(LEARNERS + 1) as pool:
                killer = pool.submit(kill_at_random, gateway, is_up, is_over, seed)
                works = [pool.submit(work, learner, is_up, is_over) for learner in everybody]
                failed = [str(one.exception()) for one in works if one.exception()]
                is_over.set()
            if killer.exception():
                print(f"the gateway did not start again: {killer.exception()}")
                return 1
            crashes = killer.result()
            # Queued grades must survive one more crash.
            restart(gateway)
            front.stop_faults()
            recovered = time.monotonic()
            # A delivered grade is still queued if the response was lost.
            while not gateway.grades().startswith(NOTHING) and time.monotonic() < recovered + TIMEOUT:
                time.sleep(0.2)
            failed += faults(everybody, front)
            failed += launch_without_log(gateway, front.lms, disk)
            listed = gateway.grades()
            failed += [] if listed.startswith(NOTHING) else [f"`lti-gateway grades` lists:\n{listed}"]
            failed += [f"the log has {said}" for said in gateway.leaks()]
    missed = [response for response in RESPONSES if not front.responses[response]]
    failed += [f"no {response!r} occurred: the run is too short" for response in missed]
    queued = sum(len(learner.queued) for learner in everybody)
    answered = sum(len(learner.answered) for learner in everybody)
    sent = sum(len(learner.sent) for learner in everybody)
    print(f"grades: {sent} sent, {answered} with a response, {queued} queued")
    print(f"the gateway: {crashes + 1} crashes")
    print(f"the platform: {dict(Counter(front.responses).most_common())}")
    passed = "no grade was lost, and no older grade overtook a newer one"
    print("\n".join(["", *failed]) if failed else passed)
    recovery = time.monotonic() - recovered
    print(f"{recovered - began:.0f} s of faults, then {recovery:.0f} s until every grade arrived")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

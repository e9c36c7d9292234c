"""Grades that an earlier version queued, in the state directory that it wrote."""

import json
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

# As a script, it writes a directory.
if __name__ == "__main__":
    sys.dont_write_bytecode = True
    TESTS = Path(__file__).resolve().parents[1]
    sys.path += [str(TESTS), str(TESTS / "examples"), str(TESTS / "real_input")]

from case import Cases  # noqa: E402
from edx import Block, Person  # noqa: E402
from faulty import Faults, FaultyFront  # noqa: E402
from gateway import CONSUMERS, Gateway  # noqa: E402
from opaque_keys.edx.keys import UsageKey  # noqa: E402
from running import TIMEOUT  # noqa: E402
from seat import Seat  # noqa: E402
from server import App  # noqa: E402
from stage import Stage  # noqa: E402

# Each directory is named after the version that wrote it.
QUEUED = Path(__file__).parent / "queued"

# The LMS has another port in each run, so the grades have this URL.
LMS = "http://courses.example"

cases = Cases()


@dataclass
class Queued:
    """A queued grade. It clears the grade if it has no digits."""

    learner: int
    digits: str | None
    comment: str | None = None
    id: str = ""
    is_superseded: bool = False

    @property
    def person(self) -> Person:
        return Person(anonymous_id=f"{self.learner:032x}")

    def block(self, launch_url: str, front: FaultyFront) -> Block:
        usage = "block-v1:UniX+CS-101+2026_T1+type@lti_consumer+block@" + "a1" * 16
        block = Block(
            launch_url,
            "course-a",
            CONSUMERS["course-a"],
            has_score=True,
            lms=LMS,
            usage=UsageKey.from_string(usage),
            person=self.person,
        )
        return front.lms.add(block)


GRADES = [
    Queued(1, "0.10"),
    Queued(2, "0.3333333333333333", comment="Très bien, 王小明!"),
    Queued(3, None),
    Queued(4, "0.5", is_superseded=True),
    Queued(4, "0.6"),
    Queued(5, "1.000"),
]


@contextmanager
def failing_lms():
    """An LMS that answers every request with status 500."""
    with FaultyFront(0, Faults({"status 500": 1}, open=(3600, 3600))) as front:
        yield front


@contextmanager
def gateway_with(binary: Path, state: Path, front: FaultyFront):
    settings = f'state = "{state}"\noutcome_url_rewrite = {{ "{LMS}" = "{front.lms.origin}" }}'
    with App() as app, Gateway(binary, app, settings) as gateway:
        yield gateway


def write(binary: Path, directory: Path) -> None:
    """Queues the grades with the binary of a released version."""
    with tempfile.TemporaryDirectory() as temporary, failing_lms() as front:
        state = Path(temporary)
        with gateway_with(binary, state, front) as gateway:
            for grade in GRADES:
                seat = gateway.launch(grade.block(gateway.launch_url(), front))
                reply = send(seat, grade)
                reply.assert_is(202, status="kept")
                grade.id = reply.said["id"]
            assert gateway.stop() == 0
        directory.mkdir(parents=True)
        shutil.copy(state / "grades.sqlite", directory)
        left = [file.name for file in state.iterdir()]
        assert not [name for name in left if name.startswith("grades.sqlite-")], left
    text = json.dumps([asdict(grade) for grade in GRADES], ensure_ascii=False, indent=1)
    (directory / "grades.json").write_text(text + "\n")


def send(seat: Seat, grade: Queued):
    if grade.digits is None:
        return seat.clear()
    return seat.send(grade.digits, **({"comment": grade.comment} if grade.comment else {}))


@cases.each(
    "grades that an earlier version queued are delivered, and a newer grade supersedes them",
    sorted(directory.name for directory in QUEUED.iterdir() if directory.is_dir()),
)
def upgrade(stage: Stage, version: str):
    grades = [Queued(**each) for each in json.loads((QUEUED / version / "grades.json").read_text())]
    assert len(grades) == len(GRADES), grades
    with tempfile.TemporaryDirectory() as temporary, failing_lms() as front:
        state = Path(temporary)
        shutil.copy(QUEUED / version / "grades.sqlite", state)
        for grade in grades:
            grade.block("http://unused", front)
        with gateway_with(stage.binary, state, front) as gateway:
            listed = gateway.grades()
            assert all(grade.id in listed for grade in grades if not grade.is_superseded), listed
            # The same learner and resource link, so the newer grade takes the older one's place.
            last = grades[-1]
            seat = gateway.launch(last.block(gateway.launch_url(), front))
            seat.ask("GET", f"/grades/{last.id}").assert_is(200, status="kept")
            seat.send("0.9").assert_is(202, status="kept")
            seat.ask("GET", f"/grades/{last.id}").assert_is(200, status="superseded")
            # One more crash between the two versions of the file.
            gateway.kill()
            gateway.start()
            gateway.wait_until_up()
            front.is_faulty = False
            deadline = time.monotonic() + TIMEOUT
            while gateway.grades().startswith("ID ") and time.monotonic() < deadline:
                time.sleep(0.1)
            for grade in grades[:-1]:
                whose = gateway.launch(grade.block(gateway.launch_url(), front))
                expected = "superseded" if grade.is_superseded else "delivered"
                whose.ask("GET", f"/grades/{grade.id}").assert_is(200, status=expected)
            assert not gateway.leaks(), gateway.leaks()
    taken = {}
    for learner, arrival in front.lms.taken:
        is_clear = arrival.method == "DELETE"
        taken.setdefault(learner, []).append(None if is_clear else arrival.digits)
    assert taken == {
        f"{1:032x}": ["0.10"],
        f"{2:032x}": ["0.3333333333333333"],
        f"{3:032x}": [None],
        f"{4:032x}": ["0.6"],
        f"{5:032x}": ["0.9"],
    }, taken
    entry = front.lms.entry(grades[1].block("http://unused", front))
    assert entry.comment == grades[1].comment, entry


if __name__ == "__main__":
    write(Path(sys.argv[1]).resolve(), QUEUED / sys.argv[2])

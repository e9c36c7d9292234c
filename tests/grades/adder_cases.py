"""The program of examples/adder behind the gateway, in an edX course."""

import re
import subprocess
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from case import Cases
from edx import Block
from gateway import Gateway
from practice_course import PracticeCourse
from running import Running, Visit, free_port
from stage import Stage

QUESTION = re.compile(r'name="id" value="(\d+)">\s*<label for="sum">(\d+) \+ (\d+) =</label>')
MESSAGE = re.compile(r'<p class="(right|wrong)" role="status">(.*?)</p>')

cases = Cases()


class Adder:
    """The program. Its address is known before it listens."""

    def __init__(self, binary: Path):
        assert binary.is_file(), f"{binary} is missing: cargo test --workspace builds it"
        self._binary = binary
        self.address = f"127.0.0.1:{free_port()}"
        self.origin = f"http://{self.address}"

    def serve(self, gateway: str) -> Self:
        settings = {"ADDRESS": self.address, "LTI_GATEWAY": gateway}
        self._process = subprocess.Popen(
            [self._binary], env=settings, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        return self

    def __enter__(self) -> Self:
        assert self._process.stdout.readline() == f"adder: {self.origin}\n"
        return self

    def __exit__(self, *_) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


@dataclass
class Desk:
    """A browser with the exercise."""

    gateway: Running
    visit: Visit

    def answer(self, off: int) -> str:
        """Answers with this difference to the right sum. Returns the message of the page."""
        page = self.page()
        number, left, right = map(int, QUESTION.search(page).groups())
        headers = {**self.visit.headers, "Content-Type": "application/x-www-form-urlencoded"}
        form = f"id={number}&sum={left + right + off}"
        status, answer, _ = self.gateway.ask("POST", f"{self.visit.path}answer", headers, form)
        assert status == 303, f"{status}; {self.gateway.log()}"
        assert answer["Location"] in ("./", self.visit.path), answer["Location"]
        return unescape(MESSAGE.search(self.page())[2])

    def page(self, name: str = "") -> str:
        status, _, page = self.gateway.ask("GET", self.visit.path + name, self.visit.headers)
        assert status == 200, f"{status}; {self.gateway.log()}"
        return page.decode()


def sit_down(gateway: Gateway, block: Block) -> Desk:
    form = replace(block, launch_url=gateway.launch_url()).launch()
    return Desk(gateway, gateway.open(urlsplit(form.url).path, form.body()))


@cases.case("the adder sends grades to edX, shows edX's message, and lists them for staff")
def adder(stage: Stage):
    adder = Adder(stage.binary.parent / "adder")
    with Gateway(stage.binary, adder) as gateway, adder.serve(gateway.origin):
        block = stage.block()
        desk = sit_down(gateway, block)
        assert "is not" in desk.answer(off=1)
        assert stage.lms.entry(block).points == 0
        assert desk.answer(off=0).endswith("Your course has the grade.")
        assert stage.lms.entry(block).points == 1
        assert stage.lms.arrived[-1].digits == "1.0"

        ungraded = sit_down(gateway, replace(stage.block(), has_score=False))
        assert ungraded.answer(off=0).endswith("Your course accepts no grade here.")

        stage.lms.people.remove(block.person.anonymous_id)
        assert desk.answer(off=0).endswith("Your course refused the grade: User not found.")

        staff = sit_down(gateway, stage.block(person=stage.person(role="instructor")))
        listed = staff.page("staff")
        assert f"course-a:{block.person.anonymous_id}" in listed, listed
        other_course = sit_down(gateway, stage.block("course-b", person=stage.person(role="instructor")))
        assert block.person.anonymous_id not in other_course.page("staff")
        status, _, _ = gateway.ask("GET", f"{desk.visit.path}staff", desk.visit.headers)
        assert status == 403


@cases.each(
    "the adder works in the practice course, and offers two links to pick",
    {"by LTI 1.1": "1.1", "by LTI 1.3": "1.3"},
)
def picked(stage: Stage, version: str):
    adder = Adder(stage.binary.parent / "adder")
    with PracticeCourse(stage.binary, adder.origin) as course, adder.serve(course.origin):
        small, large = course.pick(version, "Small sums", "Large sums")
        for block, largest in ((small, 10), (large, 500)):
            desk = Desk(course, course.launch(version, link=block))
            for off, message in ((1, "is not"), (0, "Your course has the grade.")):
                _, left, right = map(int, QUESTION.search(desk.page()).groups())
                assert max(left, right) <= largest, (left, right)
                assert message in desk.answer(off)
        # A right answer has a new question of the same size, and the course has the last grade.
        _, left, right = map(int, QUESTION.search(desk.page()).groups())
        assert max(left, right) <= 500, (left, right)
        book = course.gradebook()
        for title in ("Small sums", "Large sums"):
            assert f"Adder, {title}" in book, book
        assert "Ada, a learner has 1.0 in Adder" in book, book

        ungraded = Desk(course, course.launch(version, ungraded="yes"))
        assert ungraded.answer(off=0).endswith("Your course accepts no grade here.")
        staff = Desk(course, course.launch(version, person="instructor-1"))
        sender = {"1.1": "adder-key", "1.3": "practice"}[version]
        assert f"{sender}:learner-1" in staff.page("staff")

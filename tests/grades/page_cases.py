"""Runs the examples of docs/grades.md against the gateway."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from case import Cases
from gateway import Gateway
from page import ROOT, Page, code
from running import TIMEOUT, free_port
from seat import Seat
from stage import Stage

DOCS = "docs/grades.md"
PAGE = Page(DOCS)

cases = Cases()


def run(command: list[str | Path], seat: Seat, **environment: str) -> dict:
    """The output of a command, with the variables of the page."""
    ended = subprocess.run(
        command,
        env={
            "PATH": os.environ["PATH"],
            "LTI_GATEWAY": seat.gateway.origin,
            "GRADE_TOKEN": seat.token,
            **environment,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert ended.returncode == 0, f"exit code {ended.returncode}: {ended.stderr}"
    return json.loads(ended.stdout)


def assert_shown(heading: str, seat: Seat, **environment: str) -> None:
    """Asserts that a section's command prints the block below it."""
    [command] = PAGE.blocks("sh", heading)
    [shown] = PAGE.blocks("json", heading)
    assert_alike(run(["bash", "-euc", command], seat, **environment), json.loads(shown))


def assert_alike(got, shown) -> None:
    """The same members. `…` matches any string, and a timestamp matches any timestamp."""
    if isinstance(shown, dict):
        assert isinstance(got, dict) and got.keys() == shown.keys(), f"{got}, shown is {shown}"
        for name, value in shown.items():
            assert_alike(got[name], value)
    elif isinstance(shown, str):
        pattern = ".*".join(map(re.escape, shown.split("…")))
        assert isinstance(got, str) and re.fullmatch(pattern, got, re.DOTALL), f"{got!r}, shown is {shown!r}"
    elif isinstance(shown, int) and shown > 1_000_000_000:
        assert isinstance(got, int) and got > 1_000_000_000, f"{got!r}, shown is {shown!r}"
    else:
        assert got == shown, f"{got!r}, shown is {shown!r}"


@cases.case(f"{DOCS}: a grade is sent and read by curl")
def curl(stage: Stage):
    block = stage.block()
    seat = stage.seat(block)
    assert_shown("## In one minute", seat)
    assert stage.lms.entry(block).points == 0.92
    assert_shown("### GET /grades", seat)
    [clear] = PAGE.blocks("sh", "### DELETE /grades")
    assert run(["bash", "-euc", clear], seat)["status"] == "delivered"
    assert stage.lms.entry(block).points is None


@cases.case("README.md: a grade with a comment is sent by curl")
def readme(stage: Stage):
    [command] = [block for block in Page("README.md").blocks("sh") if "/grades" in block]
    block = stage.block()
    assert run(["bash", "-euc", command], stage.seat(block))["status"] == "delivered"
    entry = stage.lms.entry(block)
    assert (entry.points, entry.comment) == (0.92, "Well done")


@cases.case(f"{DOCS}: a grade is queued, read by curl, and superseded by a newer one")
def queued(stage: Stage):
    with Gateway(stage.binary, stage.app, 'state = "./state"') as gateway:
        block = stage.block(lms=f"http://127.0.0.1:{free_port()}")
        block.launch_url = gateway.launch_url()
        seat = gateway.launch(block)
        [command] = PAGE.blocks("sh", "## In one minute")
        response = run(["bash", "-euc", command], seat)
        assert response.keys() == {"status", "id", "reason"} and response["status"] == "kept", response
        assert_shown("### GET /grades/<id>", seat, ID=response["id"])
        listed = gateway.grades()
        [head] = [block for block in PAGE.blocks("") if block.startswith("ID ")]
        assert listed.splitlines()[0].split() == head.splitlines()[0].split(), listed
        assert response["id"] in listed, listed

        newer = seat.send("0.93")
        newer.assert_is(202, status="kept")
        assert newer.location == f"/grades/{newer.said['id']}"
        seat.ask("GET", f"/grades/{response['id']}").assert_is(200, status="superseded")


LANGUAGES = {
    "Python": ("### From Python", "python", "grade.py", [sys.executable, "-B"]),
    "JavaScript": ("### From JavaScript", "js", "grade.mjs", ["node"]),
}


@cases.each(f"{DOCS}: a grade is sent by the program in", LANGUAGES)
def program(stage: Stage, language: tuple):
    heading, name, file, interpreter = language
    [source] = PAGE.blocks(name, heading)
    block = stage.block()
    seat = stage.seat(block)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, file)
        path.write_text(source)
        # The command of the first line.
        assert f'{file} 0.92 "Well done"' in source.splitlines()[0]
        assert run([*interpreter, path, "0.92", "Well done"], seat)["status"] == "delivered"
        entry = stage.lms.entry(block)
        assert (entry.points, entry.comment) == (0.92, "Well done")
        # A small number, which both languages would write with an exponent.
        assert run([*interpreter, path, "0.0000001"], seat)["status"] == "delivered"
        assert stage.lms.arrived[-1].digits == "0.0000"
        stage.lms.people.remove(block.person.anonymous_id)
        [shown] = PAGE.blocks("json", "## Answers")
        assert_alike(run([*interpreter, path, "1"], seat), json.loads(shown))


@cases.case(f"{DOCS}: the errors and statuses are those of the gateway")
def errors(stage: Stage):
    source = (ROOT / "src/web/grade/refusal.rs").read_text()
    [table] = re.findall(r"\ngrade_refusals! \{\n(.*?)\n\}\n", source, re.DOTALL)
    rows = PAGE.rows("status | `error` | meaning | what to do")
    told = [code(error)[0] for _, error, _, _ in rows]
    # Four refusals share the code state-unavailable.
    assert sorted(told) == sorted(set(re.findall(r'=>\s+"([a-z-]+)"', table))), told
    statuses = {code(error)[0]: int(status) for status, error, _, _ in rows}
    seat = stage.seat(stage.block())
    responses = {
        "no-grade-token": stage.gateway.ask("GET", "/grades", {})[0],
        "bad-grade-token": Seat(stage.gateway, "x", "").read().status,
        "no-such-grade": seat.ask("GET", "/grades/x").status,
        "wrong-method": seat.ask("PUT", content="{}").status,
        "too-large": seat.send("1", comment="x" * 100_000).status,
        "bad-grade": seat.send("2").status,
    }
    assert responses == {error: statuses[error] for error in responses}, responses


@cases.case(f"{DOCS}: its tools pass `check`")
def tools(stage: Stage):
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "tools.toml")
        file.write_text("\n".join(['[gateway]\nsecret = { env = "GATEWAY_SECRET" }\n', *PAGE.blocks("toml")]))
        # `check` warns about a secret in two places.
        names = re.findall(r'env = "(\w+)"', file.read_text())
        secrets = {name: f"{name} of the test, long enough" for name in names}
        ended = subprocess.run(
            [stage.binary, "check", file],
            env={"LTI_GATEWAY_PUBLIC_URL": "https://our-tools.example", **secrets},
            capture_output=True,
            text=True,
        )
    assert ended.returncode == 0, ended.stderr
    assert "warning" not in ended.stderr, ended.stderr

"""Runs the gateway with three Python apps as one Heroku dyno.

    python tests/dyno/run.py target/release/lti-gateway

It prints the memory in use. The last line of the output is `N passed, N failed`.
"""

import signal
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
TESTS = Path(__file__).resolve().parents[1]
sys.path += [str(TESTS), str(TESTS / "examples")]

from case import Cases, conclude  # noqa: E402
from dyno import PAGES, Dyno  # noqa: E402

# The memory of the smallest dynos, in bytes.
BASIC_DYNO = 512 * 1024 * 1024
# Heroku's time for a stop, in seconds.
HEROKU_STOP = 30

cases = Cases()


@cases.case("a launch of each tool shows the page of its app")
def launches(dyno):
    for tool, text in PAGES.items():
        visit = dyno.visit(tool)
        assert text in visit.page, f"{tool}: {visit.page[:500]}"


@cases.case("gateway and three apps fit into the memory of a basic dyno")
def memory(dyno):
    apps = {tool: dyno.app(tool).pid for tool in PAGES}
    shares = {}
    for process in dyno.processes():
        names = [tool for tool, pid in apps.items() if pid in (process.pid, process.parent)]
        name = names[0] if names else "gateway"
        shares[name] = shares.get(name, 0) + process.memory()
    total = sum(shares.values())
    text = ", ".join(f"{name} {share >> 20} MiB" for name, share in shares.items())
    print(f"      {text}; together {total >> 20} MiB", flush=True)
    assert total < BASIC_DYNO, text


@cases.case("after kill -9 of an app, the others respond, and it starts again")
def killed(dyno):
    before = {tool: dyno.app(tool).pid for tool in PAGES}
    dyno.app("notes").signal(signal.SIGKILL)
    for tool in ("plots", "forms"):
        assert PAGES[tool] in dyno.visit(tool).page, tool
    assert dyno.ask("GET", "/is_up", {})[2] == b"I'm up"
    visit = dyno.visit("notes")
    assert PAGES["notes"] in visit.page, visit.page[:500]
    after = {tool: dyno.app(tool).pid for tool in PAGES}
    changed = [tool for tool in PAGES if before[tool] != after[tool]]
    assert changed == ["notes"], changed


@cases.case("the log names the app that ended, and contains no secret")
def log(dyno):
    ended = [line for line in dyno.log().splitlines() if "notes" in line and "signal" in line]
    assert ended, dyno.log()
    assert dyno.leaks() == [], dyno.leaks()


@cases.case("SIGTERM to every process, as on Heroku: exit code 0, and no process remains")
def stops(dyno):
    processes = dyno.processes()
    assert len(processes) >= 4, processes
    # The gateway last: it must not start an app again in the meantime.
    for process in processes[1:]:
        process.signal(signal.SIGTERM)
    began = time.monotonic()
    assert dyno.stop() == 0, dyno.log()
    assert time.monotonic() - began < HEROKU_STOP, dyno.log()
    remaining = [process for process in processes if process.runs()]
    assert remaining == [], remaining


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: run.py BINARY", file=sys.stderr)
        return 2
    with Dyno(Path(sys.argv[1]).resolve()) as dyno:
        return conclude([case.passes(dyno) for case in cases])


if __name__ == "__main__":
    sys.exit(main())

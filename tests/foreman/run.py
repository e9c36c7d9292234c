"""Runs the repository's Procfile under foreman.

    python3 tests/foreman/run.py target/release/lti-gateway

The last line of the output is `N passed, N failed`.
"""

import http.client
import re
import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.append(str(Path(__file__).resolve().parents[1]))

from case import Cases, conclude  # noqa: E402
from checkout import VARIABLES, Checkout  # noqa: E402
from foreman import AT_ONCE, Foreman, free_port, is_free, is_running  # noqa: E402

cases = Cases()


def assert_keeps_secrets(output: str) -> None:
    for name, value in VARIABLES.items():
        assert not name.endswith("SECRET") or value not in output, (
            f"the output contains {name}:\n{output}"
        )


@cases.case("foreman finds a web process and a release process")
def check(checkout):
    run = checkout.run("foreman", "check")
    assert run.returncode == 0, f"exit code {run.returncode}:\n{run.stdout}"
    assert "valid procfile detected (web, release)" in run.stdout, run.stdout


@cases.case("foreman start: /is_up, a tool and the stylesheet respond")
def serves(checkout):
    with Foreman(checkout, free_port()) as foreman:
        is_up = foreman.get("/is_up")
        assert is_up == (200, b"I'm up"), is_up
        # GET of a launch URL: 405 proves that the tool exists.
        status, _ = foreman.get("/lti/hello")
        assert status == 405, status
        style = foreman.get("/static/style.css")
        assert style == (200, (checkout.root / "static" / "style.css").read_bytes()), style


@cases.case("foreman start: a release build has no route of the practice platform")
def no_practice(checkout):
    # At this log level, Rocket lists its routes.
    checkout.set_variables({**VARIABLES, "ROCKET_LOG_LEVEL": "normal"})
    try:
        with Foreman(checkout, free_port()) as foreman:
            assert foreman.get("/is_up") == (200, b"I'm up")
            routes = re.findall(r"\((\w+)\) ([A-Z]+) (/\S*)", foreman.output())
            assert ("is_up", "GET", "/is_up") in routes, foreman.output()
            assert [path for _, _, path in routes if "dev" in path] == [], routes
            for path in ["/dev", "/dev/launch?tool=hello", "/dev/gradebook", "/dev/refusals"]:
                status, page = foreman.get(path)
                assert (status, b"Practice" in page) == (404, False), path
    finally:
        checkout.set_variables(VARIABLES)


@cases.case("foreman start: does not run the release line")
def no_release(checkout):
    with Foreman(checkout, free_port()) as foreman:
        foreman.get("/is_up")
        assert foreman.terminate() == 0, foreman.output()
        assert list(foreman.started()) == ["web.1"], foreman.output()
        assert_keeps_secrets(foreman.output())


def assert_stops(foreman: Foreman, stop: Callable[[], int]) -> None:
    """The gateway stops at once, by itself and with exit code 0. No process and no port remain."""
    pid = foreman.started()["web.1"]
    began = time.monotonic()
    code = stop()
    seconds = time.monotonic() - began
    assert code == 0, f"exit code {code}:\n{foreman.output()}"
    # foreman's own exit code is 0 even if it had to kill the program.
    assert re.search(r"web\.1 +\| exited with code 0$", foreman.output(), re.MULTILINE), (
        foreman.output()
    )
    assert not is_running(pid), f"process {pid} still runs"
    assert is_free(foreman.port), f"port {foreman.port} is still in use"
    assert seconds < AT_ONCE, f"the stop took {seconds:.1f} s"


@cases.case("foreman start: SIGTERM stops it with exit code 0, and no process remains")
def terminated(checkout):
    with Foreman(checkout, free_port()) as foreman:
        foreman.get("/is_up")
        assert_stops(foreman, foreman.terminate)


@cases.case("foreman start: Ctrl-C stops it with exit code 0, and no process remains")
def interrupted(checkout):
    with Foreman(checkout, free_port()) as foreman:
        foreman.get("/is_up")
        assert_stops(foreman, foreman.interrupt)


@cases.case("foreman start: persistent connections of browsers do not delay a stop")
def stops_with_connections(checkout):
    with Foreman(checkout, free_port()) as foreman, ExitStack() as browsers:
        foreman.get("/is_up")
        for _ in range(20):
            browser = http.client.HTTPConnection("localhost", foreman.port, timeout=60)
            browsers.callback(browser.close)
            browser.request("GET", "/is_up")
            browser.getresponse().read()
        assert_stops(foreman, foreman.terminate)


@cases.case("foreman start: without HELLO_SECRET, it exits with code 1 and names the variable")
def missing_secret(checkout):
    checkout.set_variables(
        {name: value for name, value in VARIABLES.items() if name != "HELLO_SECRET"}
    )
    try:
        with Foreman(checkout, free_port()) as foreman:
            assert foreman.wait() == 1, foreman.output()
            assert "HELLO_SECRET" in foreman.output(), foreman.output()
    finally:
        checkout.set_variables(VARIABLES)


@cases.case("foreman start: if the port is in use, it exits with code 1 and names the fix")
def port_taken(checkout):
    port = free_port()
    with socket.create_server(("0.0.0.0", port)), Foreman(checkout, port) as foreman:
        assert foreman.wait() == 1, foreman.output()
        assert "PORT=" in foreman.output(), foreman.output()


@cases.case("the release command exits with 0")
def release(checkout):
    run = checkout.run("sh", "-c", checkout.command("release"), **VARIABLES)
    assert run.returncode == 0, f"exit code {run.returncode}:\n{run.stdout}"
    assert "https://tools.example/lti/hello" in run.stdout, run.stdout
    assert_keeps_secrets(run.stdout)


@cases.each("without a variable, the release command exits with 1 and names it", list(VARIABLES))
def release_without(checkout, missing):
    variables = {name: value for name, value in VARIABLES.items() if name != missing}
    run = checkout.run("sh", "-c", checkout.command("release"), **variables)
    assert run.returncode == 1, f"exit code {run.returncode}:\n{run.stdout}"
    named = "public_url" if missing == "LTI_GATEWAY_PUBLIC_URL" else missing
    assert named in run.stdout, run.stdout
    assert_keeps_secrets(run.stdout)


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: run.py BINARY", file=sys.stderr)
        return 2
    with Checkout(Path(sys.argv[1]).resolve()) as checkout:
        return conclude([case.passes(checkout) for case in cases])


if __name__ == "__main__":
    sys.exit(main())

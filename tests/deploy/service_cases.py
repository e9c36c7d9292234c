"""The unit for systemd."""

import re
import subprocess
import tempfile
from pathlib import Path

from case import Cases
from running import TIMEOUT
from stage import ROOT, Stage, stop_seconds

cases = Cases()

UNIT = "lti-gateway.service"


def settings() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (ROOT / "deploy" / UNIT).read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def analyze(binary: Path, *command: str) -> subprocess.CompletedProcess:
    """Runs systemd-analyze for the unit, which starts this program."""
    with tempfile.TemporaryDirectory() as directory:
        unit = Path(directory, UNIT)
        text = (ROOT / "deploy" / UNIT).read_text()
        start = "ExecStart=/usr/local/bin/lti-gateway\n"
        assert start in text
        unit.write_text(text.replace(start, f"ExecStart={binary}\n"))
        return subprocess.run(
            ["systemd-analyze", *command, unit],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
        )


@cases.case("systemd understands every line of the unit")
def verify(stage: Stage):
    verified = analyze(stage.binary, "verify")
    # A misspelled setting is only a line of output.
    assert UNIT not in verified.stdout, verified.stdout
    assert verified.returncode == 0, verified.stdout


@cases.case("systemd judges the unit's exposure below 2 of 10")
def exposure(stage: Stage):
    judged = analyze(stage.binary, "security", "--offline=yes", "--threshold=20")
    assert judged.returncode == 0, judged.stdout[-500:]
    assert re.search(r"exposure level for lti-gateway\.service: [01]\.\d", judged.stdout)


@cases.case("systemd stops the gateway alone, and later than the gateway itself")
def stop(stage: Stage):
    found = settings()
    assert found["KillMode"] == ["mixed"]
    assert int(found["TimeoutStopSec"][0]) > stop_seconds()


@cases.case("the unit has no secret, and a directory for the state")
def state(stage: Stage):
    found = settings()
    environment = dict(value.split("=", 1) for value in found["Environment"])
    assert set(environment) == {"HOME", "LTI_GATEWAY_STATE", "ROCKET_ADDRESS"}, environment
    assert found["EnvironmentFile"] == ["/etc/lti-gateway.env"]
    directories = {f"/var/lib/{name}" for name in found["StateDirectory"][0].split()}
    assert {environment["HOME"], environment["LTI_GATEWAY_STATE"]} == directories
    assert environment["ROCKET_ADDRESS"] == "127.0.0.1", "only the server in front is public"

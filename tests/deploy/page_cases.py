"""Runs the commands of docs/deploy.md, with fakes of docker and of what needs root."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

from case import Cases
from checkout import Checkout
from page import Page
from running import Running
from service_cases import settings
from stage import ROOT, Stage
from terminal import Terminal

cases = Cases()

PAGE = Page("docs/deploy.md")


def lines(heading: str) -> list[str]:
    text = "".join(PAGE.blocks("sh", heading))
    return text.replace("\\\n", "").splitlines()


@cases.case("docs/deploy.md names targets and files of containers that exist")
def containers(stage: Stage):
    commands = lines("## A container")
    assert len(commands) == 5, commands
    with Checkout(stage.binary) as checkout, Terminal(checkout, stage.binary.parent) as terminal:
        for line in commands:
            terminal.run(line)
        # The fake notices a wrong name.
        for line in ["docker build --target other .", "docker compose --file deploy/other.yaml up"]:
            try:
                terminal.run(line)
            except AssertionError:
                continue
            raise AssertionError(line)


@cases.case("docs/deploy.md installs the program, the files and the service on one server")
def server(stage: Stage):
    with Checkout(stage.binary) as checkout, Terminal(checkout, stage.binary.parent) as terminal:
        for line in lines("## One server"):
            terminal.run(line)
        home = Path(terminal.variables["HOME"])
        root, done = home / "root", (home / "administration").read_text()
        assert "systemctl enable --now lti-gateway" in done, done
        user = re.search(r"^useradd .* ([\w-]+)$", done, re.MULTILINE)[1]
        assert settings()["User"] == [user]
        unit = (ROOT / "deploy/lti-gateway.service").read_text()
        assert (root / "etc/systemd/system/lti-gateway.service").read_text() == unit
        secrets = root / settings()["EnvironmentFile"][0].lstrip("/")
        assert secrets.stat().st_mode & 0o777 == 0o600
        caddy = (root / "etc/caddy/Caddyfile").read_text()
        assert "\ntools.example.edu {\n" in caddy, caddy
        nginx = (root / "etc/nginx/conf.d/lti-gateway.conf").read_text()
        assert nginx.count("tools.example.edu") == 5 and "our-tools" not in nginx, nginx

        # As systemd starts it.
        variables = dict(line.split("=", 1) for line in secrets.read_text().splitlines())
        with tempfile.TemporaryDirectory() as state:
            for value in settings()["Environment"]:
                name, _, text = value.partition("=")
                variables[name] = text.replace("/var/lib/lti-gateway", state)
            os.mkdir(variables["HOME"])
            program = root / settings()["ExecStart"][0].lstrip("/")
            directory = root / settings()["WorkingDirectory"][0].lstrip("/")
            with Running(program, directory / "tools.toml", variables) as gateway:
                assert gateway.ask("GET", "/ready", {})[0] == 200
                assert gateway.ask("GET", "/lti/hello", {})[0] == 405
                assert gateway.stop() == 0, gateway.log()
            assert os.listdir(variables["LTI_GATEWAY_STATE"])


@cases.case("the restart in docs/deploy.md fits the unit")
def tasks(stage: Stage):
    text = PAGE.section("## One server")
    names = set(re.findall(r"(?:--unit|systemctl restart|analyze security) ([\w-]+)", text))
    assert names == {"lti-gateway"}, names


@cases.case("the image of docs/deploy.md puts the files where the Dockerfile does")
def own_image(stage: Stage):
    [shown] = PAGE.blocks("dockerfile")
    assert shown.splitlines()[1:] == ["COPY tools.toml ./", "COPY templates templates/"]
    assert "\nWORKDIR /tools\n" in (ROOT / "Dockerfile").read_text()
    assert subprocess.run(["git", "check-ignore", "-q", ".env"], cwd=ROOT).returncode == 0

"""The workflow for releases, and the archive that it packs."""

import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

import yaml
from case import Cases
from checkout import CLEAN
from running import TIMEOUT
from stage import ROOT, Stage

cases = Cases()

FILE = ROOT / ".github/workflows/release.yml"


def workflow() -> dict:
    return yaml.safe_load(FILE.read_text())


def steps() -> list[dict]:
    return [step for job in workflow()["jobs"].values() for step in job["steps"]]


def script(name: str) -> str:
    [found] = [step["run"] for step in steps() if step.get("name") == name]
    return found


@cases.case("only a tag of a version starts it, with no more rights than a job needs")
def rights(stage: Stage):
    # YAML 1.1 reads the key `on` as true.
    assert workflow()[True] == {"push": {"tags": ["v*"]}}
    assert workflow()["permissions"] == {}
    assert {name: job["permissions"] for name, job in workflow()["jobs"].items()} == {
        "program": {"contents": "read"},
        "image": {"contents": "read", "packages": "write"},
        "release": {"contents": "write", "packages": "write"},
    }
    # The first job checks the tag.
    assert workflow()["jobs"]["image"]["needs"] == "program"
    assert set(re.findall(r"secrets\.(\w+)", FILE.read_text())) == {"GITHUB_TOKEN"}


@cases.case("its actions are GitHub's own, by commit, and keep no token")
def actions(stage: Stage):
    used = re.findall(r"uses: (\S+)(.*)", FILE.read_text())
    assert len(used) == 4, used
    for action, comment in used:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), comment
    for step in steps():
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@cases.case("its scripts are valid, and no tag name becomes a part of one")
def scripts(stage: Stage):
    seen = 0
    for step in steps():
        if "run" in step:
            values = re.findall(r"\$\{\{ *(\w+)", step["run"])
            assert set(values) <= {"matrix"}, step
            checked = subprocess.run(["bash", "-n"], input=step["run"], text=True)
            assert checked.returncode == 0, step
            seen += 1
    assert seen >= 8, seen


@cases.case("it builds static programs and images for x86-64 and arm64")
def builds(stage: Stage):
    jobs = workflow()["jobs"]
    matrices = {
        name: [list(entry.values()) for entry in jobs[name]["strategy"]["matrix"]["include"]]
        for name in ["program", "image"]
    }
    assert matrices == {
        "program": [["x86_64", "ubuntu-24.04"], ["aarch64", "ubuntu-24.04-arm"]],
        "image": [["amd64", "ubuntu-24.04"], ["arm64", "ubuntu-24.04-arm"]],
    }
    assert jobs["program"]["env"]["TARGET"] == "${{ matrix.architecture }}-unknown-linux-musl"
    build = jobs["program"]["steps"][3]["run"]
    assert build == 'TARGET_CC=musl-gcc cargo build --release --locked --target "$TARGET"'
    assert jobs["release"]["needs"] == ["program", "image"]
    assert "--draft" in script("Create the draft")


@cases.case("a tag that is not the version of Cargo.toml fails")
def version(stage: Stage):
    [name] = re.findall(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)
    for tag, code in {f"v{name}": 0, "v99.0.0": 1, "v": 1}.items():
        ran = subprocess.run(
            ["bash", "-ec", script("Check that the tag is the version")],
            cwd=ROOT,
            env={**CLEAN, "GITHUB_REF_NAME": tag},
            stdout=subprocess.DEVNULL,
        )
        assert ran.returncode == code, tag


@cases.case("an archive has the program and its files, and no secret of the directory")
def archive(stage: Stage):
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(
            [ROOT / "script/archive", stage.binary, "lti-gateway-v1-x86_64-linux"],
            cwd=directory,
            env=CLEAN,
            check=True,
            timeout=TIMEOUT,
        )
        with tarfile.open(Path(directory, "lti-gateway-v1-x86_64-linux.tar.gz")) as packed:
            top = {member.name.split("/")[1] for member in packed if "/" in member.name}
            assert {(member.uid, member.gid) for member in packed} == {(0, 0)}
            packed.extractall(directory, filter="data")
        assert top == {
            "CHANGELOG.md",
            "LICENSE",
            "Rocket.toml",
            "deploy",
            "lti-gateway",
            "static",
            "templates",
            "tools.toml",
        }, top
        checked = subprocess.run(
            ["./lti-gateway", "--dev", "check"],
            cwd=Path(directory, "lti-gateway-v1-x86_64-linux"),
            env=CLEAN,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr

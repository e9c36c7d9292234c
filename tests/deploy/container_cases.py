"""The image: its files, its user and its health check."""

import json
import os
import re
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path

import yaml
from case import Cases
from checkout import Checkout
from running import TIMEOUT, free_port
from stage import ROOT, Stage, stop_seconds

cases = Cases()


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, each as its name and the rest on one line."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    parted = [line.partition(" ") for line in lines if line]
    return [(name, " ".join(rest.split())) for name, _, rest in parted]


def stages() -> dict[str, list[tuple[str, str]]]:
    """The instructions of each stage, by its name. The first key is "" (before all stages)."""
    found = {"": []}
    for name, rest in instructions():
        if name == "FROM":
            found[rest.rpartition(" AS ")[2]] = []
        found[list(found)[-1]].append((name, rest))
    return found


def is_ignored(path: str) -> bool:
    """Whether .dockerignore excludes a file: the last matching line counts, also for a parent."""
    ignored = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!").strip()
        if not pattern or pattern.startswith("#"):
            continue
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            # `**/x` also matches at the top. `*` does not match a slash.
            names = [parts[end - 1]] if pattern.startswith("**/") else parts[:end]
            expected = pattern.removeprefix("**/").split("/")
            if len(names) == len(expected) and all(map(fnmatchcase, names, expected)):
                ignored = not line.startswith("!")
    return ignored


SECRETS = [
    ".env",
    ".env.production",
    "apps/plots/.env",
    "apps/plots/.env.local",
    "templates/.env",
    ".git/config",
    "apps/plots/.git/config",
    "state/grades.sqlite",
    "secrets.toml",
    "key.pem",
    "deploy/compose.yaml",
    "docs/deploy.md",
    "tests/case.py",
    "target/release/lti-gateway",
    "crates/lti/target/debug/lti",
    "apps/plots/.venv/bin/python",
    "apps/plots/__pycache__/plots.pyc",
]


@cases.each("an image never contains this", SECRETS)
def not_copied(stage: Stage, path: str):
    assert is_ignored(path)


@cases.case("an image contains the files of the tools")
def copied(stage: Stage):
    for path in [
        "Cargo.lock",
        "Rocket.toml",
        "apps/plots/plots.py",
        "requirements.txt",
        "static/style.css",
        "templates/hello.html.tera",
        "tools.toml",
    ]:
        assert not is_ignored(path), path


@cases.case("the Dockerfile copies tracked files that .dockerignore lets through")
def sources(stage: Stage):
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    seen = 0
    for name, rest in instructions():
        if name != "COPY" or "--from=" in rest:
            continue
        *wanted, _ = rest.split()
        for source in wanted:
            if source in [".", "requirements.txt"]:  # Heroku allows none in this repository.
                continue
            files = [file for file in tracked if file == source or file.startswith(f"{source}/")]
            assert files, f"the Dockerfile copies {source}"
            assert not any(map(is_ignored, files)), source
            seen += 1
    assert seen >= 7, seen


@cases.case("cargo finds all that it builds in the build stage")
def build_stage(stage: Stage):
    copied = {
        source
        for name, rest in stages()["build"]
        if name == "COPY"
        for source in rest.split()[:-1]
    }
    assert {"Cargo.toml", "Cargo.lock", "benches", "crates", "examples", "src"} <= copied
    seen = 0
    for file in [*(ROOT / "src").rglob("*.rs"), *(ROOT / "crates/lti/src").rglob("*.rs")]:
        program, *_ = file.read_text().split("#[cfg(test)]")
        for name in re.findall(r'include_(?:str|bytes)!\("([^"]+)"\)', program):
            included = (file.parent / name).resolve().relative_to(ROOT)
            parents = {str(included), *map(str, included.parents)}
            assert parents & copied, f"{file} includes {included}"
            seen += 1
    assert seen > 10, seen


@cases.case("the image has the Rust release of runtime.txt")
def rust(stage: Stage):
    release = (ROOT / "runtime.txt").read_text().strip().removeprefix("rust-")
    assert ("ARG", f"RUST={release}") in stages()[""]
    # Otherwise rustup would download the release again, with more components.
    assert "rust-toolchain.toml" not in (ROOT / "Dockerfile").read_text()
    assert is_ignored("rust-toolchain.toml")


@cases.each("the image runs the gateway as an unprivileged user", ["gateway", "python"])
def user(stage: Stage, name: str):
    found = stages()
    users = [rest for instruction, rest in found[name] if instruction == "USER"]
    assert users == ["10001:10001"], users
    assert ("RUN", '["lti-gateway", "--dev", "check"]') == found[name][-1]
    assert f"FROM {'base' if name == 'gateway' else 'python-packages'} AS {name}" == " ".join(
        found[name][0]
    )
    assert list(found)[-1] == "gateway", "the default has no Python"


@cases.case("no instruction of the Dockerfile takes a secret")
def no_secret(stage: Stage):
    for name, rest in instructions():
        if name in ("ARG", "ENV"):
            assert re.match(r"(RUST|PATH)\b", rest), (name, rest)


@cases.case("the image's check passes without secrets, and fails without a template")
def image_check(stage: Stage):
    with Checkout(stage.binary) as checkout:
        (checkout.root / ".env").unlink()
        command = [str(stage.binary), "--dev", "check"]
        assert checkout.run(*command).returncode == 0, checkout.run(*command).stdout
        (checkout.root / "templates/hello.html.tera").unlink()
        broken = checkout.run(*command)
        assert broken.returncode == 1 and "hello" in broken.stdout, broken.stdout


def health_check() -> list[str]:
    [check] = [rest for name, rest in instructions() if name == "HEALTHCHECK"]
    return json.loads(check.partition(" CMD ")[2])


@cases.case("the health check asks the gateway, and fails if there is none or it is another server")
def health(stage: Stage):
    def is_healthy(port: int) -> bool:
        run = subprocess.run(
            health_check(),
            env={"PATH": os.environ["PATH"], "PORT": str(port)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT,
        )
        return run.returncode == 0

    assert is_healthy(stage.fronts["nginx"].gateway.port)
    assert not is_healthy(free_port())
    # The app responds to /is_up, but it is not the gateway.
    assert not is_healthy(int(stage.app.origin.rpartition(":")[2]))


@cases.case("the compose file starts gateway and Caddy, with secrets from .env only")
def compose(stage: Stage):
    file = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
    gateway, caddy = file["services"]["gateway"], file["services"]["caddy"]
    assert gateway["build"] == {"context": "..", "target": "${TARGET:-gateway}"}
    assert gateway["env_file"] == "../.env"
    assert set(gateway["environment"]) == {"LTI_GATEWAY_PUBLIC_URL", "LTI_GATEWAY_STATE", "PORT"}
    assert not gateway.get("ports"), "only Caddy is public"
    assert gateway["read_only"] and gateway["cap_drop"] == ["ALL"]
    assert int(gateway["stop_grace_period"].removesuffix("s")) > stop_seconds()
    assert caddy["ports"] == ["80:80", "443:443"]
    assert caddy["environment"]["GATEWAY"] == f"gateway:{gateway['environment']['PORT']}"
    for volume in [*gateway["volumes"], *caddy["volumes"]]:
        source = volume.partition(":")[0]
        if source.startswith("."):
            assert (ROOT / "deploy" / source).is_file(), source
        else:
            assert source in file["volumes"], source
    state = next(v for v in gateway["volumes"] if v.startswith("state:")).split(":")[1]
    assert gateway["environment"]["LTI_GATEWAY_STATE"] == state
    # The image creates the directory for its user, and a new volume takes it over.
    assert any(
        name == "RUN" and f"--owner=gateway --mode=0700 {state}" in rest
        for name, rest in stages()["base"]
    )
    variables = set(re.findall(r"\$\{(\w+)", (ROOT / "deploy/compose.yaml").read_text()))
    assert variables == {"DOMAIN", "TARGET"}, variables
    assert set(re.findall(r"\{\$(\w+)", Path(ROOT, "deploy/Caddyfile").read_text())) == {
        "DOMAIN",
        "GATEWAY",
    }

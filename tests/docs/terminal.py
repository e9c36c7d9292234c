"""The shell of a reader who follows the docs: commands, and programs in the background."""

import http.client
import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from checkout import CLEAN, Checkout
from running import TIMEOUT, free_port

# Fakes of commands that need an account, root or minutes. `cargo run` runs the built program. A
# push to Heroku succeeds if the Procfile's release command succeeds with the config vars. `sudo`
# changes files below $HOME/root, and lists what it does not run in $HOME/administration.
COMMANDS = {
    "cargo": """
if [ "$*" = "install --locked --path ." ]; then
    exec install -D "$BUILT/lti-gateway" "$HOME/.cargo/bin/lti-gateway"
fi
[ "$1" = run ] || exit 64
shift
program=lti-gateway
if [ "${1-}" = -p ]; then program=$2; shift 2; fi
if [ "${1-}" = -- ]; then shift; fi
exec "$BUILT/$program" "$@"
""",
    "lti-gateway": 'exec "$BUILT/lti-gateway" "$@"',
    "heroku": """
vars="$HOME/config-vars"
case "$1" in
    create) [ "$2" = --buildpack ] && [[ $3 =~ ^https://.*[.]git#[0-9a-z]+$ ]] ;;
    buildpacks:add) [[ $2 =~ ^https://.*[.]git#v[0-9]+$ ]] ;;
    config:set)
        shift
        for var; do
            [[ $var =~ ^([A-Z_]+=[0-9a-f]{32,}|LTI_ISSUER=https://[a-z.-]+)$ ]] || exit 64
            echo "$var" >> "$vars"
        done ;;
    config:get) grep "^$2=" "$vars" | cut -d= -f2 ;;
    open) : ;;
    *) exit 64 ;;
esac
""",
    "git": """
case "$1" in add|commit) exit ;; esac
[ "$*" = "push heroku main" ] || exit 64
release=$(sed -n 's/^release: //p' Procfile)
exec env -i PATH="$PATH" DYNO=release.1 $(cat "$HOME/config-vars") sh -c "$release"
""",
    "docker": """
while [ $# -gt 0 ]; do
    case "$1" in
        --target) grep -qx "FROM .* AS $2" Dockerfile || exit 64; shift ;;
        --file | --env-file) [ -f "$2" ] || exit 64; shift ;;
        --tag) shift ;;
    esac
    shift
done
""",
    "sudo": """
changed=()
for argument; do
    case "$argument" in
        /etc/* | /opt/* | /usr/local/*)
            argument=$HOME/root$argument
            mkdir -p "${argument%/*}" ;;
    esac
    changed+=("$argument")
done
case "$1" in
    cp | install | mkdir | sed) exec "${changed[@]}" ;;
    apt-get | certbot | nginx | systemctl | useradd) echo "$*" >> "$HOME/administration" ;;
    *) exit 64 ;;
esac
""",
}


class Terminal:
    """A shell in a copy of the repository. `built` is the directory of the debug build."""

    def __init__(self, checkout: Checkout, built: Path):
        self.root = checkout.root
        self.port = free_port()
        self._home = tempfile.TemporaryDirectory()
        self._background: dict[str, subprocess.Popen] = {}
        self._output = tempfile.TemporaryFile()
        directory = Path(self._home.name, "bin")
        directory.mkdir()
        for name, script in COMMANDS.items():
            program = directory / name
            program.write_text(f"#!/usr/bin/env bash\nset -euo pipefail\n{script}")
            program.chmod(0o755)
        self.variables = {
            **CLEAN,
            "PATH": f"{directory}:{CLEAN['PATH']}",
            "HOME": self._home.name,
            "BUILT": str(built),
            "PORT": str(self.port),
            "LTI_GATEWAY": f"http://127.0.0.1:{self.port}",
        }

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_) -> None:
        for command in list(self._background):
            self.end(command)
        self._output.close()
        self._home.cleanup()

    def run(self, line: str) -> str:
        """Runs a command line, which must succeed. Returns its output."""
        ended = subprocess.run(
            ["bash", "-euc", line],
            cwd=self.root,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )
        assert ended.returncode == 0, (
            f"{line}: exit code {ended.returncode}\n{ended.stdout}{ended.stderr}"
        )
        return ended.stdout

    def start(self, line: str, port: int) -> None:
        """Starts a command line in the background, or restarts it, and waits for its port."""
        self.end(line)
        self._background[line] = subprocess.Popen(
            ["bash", "-euc", f"exec {line}"],
            cwd=self.root,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            assert self._background[line].poll() is None, f"{line} ended:\n{self.output()}"
            try:
                self.get("/", port)
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"{line}: no response at port {port}:\n{self.output()}")

    def end(self, line: str) -> None:
        """Sends SIGINT, as Ctrl-C does, if the command runs."""
        process = self._background.pop(line, None)
        if process:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(TIMEOUT)
            finally:
                process.kill()

    def output(self) -> str:
        """The output of the background commands."""
        return os.pread(self._output.fileno(), 1_000_000, 0).decode()

    def get(self, path: str, port: int | None = None) -> str:
        """The body of a page."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=TIMEOUT)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def write(self, name: str, text: str) -> None:
        """Writes a file, as an editor does."""
        (self.root / name).write_text(text)

    def replace(self, name: str, old: str, new: str) -> None:
        """Replaces a text that occurs once in a file."""
        text = (self.root / name).read_text()
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {name}"
        self.write(name, text.replace(old, new))

    def words(self, path: str) -> str:
        """The text of a page, without markup."""
        return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", self.get(path)))

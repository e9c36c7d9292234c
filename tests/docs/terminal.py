"""A shell of somebody who follows the docs: what they type, and what runs beside it."""

import http.client
import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from checkout import CLEAN, Checkout
from running import PATIENCE, free_port

# Commands of other people that need an account or minutes. `cargo run` runs what is built; Heroku's take a push where the release
# command of the Procfile ends well with the config vars that were set.
COMMANDS = {
    "cargo": """
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
    create) [ "$2" = --buildpack ] && grep -qF "\\"$3\\"" app.json ;;
    config:set)
        shift
        for var; do [[ $var =~ ^[A-Z_]+=[0-9a-f]{32,}$ ]] || exit 64; echo "$var" >> "$vars"; done ;;
    config:get) grep "^$2=" "$vars" | cut -d= -f2 ;;
    open) : ;;
    *) exit 64 ;;
esac
""",
    "git": """
[ "$*" = "push heroku main" ] || exit 64
release=$(sed -n 's/^release: //p' Procfile)
exec env -i PATH="$PATH" DYNO=release.1 $(cat "$HOME/config-vars") sh -c "$release"
""",
}


class Terminal:
    """In a copy of the repository; `built` is the folder of the debug build."""

    def __init__(self, checkout: Checkout, built: Path):
        self.root = checkout.root
        self.port = free_port()
        self._home = tempfile.TemporaryDirectory()
        self._beside: dict[str, subprocess.Popen] = {}
        self._output = tempfile.TemporaryFile()
        folder = Path(self._home.name, "bin")
        folder.mkdir()
        for name, script in COMMANDS.items():
            program = folder / name
            program.write_text(f"#!/usr/bin/env bash\nset -euo pipefail\n{script}")
            program.chmod(0o755)
        self.variables = {
            **CLEAN,
            "PATH": f"{folder}:{CLEAN['PATH']}",
            "HOME": self._home.name,
            "BUILT": str(built),
            "PORT": str(self.port),
            "LTI_GATEWAY": f"http://127.0.0.1:{self.port}",
        }

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_) -> None:
        for command in list(self._beside):
            self.end(command)
        self._output.close()
        self._home.cleanup()

    def run(self, line: str) -> str:
        """Runs a line to its end, which has to be a good one; what it prints."""
        ended = subprocess.run(
            ["bash", "-euc", line],
            cwd=self.root,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert ended.returncode == 0, f"{line}: exit code {ended.returncode}\n{ended.stdout}{ended.stderr}"
        return ended.stdout

    def start(self, line: str, port: int) -> None:
        """Starts a line that goes on running, anew where it ran already, and waits until it answers at its port."""
        self.end(line)
        self._beside[line] = subprocess.Popen(
            ["bash", "-euc", f"exec {line}"],
            cwd=self.root,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            assert self._beside[line].poll() is None, f"{line} ended:\n{self.output()}"
            try:
                self.get("/", port)
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"{line}: nothing answers at port {port}:\n{self.output()}")

    def end(self, line: str) -> None:
        """Ctrl-C, where it runs."""
        process = self._beside.pop(line, None)
        if process:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(PATIENCE)
            finally:
                process.kill()

    def output(self) -> str:
        """What the lines that go on running wrote."""
        return os.pread(self._output.fileno(), 1_000_000, 0).decode()

    def get(self, path: str, port: int | None = None) -> str:
        """A page."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def write(self, name: str, text: str) -> None:
        """What an editor does."""
        (self.root / name).write_text(text)

    def replace(self, name: str, old: str, new: str) -> None:
        """The same, for a part that is there once."""
        text = (self.root / name).read_text()
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {name}"
        self.write(name, text.replace(old, new))

    def words(self, path: str) -> str:
        """A page without its markup."""
        return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", self.get(path)))

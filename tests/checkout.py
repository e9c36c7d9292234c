"""A clean checkout of this repository, with a built program."""

import shutil
import subprocess
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]

# No variables of the caller: its environment may set a port or a secret.
CLEAN = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}

VARIABLES = {
    "GATEWAY_SECRET": "foreman-gateway-secret-0123456789abcdef",
    "HELLO_SECRET": "foreman-hello-secret",
    "STAFF_SECRET": "foreman-staff-secret",
    "ADDER_SECRET": "foreman-adder-secret",
    "LTI_GATEWAY_PUBLIC_URL": "https://tools.example",
}


class Checkout:
    """A copy of every tracked file, with the program at the path in the Procfile."""

    def __init__(self, binary: Path):
        self._directory = tempfile.TemporaryDirectory(prefix="lti-gateway-")
        self.root = Path(self._directory.name)
        listing = subprocess.run(
            ["git", "ls-files", "-z"], cwd=REPOSITORY, check=True, capture_output=True, text=True
        )
        for name in filter(None, listing.stdout.split("\0")):
            if not (REPOSITORY / name).exists():
                continue  # deleted, but not committed yet
            copy = self.root / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, copy)
        program = self.root / "target" / "release" / "lti-gateway"
        program.parent.mkdir(parents=True)
        shutil.copy2(binary, program)
        self.set_variables(VARIABLES)

    def __enter__(self) -> "Checkout":
        return self

    def __exit__(self, *_) -> None:
        self._directory.cleanup()

    def set_variables(self, variables: dict[str, str]) -> None:
        """Writes `.env`."""
        text = "".join(f"{name}={value}\n" for name, value in variables.items())
        (self.root / ".env").write_text(text)

    def command(self, process: str) -> str:
        """The command of a process in the Procfile."""
        lines = dict(
            line.split(": ", 1) for line in (self.root / "Procfile").read_text().splitlines()
        )
        return lines[process]

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess:
        """Runs a command. Its `stdout` contains standard output and standard error."""
        return subprocess.run(
            command,
            cwd=self.root,
            env={**CLEAN, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )

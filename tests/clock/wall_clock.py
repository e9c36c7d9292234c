"""A wall clock that the tests set while a program runs, by Debian's libfaketime.

The monotonic clock stays true, as on a machine whose clock is set.
"""

import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Self

# The variant of the library for programs with threads: it locks its reading of the file.
LIBRARY = "faketime/libfaketimeMT.so.1"

# Debian has a directory for each architecture.
PLACES = ("/usr/lib/*", "/usr/lib", "/usr/lib64", "/usr/local/lib")

# Shared memory that the library creates for a process, and removes only if the process exits.
SHARED = ("/dev/shm/faketime_shm_{}", "/dev/shm/sem.faketime_sem_{}")


class WallClock:
    """A clock in a file. It shows the true time until it is set."""

    def __init__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="lti-gateway-clock-")
        self._file = Path(self._directory.name, "clock")
        self.run_from(int(time.time()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self._directory.cleanup()

    def variables(self) -> dict[str, str]:
        """The environment of a program with this clock."""
        return {"LD_PRELOAD": library(), "FAKETIME_TIMESTAMP_FILE": str(self._file), **SETTINGS}

    def run_from(self, seconds: int) -> None:
        """Sets the clock to these seconds since the epoch. It runs on from there."""
        self._offset = seconds - int(time.time())
        self._write(f"{self._offset:+}")

    def jump(self, seconds: int) -> None:
        """Sets the clock ahead by so many seconds, or back if they are negative."""
        self._offset += seconds
        self._write(f"{self._offset:+}")

    def stop_at(self, seconds: int) -> None:
        """Stops the clock at these seconds since the epoch, for exact limits."""
        self._write(str(seconds))

    def now(self) -> int:
        """The time of a running clock, in seconds since the epoch."""
        return int(time.time()) + self._offset

    def _write(self, text: str) -> None:
        # The program must never read a half-written file. The library ignores one of one byte.
        new = self._file.with_suffix(".new")
        new.write_text(f"{text}\n")
        new.replace(self._file)


SETTINGS = {
    # The program reads the file at every look at the clock.
    "FAKETIME_NO_CACHE": "1",
    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    # A stopped clock is in seconds since the epoch.
    "FAKETIME_FMT": "%s",
    # A clock that is set changes the timestamp of no file.
    "NO_FAKE_STAT": "1",
}


@cache
def library() -> str:
    """The path of the library for this architecture."""
    found = sorted({path for place in PLACES for path in Path("/").glob(f"{place[1:]}/{LIBRARY}")})
    for path in map(str, found):
        # The loader ignores a library of another architecture.
        shown = subprocess.run(
            [sys.executable, "-c", "import time; print(int(time.time()))"],
            env={"LD_PRELOAD": path, "FAKETIME": "1000000000", **SETTINGS},
            capture_output=True,
            text=True,
        )
        if shown.stdout.strip() == "1000000000":
            return path
    raise FileNotFoundError(f"{LIBRARY} is missing or does not work; install Debian's `faketime`")


def clean_up(pid: int) -> None:
    """Removes the shared memory of a killed process, which another one with this id would find."""
    for name in SHARED:
        Path(name.format(pid)).unlink(missing_ok=True)

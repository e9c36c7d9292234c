"""A disk for the gateway's log that fills while the gateway runs."""

import errno
import os
import subprocess
import tempfile
from typing import BinaryIO, Self

# The size in bytes: a third of the log of 500 grades under faults.
SIZE = 64 * 1024

# Refuses every write, as a full disk does.
FULL = "/dev/full"


class LogDisk:
    """A small tmpfs. Without the right to mount: a file, and `/dev/full` from the third start on."""

    def __enter__(self) -> Self:
        self._temporary = tempfile.TemporaryDirectory()
        path = self._temporary.name
        self.is_mounted = run("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "log", path)
        self._directory = os.open(path, os.O_DIRECTORY)
        if self.is_mounted:
            # The disk exists until its last descriptor is closed, so a killed test leaves none.
            run("umount", "--lazy", path)
        self._starts = 0
        return self

    def __exit__(self, *_) -> None:
        os.close(self._directory)
        self._temporary.cleanup()

    def log(self) -> BinaryIO:
        """The file for the output of the next start."""
        self._starts += 1
        return os.fdopen(self._open(), "a+b", buffering=0)

    def is_full(self) -> bool:
        """Whether the disk refuses another byte."""
        file = self._open()
        try:
            os.write(file, b"\n")
        except OSError as error:
            assert error.errno == errno.ENOSPC, error
            return True
        finally:
            os.close(file)
        return False

    def _open(self) -> int:
        if not self.is_mounted and self._starts > 2:
            return os.open(FULL, os.O_RDWR)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
        return os.open("log", flags, 0o600, dir_fd=self._directory)


def run(*command: str) -> bool:
    """Whether the command succeeds."""
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False

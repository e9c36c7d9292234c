"""The built program, running: on a free port of this machine, and with nothing of its environment."""

import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

# How long it may take to start or to stop, on a slow machine.
PATIENCE = 60


class Running:
    def __init__(self, binary: Path, tools: Path, settings: dict[str, str]):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        self._command = [binary, "--tools", tools]
        self._folder = tools.parent
        self._settings = {"PATH": os.environ["PATH"], "PORT": str(self.port), **settings}
        self._log = tempfile.TemporaryFile()
        self.start()

    def start(self) -> None:
        """Starts it, as often as it has ended. What it writes is one text."""
        self._process = subprocess.Popen(
            self._command,
            cwd=self._folder,
            env=self._settings,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> Self:
        try:
            self.wait_until_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.kill()
        self._log.close()

    def wait_until_up(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            assert self._process.poll() is None, f"the gateway did not start:\n{self.log()}"
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
                connection.request("GET", "/is_up")
                assert connection.getresponse().read() == b"I'm up"
                return
            except ConnectionRefusedError:
                time.sleep(0.02)
        raise AssertionError(f"the gateway did not answer within {PATIENCE} s:\n{self.log()}")

    def stop(self) -> int:
        """Ends it as a host does; its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(PATIENCE)

    def kill(self) -> None:
        """Ends it as a host does that has no time left: it learns nothing of it."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def log(self) -> str:
        """All that it wrote to both streams."""
        # The program shares the file's position, which stays where it is.
        file = self._log.fileno()
        return os.pread(file, os.fstat(file).st_size, 0).decode()

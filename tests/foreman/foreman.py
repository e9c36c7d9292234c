"""A running `foreman start`."""

import http.client
import os
import re
import signal
import socket
import subprocess
import tempfile
import time

from checkout import CLEAN, Checkout

# foreman's own, unless it is taken on this machine.
PORT = 5000

# How long anything may take on a slow machine. foreman gives the program 30 s to stop.
PATIENCE = 60

# How long a stop may take where no request is open. Open ones are given 20 s (Rocket.toml).
AT_ONCE = 10


class Foreman:
    def __init__(self, checkout: Checkout, port: int):
        self.port = port
        self._output = tempfile.TemporaryFile()
        command = ["foreman", "start"]
        if port != PORT:
            command += ["-p", str(port)]
        self._process = subprocess.Popen(
            command,
            cwd=checkout.root,
            env=CLEAN,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def __enter__(self) -> "Foreman":
        return self

    def __exit__(self, *_) -> None:
        # Whatever a failed case left of it: the group is its own.
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        self._output.close()

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body, as soon as there is an answer."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            assert self._process.poll() is None, f"foreman ended:\n{self.output()}"
            connection = http.client.HTTPConnection("localhost", self.port, timeout=PATIENCE)
            try:
                connection.request("GET", path)
                response = connection.getresponse()
                return response.status, response.read()
            except ConnectionRefusedError:
                time.sleep(0.02)
            finally:
                connection.close()
        raise AssertionError(f"nothing answers at port {self.port} within {PATIENCE} s:\n{self.output()}")

    def output(self) -> str:
        self._output.seek(0)
        return self._output.read().decode()

    def started(self) -> dict[str, int]:
        """The processes that it started, by name, and their ids."""
        found = re.findall(r"^\S+ (\w+\.\d+) +\| started with pid (\d+)$", self.output(), re.MULTILINE)
        return {name: int(pid) for name, pid in found}

    def terminate(self) -> int:
        """Tells foreman, and nobody else, to stop; its exit code."""
        self._process.terminate()
        return self.wait()

    def interrupt(self) -> int:
        """Ctrl-C in its terminal, which tells the program too; its exit code."""
        os.killpg(self._process.pid, signal.SIGINT)
        return self.wait()

    def wait(self) -> int:
        return self._process.wait(PATIENCE)


def is_free(port: int) -> bool:
    """Whether a server could take this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """foreman's own port if nobody has it, else any."""
    if is_free(PORT):
        return PORT
    with socket.socket() as probe:
        probe.bind(("0.0.0.0", 0))
        return probe.getsockname()[1]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True

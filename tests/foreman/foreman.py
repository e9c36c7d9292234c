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

# foreman's default port.
PORT = 5000

# The timeout of every step, in seconds. foreman gives the program 30 s to stop.
TIMEOUT = 60

# The longest duration of a stop without open requests, in seconds. Open requests have 20 s
# (Rocket.toml).
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
        # Clean up after a failed case: foreman has a process group of its own.
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        self._output.close()

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body, as soon as the gateway responds."""
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            assert self._process.poll() is None, f"foreman ended:\n{self.output()}"
            connection = http.client.HTTPConnection("localhost", self.port, timeout=TIMEOUT)
            try:
                connection.request("GET", path)
                response = connection.getresponse()
                return response.status, response.read()
            except ConnectionRefusedError:
                time.sleep(0.02)
            finally:
                connection.close()
        raise AssertionError(
            f"no response at port {self.port} within {TIMEOUT} s:\n{self.output()}"
        )

    def output(self) -> str:
        self._output.seek(0)
        return self._output.read().decode()

    def started(self) -> dict[str, int]:
        """The started processes: names and process ids."""
        found = re.findall(
            r"^\S+ (\w+\.\d+) +\| started with pid (\d+)$", self.output(), re.MULTILINE
        )
        return {name: int(pid) for name, pid in found}

    def terminate(self) -> int:
        """Sends SIGTERM to foreman alone. Returns its exit code."""
        self._process.terminate()
        return self.wait()

    def interrupt(self) -> int:
        """Sends SIGINT to the process group, as Ctrl-C does. Returns foreman's exit code."""
        os.killpg(self._process.pid, signal.SIGINT)
        return self.wait()

    def wait(self) -> int:
        return self._process.wait(TIMEOUT)


def is_free(port: int) -> bool:
    """Whether a server can listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """foreman's default port if it is free, otherwise any free port."""
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

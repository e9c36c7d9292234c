"""The built program on a free loopback port, with a clean environment."""

import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import quote, quote_plus, urlsplit

# The timeout of a start, a stop or a response, in seconds.
TIMEOUT = 60

# A shorter text, such as "Al", can be in any log by chance.
SHORTEST_FORBIDDEN = 4


@dataclass
class Visit:
    """The result of a launch: path and page of the app, and the browser's cookie header."""

    path: str
    headers: dict[str, str]
    page: str


class Running:
    def __init__(self, binary: Path, tools: Path, settings: dict[str, str]):
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self._host = urlsplit(settings.get("LTI_GATEWAY_PUBLIC_URL", self.origin)).netloc
        self._command = [binary, "--tools", tools]
        self._directory = tools.parent
        self._settings = {"PATH": os.environ["PATH"], "PORT": str(self.port), **settings}
        self._forbidden: set[str] = set()
        self._log = tempfile.TemporaryFile()
        self.start()

    def start(self) -> None:
        """Starts the program, also after it ended. All runs write to one log."""
        self._process = subprocess.Popen(
            self._command,
            cwd=self._directory,
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
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            assert self._process.poll() is None, f"the gateway did not start:\n{self.log()}"
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
                connection.request("GET", "/is_up")
                assert connection.getresponse().read() == b"I'm up"
                return
            except ConnectionRefusedError:
                time.sleep(0.02)
        raise AssertionError(f"the gateway did not respond within {TIMEOUT} s:\n{self.log()}")

    def ask(
        self, method: str, path: str, headers: dict[str, str], body: str | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Status, headers and body of a response."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        try:
            connection.request(method, path, body, {"Host": self._host, **headers})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def open(self, path: str, form: str) -> Visit:
        """Posts a launch and follows the redirects to the app, as a browser does."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        status, launched, _ = self.ask("POST", path, headers, form)
        assert status == 303, f"{status}, expected 303; {self.log()}"
        cookies = [value.partition(";")[0] for value in launched.get_all("Set-Cookie")]
        browser = {"Cookie": "; ".join(cookies)}
        status, door, _ = self.ask("GET", launched["Location"], browser)
        assert status == 303, f"{status} at the entry URL, expected 303; {self.log()}"
        status, _, page = self.ask("GET", door["Location"], browser)
        assert status == 200, f"{status} from the app, expected 200; {self.log()}"
        return Visit(door["Location"], browser, page.decode())

    def stop(self) -> int:
        """Sends SIGTERM and returns the exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(TIMEOUT)

    def kill(self) -> None:
        """Sends SIGKILL, as in a crash."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def forbid(self, *texts: str) -> None:
        """Adds texts that the log must not contain."""
        self._forbidden.update(text for text in texts if len(text) >= SHORTEST_FORBIDDEN)

    def leaks(self) -> list[str]:
        """The forbidden texts that are in the log."""
        log = self.log()
        spellings = {
            text: {text, quote(text, safe=""), quote_plus(text), rust_debug(text)}
            for text in self._forbidden
        }
        return sorted(
            text for text, forms in spellings.items() if any(form in log for form in forms)
        )

    def log(self) -> str:
        """All output, of both streams."""
        # `pread` leaves the file position alone, which the program shares.
        file = self._log.fileno()
        return os.pread(file, os.fstat(file).st_size, 0).decode()


def free_port() -> int:
    """A loopback port without a listener."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def rust_debug(text: str) -> str:
    """The text in the format of Rust's `{:?}`, without the quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"')

"""The built program, on a free port of this machine and with nothing of its environment; launches that come in."""

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

# How long it may take to start or to stop, on a slow machine.
PATIENCE = 60

# Shorter text, such as "Al", stands in any log by chance.
SHORTEST_CONFIDENCE = 4


@dataclass
class Visit:
    """Where a launch led: the app's address and page, and the headers by which the browser comes in there again."""

    path: str
    headers: dict[str, str]
    page: str


class Running:
    def __init__(self, binary: Path, tools: Path, settings: dict[str, str]):
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self._host = urlsplit(settings.get("LTI_GATEWAY_PUBLIC_URL", self.origin)).netloc
        self._command = [binary, "--tools", tools]
        self._folder = tools.parent
        self._settings = {"PATH": os.environ["PATH"], "PORT": str(self.port), **settings}
        self._confidences: set[str] = set()
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

    def ask(
        self, method: str, path: str, headers: dict[str, str], body: str | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Status, headers and body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, {"Host": self._host, **headers})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def come_in(self, path: str, form: str) -> Visit:
        """Posts a launch and follows as a browser does, up to the app."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        status, answer, _ = self.ask("POST", path, headers, form)
        assert status == 303, f"{status}, expected 303; {self.log()}"
        cookies = [value.partition(";")[0] for value in answer.get_all("Set-Cookie")]
        browser = {"Cookie": "; ".join(cookies)}
        status, door, _ = self.ask("GET", answer["Location"], browser)
        assert status == 303, f"{status} at the door, expected 303; {self.log()}"
        status, _, page = self.ask("GET", door["Location"], browser)
        assert status == 200, f"{status} from the app, expected 200; {self.log()}"
        return Visit(door["Location"], browser, page.decode())

    def stop(self) -> int:
        """Ends it as a host does; its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(PATIENCE)

    def kill(self) -> None:
        """Ends it as a host does that has no time left: it learns nothing of it."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def confide(self, *texts: str) -> None:
        """Text that it must not say."""
        self._confidences.update(text for text in texts if len(text) >= SHORTEST_CONFIDENCE)

    def indiscretions(self) -> list[str]:
        """What it said and should not have."""
        log = self.log()
        spellings = {
            confidence: {
                confidence,
                quote(confidence, safe=""),
                quote_plus(confidence),
                rust_debug(confidence),
            }
            for confidence in self._confidences
        }
        return sorted(
            confidence for confidence, spelt in spellings.items() if any(text in log for text in spelt)
        )

    def log(self) -> str:
        """All that it wrote to both streams."""
        # The program shares the file's position, which stays where it is.
        file = self._log.fileno()
        return os.pread(file, os.fstat(file).st_size, 0).decode()


def free_port() -> int:
    """One of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def rust_debug(text: str) -> str:
    """As Rust's `{:?}` spells it, without the quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"')

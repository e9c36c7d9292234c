"""A running gateway: the built program, with a tools file of its own, and launches that come in to its app."""

import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import oauthlib.oauth1

# How long it may take to start or to stop, on a slow machine.
PATIENCE = 60

LAUNCH = {
    "lti_message_type": "basic-lti-launch-request",
    "lti_version": "LTI-1p0",
    "context_id": "course-1",
    "resource_link_id": "block-1",
    "user_id": "29123",
    "roles": "Instructor",
}


class Gateway:
    def __init__(self, binary: Path, tools: str, public_url: str, environment: dict[str, str]):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.public_url = public_url
        self._folder = tempfile.TemporaryDirectory()
        file = Path(self._folder.name, "tools.toml")
        file.write_text(tools)
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [binary, "--tools", file],
            cwd=self._folder.name,
            env={
                "PATH": os.environ["PATH"],
                "PORT": str(self.port),
                "LTI_GATEWAY_PUBLIC_URL": public_url,
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> "Gateway":
        try:
            self._wait_until_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()
        self._log.close()
        self._folder.cleanup()

    def log(self) -> str:
        self._log.seek(0)
        return self._log.read().decode()

    def launch(self, path: str, key: str, secret: str, fields: dict[str, str]) -> None:
        """Launches as a platform with this key does, and comes in as a browser does, up to the app."""
        client = oauthlib.oauth1.Client(
            key, client_secret=secret, signature_type=oauthlib.oauth1.SIGNATURE_TYPE_BODY
        )
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        _, headers, body = client.sign(
            self.public_url + path, http_method="POST", body={**LAUNCH, **fields}, headers=form
        )
        status, answer, _ = self.ask("POST", path, headers, body)
        assert status == 303, f"{status}, expected 303; {self.log()}"
        cookies = [value.partition(";")[0] for value in answer.get_all("Set-Cookie")]
        browser = {"Cookie": "; ".join(cookies)}
        status, door, _ = self.ask("GET", answer["Location"], browser)
        assert status == 303, f"{status} at the door, expected 303; {self.log()}"
        status, _, _ = self.ask("GET", door["Location"], browser)
        assert status == 200, f"{status} from the app, expected 200; {self.log()}"

    def ask(
        self, method: str, path: str, headers: dict[str, str], body: str | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Status, headers and body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, {"Host": urlsplit(self.public_url).netloc, **headers})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            assert self._process.poll() is None, f"the gateway did not start:\n{self.log()}"
            try:
                self.ask("GET", "/is_up", {})
                return
            except ConnectionRefusedError:
                time.sleep(0.02)
        raise AssertionError(f"the gateway did not answer within {PATIENCE} s:\n{self.log()}")

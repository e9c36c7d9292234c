"""HTTP requests to the gateway: counted, with a timeout, and over connections that stay open."""

import http.client
import re
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from http.client import HTTPMessage

from ledger import Ledger
from production import HOST

FORM = "application/x-www-form-urlencoded"

# A response that takes longer is a failure, in seconds. Also while nobody reads the log.
TIMEOUT = 20

# A connection that was idle for longer is not used again, in seconds. The gateway closes it later.
IDLE = 60

# The reference on the page of a refusal, and in its JSON.
REFERENCE = re.compile(rb"reference <code>(\w+)</code>|\"reference\":\s*\"(\w+)\"")


class Unexpected(Exception):
    """A response with another status than the expected one."""

    def __init__(self, message: str, status: int):
        super().__init__(message)
        self.status = status


@dataclass
class Response:
    kind: str
    status: int
    headers: HTTPMessage
    content: bytes

    @property
    def reference(self) -> str:
        found = REFERENCE.search(self.content)
        return (found[1] or found[2]).decode() if found else "no reference"

    @property
    def location(self) -> str:
        return self.headers["Location"]

    def cookies(self) -> str:
        """The `Cookie` header of a browser that received this response."""
        set_cookies = self.headers.get_all("Set-Cookie", [])
        return "; ".join(value.partition(";")[0] for value in set_cookies)

    def expect(self, status: int) -> "Response":
        if self.status != status:
            text = self.content[:200].decode(errors="replace")
            message = f"{self.status} ({self.reference}), expected {status}: {text}"
            raise Unexpected(message, self.status)
        return self


class Client:
    """The connections of one thread."""

    def __init__(self, port: int, ledger: Ledger):
        self._port = port
        self._ledger = ledger
        self._connection: http.client.HTTPConnection | None = None
        self._used = 0.0
        # Sessions of this thread, for further requests.
        self.visits: list = []

    def get(self, kind: str, path: str, cookies: str = "", **headers: str) -> Response:
        return self.ask(kind, "GET", path, {"Cookie": cookies, **headers})

    def post_form(
        self, kind: str, path: str, body: str, cookies: str = "", **headers: str
    ) -> Response:
        headers = {"Content-Type": FORM, "Cookie": cookies, **headers}
        return self.ask(kind, "POST", path, headers, body)

    def ask(
        self,
        kind: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: str | bytes | Iterable[bytes] | None = None,
    ) -> Response:
        """Sends a request and counts its status. A broken connection raises."""
        sent = {"Host": HOST, **{name: value for name, value in headers.items() if value}}
        began = time.monotonic()
        if began - self._used > IDLE:
            self.close()
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(
                    "127.0.0.1", self._port, timeout=TIMEOUT
                )
            self._connection.request(method, path, body, sent)
            got = self._connection.getresponse()
            response = Response(kind, got.status, got.headers, got.read())
            self._used = time.monotonic()
        except TimeoutError as error:
            self.close()
            self._ledger.count(kind, "timeout")
            message = f"{method} {shown(path)}: no response within {TIMEOUT} s"
            raise AssertionError(message) from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            self._ledger.count(kind, "broken")
            took = time.monotonic() - began
            message = f"{method} {shown(path)} broke after {took:.1f} s: {error!r}"
            raise ConnectionError(message) from error
        self._ledger.count(kind, response.status)
        return response

    def raw(self) -> socket.socket:
        """A new connection for bytes."""
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=TIMEOUT)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def count(self, kind: str, result: object) -> None:
        self._ledger.count(kind, result)

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None


def expect_line(line: bytes, status: int) -> None:
    """Asserts the status of a raw response by its status line."""
    parts = line.split(b" ")
    got = int(parts[1]) if len(parts) > 1 else 0
    if not got:
        raise ConnectionError("the connection ended before the response")
    if got != status:
        raise Unexpected(f"{line.decode(errors='replace').strip()!r}, expected {status}", got)


def shown(path: str) -> str:
    """A path without its ticket."""
    return path.partition("lti_ticket=")[0]


def head(method: str, path: str, **headers: object) -> bytes:
    """The head of a raw request. `_` in a name stands for `-`."""
    fields = {"Host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode()

"""The app behind the gateway: pages, uploads, downloads, events, WebSockets, and restarts."""

import hashlib
import json
import random
import socket
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Self
from urllib.parse import parse_qs, urlsplit

import websocket
from ledger import Ledger

# The base path of the tool with `prefix = "tool"`.
BASE = "/base"

# A request with this header must never arrive.
FORBIDDEN = "X-Soak-Forbidden"

# In seconds: between two events.
EVENT_PAUSE = 0.2


def content(size: int, seed: int) -> bytes:
    """The content of a download, which both sides compute."""
    return random.Random(seed).randbytes(size)


class Upstream:
    """A server with a port of its own, which it keeps over restarts."""

    def __init__(self, ledger: Ledger):
        self.ledger = ledger
        self._server = _Server(0, self)
        self.port = self._server.server_port
        self.origin = f"http://127.0.0.1:{self.port}"
        # When it was down: beginning and end, in monotonic seconds.
        self._downs: list[tuple[float, float]] = []

    def __enter__(self) -> Self:
        self._serve()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._server.close_all()

    def _serve(self) -> None:
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def restart(self, pause: float) -> None:
        """Breaks all connections, is away for this time, and listens again."""
        began = time.monotonic()
        self._downs.append((began, float("inf")))
        self._server.shutdown()
        self._server.close_all()
        time.sleep(pause)
        self._server = _Server(self.port, self)
        self._serve()
        self._downs[-1] = (began, time.monotonic())

    def was_down_since(self, began: float) -> bool:
        """Whether a request that began then may have met a restart."""
        return any(end >= began for _, end in self._downs)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, upstream: Upstream):
        self.upstream = upstream
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request, client_address) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def close_all(self) -> None:
        self.server_close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # It is closed already.

    def handle_error(self, request, client_address) -> None:
        error = sys.exception() if hasattr(sys, "exception") else sys.exc_info()[1]
        if not isinstance(error, (OSError, EOFError)):
            self.upstream.ledger.fail("the upstream", repr(error))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 120

    def do_GET(self) -> None:
        upstream: Upstream = self.server.upstream
        if wrong := self.headers.get(FORBIDDEN):
            message = f"WRONG ACCEPT: the upstream received {self.command} {self.path}"
            upstream.ledger.stop(wrong, message)
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        match url.path.removeprefix(BASE).strip("/"):
            case "upload":
                digest, size = self._digest()
                self._respond(json.dumps({"sha256": digest, "size": size}).encode())
            case "bytes":
                self._respond(content(int(query["size"]), int(query["seed"])))
            case "events":
                self._stream(int(query["number"]))
            case "socket":
                self._echo()
            case "":
                self._digest()
                self._respond(json.dumps(self._identity()).encode())
            case _:
                self.send_error(404)

    do_POST = do_PUT = do_GET

    def log_message(self, *_) -> None:
        pass

    def _identity(self) -> dict[str, str | None]:
        """What the gateway reports about the user."""
        return {
            "user": self.headers.get("X-Forwarded-User"),
            "roles": self.headers.get("X-Forwarded-Groups"),
            "token": self.headers.get("X-LTI-Grade-Token"),
            "assertion": self.headers.get("X-LTI-Assertion"),
        }

    def _respond(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _digest(self) -> tuple[str, int]:
        """Checksum and size of the body."""
        digest, size = hashlib.sha256(), 0
        for part in self._body():
            digest.update(part)
            size += len(part)
        return digest.hexdigest(), size

    def _body(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            yield self._exactly(int(self.headers.get("Content-Length", 0)))
            return
        while size := int(self.rfile.readline().split(b";")[0] or b"x", 16):
            yield self._exactly(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # A trailer.

    def _exactly(self, size: int) -> bytes:
        read = self.rfile.read(size)
        if len(read) < size:
            raise EOFError("the gateway closed the connection")
        return read

    def _stream(self, number: int) -> None:
        """Sends so many events, one after the other."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for at in range(number):
            event = f"data: {at}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            time.sleep(EVENT_PAUSE)
        self.wfile.write(b"0\r\n\r\n")

    def _echo(self) -> None:
        """Accepts a WebSocket and returns its frames."""
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        accepted = websocket.accept(self.headers["Sec-WebSocket-Key"])
        self.send_header("Sec-WebSocket-Accept", accepted)
        self.end_headers()
        self.close_connection = True
        while True:
            opcode, payload = websocket.read_frame(self._exactly)
            self.wfile.write(websocket.frame(opcode, payload, is_masked=False))
            if opcode == websocket.CLOSE:
                return

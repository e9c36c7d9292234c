"""The app behind the gateway: uploads, events, large headers and a WebSocket."""

import hashlib
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Self

import websocket

# The timeout in seconds. Data that a front delays for longer counts as lost.
TIMEOUT = 20

# The size of a large response header.
LARGE = 100_000


class App:
    def __init__(self):
        # Set when the first part of an upload has arrived.
        self.began = Event()
        # Set when the test has received the first event.
        self.seen = Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.app = self
        self.origin = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._server.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = TIMEOUT

    def do_GET(self) -> None:
        match self.path:
            case "/events":
                self._events()
            case "/socket":
                self._socket()
            case "/large-header":
                self._respond(b"", {"X-Large": "x" * LARGE})
            case _:
                received = {name.lower(): value for name, value in self.headers.items()}
                self._respond(json.dumps(received).encode(), {})

    def do_POST(self) -> None:
        left = int(self.headers["Content-Length"])
        digest = hashlib.sha256()
        while left:
            part = self.rfile.read1(min(left, 65536))
            if not part:
                raise EOFError("the upload broke off")
            digest.update(part)
            left -= len(part)
            self.server.app.began.set()
        self._respond(digest.hexdigest().encode(), {})

    def log_message(self, *_) -> None:
        pass

    def _respond(self, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _events(self) -> None:
        """Sends the second event after the test has seen the first."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._chunk(b"data: first\n\n")
        if self.server.app.seen.wait(TIMEOUT):
            self._chunk(b"data: second\n\n")
        self._chunk(b"")

    def _chunk(self, content: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))

    def _socket(self) -> None:
        """Accepts a WebSocket and returns its frames."""
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        accepted = websocket.accept(self.headers["Sec-WebSocket-Key"])
        self.send_header("Sec-WebSocket-Accept", accepted)
        self.end_headers()
        self.close_connection = True
        while True:
            opcode, payload = websocket.read_frame(self.rfile.read)
            self.wfile.write(websocket.frame(opcode, payload, is_masked=False))
            if opcode == websocket.CLOSE:
                return

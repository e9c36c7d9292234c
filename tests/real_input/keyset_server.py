"""The keysets of the platforms, over HTTP on a free loopback port."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

Keyset = Callable[[], dict]


class KeysetServer:
    """Serves documents by path, and records the paths of all requests."""

    def __init__(self):
        self._documents: dict[str, Keyset] = {}
        self.requested: list[str] = []
        keysets = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                keysets.requested.append(self.path)
                document = keysets._documents.get(self.path)
                body = json.dumps(document() if document else {}).encode()
                self.send_response(200 if document else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"

    def serve(self, path: str, keyset: Keyset) -> None:
        self._documents[path] = keyset

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._server.server_close()

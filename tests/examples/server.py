"""Local web servers: the app behind the gateway, and a server in front of its public keys."""

import http.client
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

JWKS = "/.well-known/jwks.json"


class Server:
    """A server on a free port, with its own threads."""

    def __init__(self):
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, headers, text = server.respond(
                    self.command, self.path, self.headers, content
                )
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_POST = do_PUT = do_DELETE = do_GET

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_port}"

    def respond(
        self, method: str, path: str, headers: http.client.HTTPMessage, content: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and content. Subclasses without extra headers define `answer`."""
        status, text = self.answer(path, headers)
        return status, {}, text

    def speak_tls(self, context: ssl.SSLContext) -> None:
        """Speaks TLS with this certificate. Each connection's thread does its handshake."""
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )

    def __enter__(self):
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._server.server_close()


class App(Server):
    """An app that records its requests."""

    def __init__(self):
        super().__init__()
        self.arrived: list[tuple[str, http.client.HTTPMessage]] = []

    def answer(self, path: str, headers: http.client.HTTPMessage) -> tuple[int, bytes]:
        self.arrived.append((path, headers))
        return 200, b"the app"


class Keys(Server):
    """The public URL of a gateway: passes on requests for the keys, and counts them."""

    def __init__(self):
        super().__init__()
        self.fetched = 0
        self.gateway_port: int | None = None

    def answer(self, path: str, _: http.client.HTTPMessage) -> tuple[int, bytes]:
        assert path == JWKS, path
        self.fetched += 1
        return fetch(self.gateway_port, path)


def fetch(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()

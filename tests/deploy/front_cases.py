"""Launches, uploads, event streams and WebSockets through nginx and Caddy."""

import base64
import hashlib
import http.client
import json
import os
import re
import subprocess

import websocket
from app import LARGE
from case import Cases
from front import DEPLOY, Front, seconds
from running import TIMEOUT
from stage import Stage, rocket

cases = Cases()

FRONTS = ["nginx", "Caddy"]

# Larger than every buffer between the test and the app.
UPLOAD = 24 * 1024 * 1024


@cases.each("accepts the repository's configuration", FRONTS)
def accepts(stage: Stage, name: str):
    checked = stage.fronts[name].check()
    output = checked.stdout + checked.stderr
    assert checked.returncode == 0, output
    assert "warn" not in output.lower() or name == "Caddy", output


@cases.each("a launch reaches the app, with the public URL of the front", FRONTS)
def launch(stage: Stage, name: str):
    front = stage.fronts[name]
    path, browser = front.launch()
    status, _, page = front.ask("GET", path, browser)
    assert status == 200, (status, page)
    headers = json.loads(page)
    assert headers["x-forwarded-user"] == "notebook-key:29123", headers
    assert headers["x-forwarded-host"] == front.host, headers
    assert headers["x-forwarded-proto"] == "https", headers


@cases.each("a forged launch is rejected with the gateway's page", FRONTS)
def forged(stage: Stage, name: str):
    status, headers, page = stage.fronts[name].post_launch("another secret, just as long")
    assert status == 401 and b"reference" in page, (status, page)
    assert headers["Content-Security-Policy"] and not headers["Set-Cookie"], headers


@cases.each("headers of a client change neither user nor public URL", FRONTS)
def forged_headers(stage: Stage, name: str):
    front = stage.fronts[name]
    path, browser = front.launch()
    forged = {
        "X-Forwarded-User": "notebook-key:1",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
    }
    _, _, page = front.ask("GET", path, {**browser, **forged})
    headers = json.loads(page)
    assert headers["x-forwarded-user"] == "notebook-key:29123", headers
    assert headers["x-forwarded-host"] == front.host, headers
    assert headers["x-forwarded-proto"] == "https", headers


@cases.each("an upload of 24 MiB arrives whole, and its beginning before its end is sent", FRONTS)
def upload(stage: Stage, name: str):
    front = stage.fronts[name]
    path, browser = front.launch()
    content = os.urandom(UPLOAD)
    stage.app.began.clear()
    connection = front.connect()
    try:
        connection.putrequest("POST", f"{path}upload")
        sent = {
            **browser,
            "Origin": f"https://{front.host}",
            "Content-Type": "application/octet-stream",
            "Content-Length": str(UPLOAD),
        }
        for header, value in sent.items():
            connection.putheader(header, value)
        connection.endheaders()
        connection.send(content[:65536])
        assert stage.app.began.wait(TIMEOUT), "the front holds the upload back"
        connection.send(content[65536:])
        response = connection.getresponse()
        digest = response.read().decode()
        assert response.status == 200, (response.status, digest)
        assert digest == hashlib.sha256(content).hexdigest()
    finally:
        connection.close()


@cases.each("an event arrives before the app sends the next", FRONTS)
def events(stage: Stage, name: str):
    front = stage.fronts[name]
    path, browser = front.launch()
    stage.app.seen.clear()
    connection = front.connect()
    try:
        connection.request("GET", f"{path}events", headers=browser)
        response = connection.getresponse()
        assert response.readline() == b"data: first\n"
        stage.app.seen.set()
        assert response.read() == b"\ndata: second\n\n"
    finally:
        connection.close()


@cases.each("a WebSocket returns frames of any size", FRONTS)
def web_socket(stage: Stage, name: str):
    front = stage.fronts[name]
    path, browser = front.launch()
    connection = front.connect()
    try:
        connection.connect()
        key = base64.b64encode(os.urandom(16)).decode()
        fields = {
            "Host": front.host,
            "Origin": f"https://{front.host}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Version": "13",
            **browser,
        }
        head = "".join(f"{header}: {value}\r\n" for header, value in fields.items())
        connection.sock.sendall(f"GET {path}socket HTTP/1.1\r\n{head}\r\n".encode())
        read = connection.sock.makefile("rb")
        status = read.readline()
        assert status.startswith(b"HTTP/1.1 101 "), status
        while (line := read.readline()) != b"\r\n":
            assert line, "the response has no end"
            header, _, value = line.decode().partition(": ")
            if header.lower() == "sec-websocket-accept":
                assert value.strip() == websocket.accept(key)
        for size in [5, 70_000, 1_000_000]:
            content = os.urandom(size)
            connection.sock.sendall(websocket.frame(websocket.BINARY, content, is_masked=True))
            assert websocket.read_frame(read.read) == (websocket.BINARY, content), size
        connection.sock.sendall(websocket.frame(websocket.CLOSE, b"\x03\xe8", is_masked=True))
        assert websocket.read_frame(read.read) == (websocket.CLOSE, b"\x03\xe8")
    finally:
        connection.close()


@cases.each("large headers pass in both directions", FRONTS)
def large_headers(stage: Stage, name: str):
    front = stage.fronts[name]
    path, browser = front.launch()
    _, _, page = front.ask("GET", path, {**browser, "X-Large": "x" * 50_000})
    assert len(json.loads(page)["x-large"]) == 50_000
    connection = front.connect()
    try:
        connection.connect()
        head = f"GET {path}large-header HTTP/1.1\r\nHost: {front.host}\r\nConnection: close\r\n"
        cookies = f"Cookie: {browser['Cookie']}\r\n\r\n"
        connection.sock.sendall((head + cookies).encode())
        # http.client reads no header of this length.
        response = connection.sock.makefile("rb").read()
        assert response.startswith(b"HTTP/1.1 200 "), response[:500]
        assert re.search(rb"\r\nx-large: x{%d}\r\n" % LARGE, response, re.IGNORECASE)
    finally:
        connection.close()


@cases.each("a tool with a host of its own responds there", FRONTS)
def own_host(stage: Stage, name: str):
    front = stage.fronts[name]
    # Its launch URL is the root, where the public host has the tool list.
    assert front.ask("GET", "/", {"Host": f"lab.{front.host}"})[0] == 405
    assert front.ask("GET", "/")[0] == 200


@cases.each("HTTP/2 reaches the gateway with the same host", FRONTS)
def http_2(stage: Stage, name: str):
    front = stage.fronts[name]
    command = ["curl", "--silent", "--http2", "--cacert", front.authority(), "--output", "-"]
    shown = ["--write-out", "\n%{http_version} %{http_code}", f"https://{front.host}/lti/notebook"]
    got = subprocess.run(
        [*command, *shown],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    # GET of a launch URL: 405 proves that the gateway found the tool.
    assert got.stdout.endswith("\n2 405"), (got.stdout, got.stderr, front.log())


@cases.case("nginx redirects http to https, and a form stays a form (308)")
def redirect(stage: Stage):
    port = stage.fronts["nginx"].plain_port
    connection = http.client.HTTPConnection("localhost", port, timeout=TIMEOUT)
    try:
        connection.request("POST", "/lti/notebook?a=b", "c=d")
        response = connection.getresponse()
        assert (response.status, response.headers["Location"]) == (
            308,
            "https://localhost/lti/notebook?a=b",
        )
    finally:
        connection.close()


@cases.case("nginx serves certbot's challenges, without https")
def challenge(stage: Stage):
    front = stage.fronts["nginx"]
    path = ".well-known/acme-challenge/token"
    (front.directory / path).parent.mkdir(parents=True)
    (front.directory / path).write_text("the challenge")
    connection = http.client.HTTPConnection("localhost", front.plain_port, timeout=TIMEOUT)
    try:
        connection.request("GET", f"/{path}")
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"the challenge")
    finally:
        connection.close()


@cases.case("the fronts close idle connections to the gateway before the gateway does")
def keep_alive(stage: Stage):
    kept = rocket()["keep_alive"]
    caddy = re.search(r"^\s+keepalive (\S+)$", (DEPLOY / "Caddyfile").read_text(), re.MULTILINE)
    assert seconds(caddy[1]) < kept, caddy[1]
    nginx = (DEPLOY / "nginx.conf").read_text()
    # 60 seconds is nginx's default.
    assert "keepalive_timeout" not in nginx and 60 < kept

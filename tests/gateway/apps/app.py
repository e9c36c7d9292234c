"""A web app for tests. Usage: app.py PORT [OPTION…]"""

import http.server
import json
import os
import pathlib
import resource
import signal
import socket
import sys
import time

# Before anything else is open. The directory's own descriptor is gone when its link is read.
FILES = {}
for name in os.listdir("/proc/self/fd"):
    try:
        FILES[name] = os.readlink(f"/proc/self/fd/{name}")
    except FileNotFoundError:
        pass

PORT, OPTIONS = int(sys.argv[1]), sys.argv[2:]
SERVERS = []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/ws":
            self.send_response(101)
            self.send_header("Connection", "Upgrade")
            self.send_header("Upgrade", "websocket")
            self.end_headers()
            self.rfile.read()
            return
        if self.path == "/slow":
            pathlib.Path("slow").touch()
            time.sleep(2)
        if self.path == "/close":
            # The process lives on, and its port is free.
            SERVERS[0].socket.close()
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", f"http://{self.headers['Host']}/target")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.answer()

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer()

    def answer(self):
        body = json.dumps({
            "path": self.path,
            "method": self.command,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "environment": dict(os.environ),
            "files": FILES,
            "process": os.getpid(),
            "port": PORT,
            "directory": os.getcwd(),
            "arguments": sys.argv,
            "open_files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        }).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 100
    if "six" in OPTIONS:
        address_family = socket.AF_INET6


def wait_for(name):
    while not pathlib.Path(name).exists():
        time.sleep(0.01)


if "stubborn" in OPTIONS:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if "late" in OPTIONS:
    pathlib.Path("late.port").write_text(str(PORT))
    wait_for("go")
if "thief" in OPTIONS:
    wait_for("late.port")
    stolen = socket.create_server(("127.0.0.1", int(pathlib.Path("late.port").read_text())))
    pathlib.Path("go").touch()
if "mover" in OPTIONS:
    # The group that the gateway made for this process becomes empty, if the system lets it.
    member = os.fork()
    if member == 0:
        os.setpgid(0, 0)
        pathlib.Path("member").write_text(str(os.getpid()))
        signal.pause()
    wait_for("member")
    try:
        os.setpgid(0, member)
    except PermissionError:
        pass
    pathlib.Path("moved").touch()
if "joiner" in OPTIONS:
    import threading

    def take_port_of_neighbor():
        wait_for("neighbor")
        process, port = map(int, pathlib.Path("neighbor").read_text().split())
        try:
            os.setpgid(0, process)
        except PermissionError:
            pass
        while True:
            try:
                stolen = socket.create_server(("127.0.0.1", port))
                break
            except OSError:
                time.sleep(0.01)
        pathlib.Path("stolen").touch()
        stream, _ = stolen.accept()
        pathlib.Path("received").write_bytes(stream.recv(65536))

    threading.Thread(target=take_port_of_neighbor, daemon=True).start()
if "sharer" in OPTIONS:
    import threading

    def steal_from_shared_port():
        wait_for("shared")
        port = int(pathlib.Path("shared").read_text())
        while True:
            stolen = socket.create_server(("127.0.0.1", port), reuse_port=True)
            stolen.settimeout(0.0005)
            pathlib.Path("sharing").touch()
            try:
                stream, _ = stolen.accept()
            except OSError:
                continue
            finally:
                # The gateway then sees only the socket of its app.
                stolen.close()
            pathlib.Path("accepted").touch()
            stream.settimeout(0.5)
            try:
                received = stream.recv(65536)
            except OSError:
                continue
            if received:
                pathlib.Path("received").write_bytes(received)

    threading.Thread(target=steal_from_shared_port, daemon=True).start()
if "noisy" in OPTIONS:
    import threading

    def print_for_ever():
        while True:
            os.write(1, b"\xff\x1b[31m" + b"x" * 3000 + b"\nshort \"quoted\" line\n")

    threading.Thread(target=print_for_ever, daemon=True).start()
HOST = "::1" if "six" in OPTIONS else "0.0.0.0" if "public" in OPTIONS else "127.0.0.1"
Server.allow_reuse_port = "shared" in OPTIONS
SERVERS.append(Server((HOST, PORT), Handler))
if "shared" in OPTIONS:
    # Each request needs another connection.
    Handler.protocol_version = "HTTP/1.0"
try:
    SERVERS[0].serve_forever(poll_interval=0.05)
except (OSError, ValueError):
    signal.pause()

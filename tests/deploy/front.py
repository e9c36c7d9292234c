"""A front: the reverse proxy of a gateway, nginx or Caddy with the repository's configuration."""

import http.client
import os
import re
import ssl
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from certificate import write_certificate
from gateway import Gateway
from running import TIMEOUT, free_port
from signed_launch import signed_launch

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"

SECRET = "of the notebook, 20 or more characters"
SECRETS = {
    "GATEWAY_SECRET": "of the gateway of these tests, which is no secret",
    "NOTEBOOK_SECRET": SECRET,
}

TOOLS = """
[gateway]
secret = {{ env = "GATEWAY_SECRET" }}

[tools.notebook]
key = "notebook-key"
secret = {{ env = "NOTEBOOK_SECRET" }}
upstream = "{app}"

[tools.lab]
key = "lab-key"
secret = {{ env = "NOTEBOOK_SECRET" }}
upstream = "{app}"
host = "lab.localhost"
"""


class Front:
    """Speaks TLS as localhost on a free port. The gateway's public URL is this server's."""

    def __init__(self, binary: Path, app: str):
        self.port = free_port()
        self.host = f"localhost:{self.port}"
        self._gateway = Gateway(
            binary, TOOLS.format(app=app), f"https://{self.host}", SECRETS
        )
        self.directory = Path(tempfile.mkdtemp(prefix="lti-gateway-front-"))
        self._log = tempfile.TemporaryFile()

    def command(self) -> list[str | Path]:
        """Writes the configuration. Returns the command that serves it."""
        raise NotImplementedError

    def authority(self) -> Path:
        """The certificate of the authority that signed this server's."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.callback(self._log.close)
            stack.callback(subprocess.run, ["rm", "-r", self.directory], check=True)
            self.gateway = stack.enter_context(self._gateway)
            self._process = subprocess.Popen(
                self.command(),
                cwd=self.directory,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=subprocess.STDOUT,
            )
            stack.callback(self._end)
            self._wait_until_up()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()

    def environment(self) -> dict[str, str]:
        return {"PATH": f"{os.environ['PATH']}:/usr/sbin", "HOME": str(self.directory)}

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(TIMEOUT)
        finally:
            self._process.kill()

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            assert self._process.poll() is None, f"it did not start:\n{self.log()}"
            try:
                status, _, body = self.ask("GET", "/is_up")
                assert (status, body) == (200, b"I'm up"), (status, body, self.log())
                return
            except OSError:
                time.sleep(0.05)  # Neither the port nor the certificate is there yet.
        raise AssertionError(f"no response within {TIMEOUT} s:\n{self.log()}")

    def log(self) -> str:
        file = self._log.fileno()
        return os.pread(file, os.fstat(file).st_size, 0).decode()

    def connect(self) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=self.authority())
        return http.client.HTTPSConnection("localhost", self.port, timeout=TIMEOUT, context=context)

    def ask(
        self, method: str, path: str, headers: dict[str, str] = {}, body: str | bytes | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Status, headers and body of a response."""
        connection = self.connect()
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def post_launch(self, secret: str = SECRET) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Posts a launch that is signed for this server's URL."""
        body = signed_launch(f"https://{self.host}/lti/notebook", "notebook-key", secret)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", "/lti/notebook", form, body)

    def launch(self) -> tuple[str, dict[str, str]]:
        """Launches the app. Returns the session's path and the browser's cookies."""
        status, headers, page = self.post_launch()
        assert status == 303, (status, page, self.gateway.log(), self.log())
        cookies = [value.partition(";")[0] for value in headers.get_all("Set-Cookie")]
        browser = {"Cookie": "; ".join(cookies)}
        status, door, page = self.ask("GET", headers["Location"], browser)
        assert status == 303, (status, page, self.gateway.log())
        return door["Location"], browser


class Nginx(Front):
    """nginx with deploy/nginx.conf, for another host, other ports and another certificate."""

    def authority(self) -> Path:
        return self.directory / "certificate.pem"

    def command(self) -> list[str | Path]:
        self.plain_port = free_port()
        write_certificate(self.directory / "key.pem", self.authority(), "localhost")
        changes = {
            "    listen [::]:80;\n": "",
            "    listen [::]:443 ssl http2;\n": "",
            "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            "listen 443 ": f"listen 127.0.0.1:{self.port} ",
            "server 127.0.0.1:5000;": f"server 127.0.0.1:{self.gateway.port};",
            "/etc/letsencrypt/live/our-tools.example/fullchain.pem": str(self.authority()),
            "/etc/letsencrypt/live/our-tools.example/privkey.pem": str(self.directory / "key.pem"),
            "server_name our-tools.example;": "server_name localhost;",
            "root /var/www/html;": f"root {self.directory};",
        }
        text = (DEPLOY / "nginx.conf").read_text()
        for old, new in changes.items():
            assert old in text, f"deploy/nginx.conf has no {old!r}"
            text = text.replace(old, new)
        (self.directory / "gateway.conf").write_text(text)
        # Temporary files belong to the user of the tests.
        user = "user root;" if os.geteuid() == 0 else ""
        kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        paths = "".join(f"{kind}_temp_path {kind};" for kind in kinds)
        (self.directory / "nginx.conf").write_text(
            f"daemon off; pid pid; error_log stderr; {user} events {{}}\n"
            f"http {{ access_log off; {paths}\ninclude gateway.conf; }}"
        )
        return [*self._nginx(), "-g", ""]

    def _nginx(self) -> list[str | Path]:
        # The first option is for errors before nginx reads its configuration.
        return ["nginx", "-e", "stderr", "-p", self.directory, "-c", "nginx.conf"]

    def check(self) -> subprocess.CompletedProcess:
        """nginx's own judgment of its configuration."""
        return subprocess.run(
            [*self._nginx(), "-t"],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )


class Caddy(Front):
    """Caddy with deploy/Caddyfile. For localhost, it has an authority of its own."""

    # Not part of the file: the tests must not change the system's certificates, and ports below
    # 1024 may be in use.
    OPTIONS = "{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n}\n\n"

    def authority(self) -> Path:
        return self.directory / "data/caddy/pki/authorities/local/root.crt"

    def command(self) -> list[str | Path]:
        text = (DEPLOY / "Caddyfile").read_text()
        (self.directory / "Caddyfile").write_text(self.OPTIONS + text)
        return ["caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile"]

    def environment(self) -> dict[str, str]:
        return {
            **super().environment(),
            "XDG_DATA_HOME": str(self.directory / "data"),
            "XDG_CONFIG_HOME": str(self.directory / "config"),
            # As the Caddyfile describes for a tool with a `host`.
            "DOMAIN": f"{self.host}, lab.{self.host}",
            "GATEWAY": f"127.0.0.1:{self.gateway.port}",
        }

    def check(self) -> subprocess.CompletedProcess:
        """Caddy's own judgment of the repository's file."""
        return subprocess.run(
            ["caddy", "validate", "--config", DEPLOY / "Caddyfile", "--adapter", "caddyfile"],
            env={**self.environment(), "DOMAIN": "our-tools.example"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )


def seconds(value: str) -> int:
    """The seconds of a duration of nginx or Caddy."""
    number, unit = re.fullmatch(r"(\d+)([smh])", value).groups()
    return int(number) * {"s": 1, "m": 60, "h": 3600}[unit]

"""A browser with cookies, which follows a login of LTI 1.3 from the platform to the platform."""

import http.client
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from running import TIMEOUT

FORM = "application/x-www-form-urlencoded"


@dataclass
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: str

    @property
    def location(self) -> str:
        return self.headers["Location"]

    def cookies(self) -> dict[str, str]:
        """The cookies that this response sets."""
        pairs = (value.partition(";")[0] for value in self.headers.get_all("Set-Cookie", []))
        return dict(pair.split("=", 1) for pair in pairs)


class Visitor:
    """Stores the cookies of one gateway."""

    def __init__(self, port: int):
        self._port = port
        self.cookies: dict[str, str] = {}
        # More headers of every request.
        self.headers: dict[str, str] = {}

    def get(self, url: str) -> Reply:
        return self._ask("GET", url)

    def post(self, url: str, fields: dict[str, str] | list[tuple[str, str]]) -> Reply:
        return self._ask("POST", url, urlencode(fields))

    def log_in(self, first: Reply) -> str:
        """Follows a login to the platform. Returns the URL at the platform."""
        reply = first
        # The gateway asks once for the cookie that it has set.
        if reply.status == 303:
            assert urlsplit(reply.location).path == "/~login", reply.location
            reply = self.get(reply.location)
        assert reply.status == 302, f"{reply.status}, expected 302 to the platform; {reply.body}"
        return reply.location

    def _ask(self, method: str, url: str, body: str | None = None) -> Reply:
        parts = urlsplit(url)
        headers = {"Host": parts.netloc or f"127.0.0.1:{self._port}", **self.headers}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            headers["Content-Type"] = FORM
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT)
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            reply = Reply(response.status, response.headers, response.read().decode())
        finally:
            connection.close()
        self.cookies |= reply.cookies()
        return reply


def query_of(url: str) -> dict[str, str]:
    """The parameters of a URL. None may be repeated."""
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs), f"repeated parameters in {url}"
    return dict(pairs)

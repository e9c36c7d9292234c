"""A browser: reads the form on the platform's page, and posts it."""

import http.client
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import parse_qsl, quote_plus, unquote, urlsplit


@dataclass
class Form:
    """A form as the browser sends it."""

    url: str
    fields: list[tuple[str, str]]
    authorization: str | None = None

    @classmethod
    def from_page(cls, page: str) -> "Form":
        """The form of a platform's page, as its script submits it: without the button."""
        reader = _FormReader()
        reader.feed(page)
        return cls(reader.action, reader.fields)

    @classmethod
    def from_body(cls, url: str, body: str) -> "Form":
        """The form of an encoded body."""
        return cls(url, parse_qsl(body, keep_blank_values=True))

    def value(self, name: str) -> str:
        [value] = [value for known, value in self.fields if known == name]
        return value

    def sent(self) -> list[tuple[str, str]]:
        """The fields that a tool may see."""
        return [(name, value) for name, value in self.fields if not name.startswith("oauth_")]

    def altered(self, name: str, value: str) -> "Form":
        """A copy with another value."""
        assert any(known == name for known, _ in self.fields)
        fields = [(known, value if known == name else old) for known, old in self.fields]
        return Form(self.url, fields, self.authorization)

    def body(self) -> str:
        """The form in application/x-www-form-urlencoded, as the URL Standard serializes it."""

        def encode(text: str) -> str:
            return quote_plus(text, safe="*").replace("~", "%7E")

        return "&".join(f"{encode(name)}={encode(value)}" for name, value in self.fields)

    def signatures(self) -> list[str]:
        """Its signatures: in the fields, the query and the header."""
        query = parse_qsl(urlsplit(self.url).query)
        header = re.findall(r'(oauth_signature)="([^"]*)"', self.authorization or "")
        named = [*self.fields, *query, *((name, unquote(value)) for name, value in header)]
        return [value for name, value in named if name == "oauth_signature"]

    def personal_values(self) -> list[str]:
        """Names and email of the user."""
        return [value for name, value in self.fields if name.startswith("lis_person_")]


@dataclass
class Response:
    status: int
    body: str
    cookie: str | None


class Browser:
    """Follows no redirects and stores no cookies. The tests pass the cookie."""

    def __init__(self, port: int):
        self._port = port

    def post(self, form: Form, cookie: str | None = None, host: str | None = None) -> Response:
        url = urlsplit(form.url)
        headers = {
            "Host": host or url.netloc.lower(),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        if form.authorization:
            headers["Authorization"] = form.authorization
        if cookie:
            headers["Cookie"] = cookie
        target = url.path + (f"?{url.query}" if url.query else "")
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request("POST", target, form.body().encode("ascii"), headers)
            response = connection.getresponse()
            set_cookie = response.getheader("Set-Cookie")
            cookie = set_cookie and set_cookie.split(";")[0]
            return Response(response.status, response.read().decode(), cookie)
        finally:
            connection.close()


class _FormReader(HTMLParser):
    """Reads the one form of a page."""

    def __init__(self):
        super().__init__()
        self.action = ""
        self.fields: list[tuple[str, str]] = []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "form":
            assert attributes["method"].lower() == "post"
            self.action = attributes["action"]
        elif tag == "input" and attributes.get("name"):
            # Browsers remove line breaks from the value of a text field, and send those of a hidden
            # one as CR LF.
            lines = (attributes.get("value") or "").replace("\r\n", "\n").split("\n")
            value = ("\r\n" if attributes.get("type") == "hidden" else "").join(lines)
            self.fields.append((attributes["name"], value))

"""A launch from the practice platform, as a browser sends it."""

import html
import http.client
import re
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from running import TIMEOUT
from terminal import Terminal


@dataclass
class Visit:
    """The result of a launch: the app's page, its URL in the browser, and the cookies."""

    terminal: Terminal
    host: str
    path: str
    cookies: str
    page: str

    def click(self) -> str:
        """Sends the only form of the page, which is empty. Returns the next page."""
        origin = {"Origin": f"http://{self.host}", "Cookie": self.cookies}
        status, _, page = ask(self.terminal, "POST", self.host, self.path, origin)
        assert status == 200, f"{status}: {page}\n{self.terminal.output()}"
        return page

    def submit(self, action: str, **fields: object) -> None:
        """Sends a form to a URL beside the page. The response redirects to the page."""
        content = {"Content-Type": "application/x-www-form-urlencoded"}
        headers = {"Origin": f"http://{self.host}", "Cookie": self.cookies, **content}
        path = self.path.rpartition("/")[0] + f"/{action}"
        status, _, page = ask(self.terminal, "POST", self.host, path, headers, urlencode(fields))
        assert status == 303, f"{status}: {page}\n{self.terminal.output()}"


def launch(terminal: Terminal, tool: str, **chosen: str) -> Visit:
    """Chooses a tool at /dev, launches it, and follows the redirects to the tool's page."""
    shown = terminal.get(f"/dev/launch?{urlencode({'tool': tool, **chosen})}")
    form = shown.partition("<form ")[2].partition("</form>")[0]
    url = urlsplit(html.unescape(re.search('action="([^"]*)"', form)[1]))
    inputs = re.findall('<input type="hidden" name="([^"]*)" value="([^"]*)">', form)
    body = urlencode([(html.unescape(name), html.unescape(value)) for name, value in inputs])
    content = {"Content-Type": "application/x-www-form-urlencoded"}
    status, headers, page = ask(terminal, "POST", url.netloc, url.path, content, body)
    cookies = "; ".join(value.partition(";")[0] for value in headers.get_all("Set-Cookie", []))
    path = url.path
    while status == 303:
        path = headers["Location"]
        status, headers, page = ask(terminal, "GET", url.netloc, path, {"Cookie": cookies})
    assert status == 200, f"{status}: {page}\n{terminal.output()}"
    return Visit(terminal, url.netloc, path, cookies, page)


def ask(
    terminal: Terminal,
    method: str,
    host: str,
    path: str,
    headers: dict[str, str],
    body: str = "",
    port: int | None = None,
) -> tuple[int, http.client.HTTPMessage, str]:
    port = port or terminal.port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request(method, path, body, {"Host": host, **headers})
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        connection.close()

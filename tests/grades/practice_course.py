"""The practice course of a gateway in development: launches, picked links and its gradebook."""

import html
import re
import tempfile
from dataclasses import dataclass
from http.client import HTTPMessage
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from browser import Form
from running import Running, Visit

ROOT = Path(__file__).resolve().parents[2]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Answer:
    """The response to a form, the host that sent it, and the browser's cookies for this host."""

    status: int
    headers: HTTPMessage
    page: str
    host: str
    cookies: dict[str, str]


class PracticeCourse(Running):
    """A gateway in development with the shipped tools file, whose adder is at this address."""

    def __init__(self, binary: Path, adder: str):
        self._home = tempfile.TemporaryDirectory()
        shipped = (ROOT / "tools.toml").read_text()
        assert "http://127.0.0.1:9000" in shipped
        file = Path(self._home.name, "tools.toml")
        file.write_text(shipped.replace("http://127.0.0.1:9000", adder))
        for name in ("templates", "static"):
            Path(self._home.name, name).symlink_to(ROOT / name)
        super().__init__(binary, file, {})
        self._dev = f"localhost:{self.port}"

    def __exit__(self, *_) -> None:
        super().__exit__()
        self._home.cleanup()

    def launch(self, version: str, **chosen: str) -> Visit:
        """Launches the adder, and follows the redirects to its page."""
        answer = self._answer(version, **chosen)
        path = answer.headers["Location"]
        while answer.status == 303:
            path = answer.headers["Location"]
            answer = self._get(answer, path)
        assert answer.status == 200, f"{answer.status}: {answer.page}\n{self.log()}"
        # Forms and links of the page are beside it.
        path = path.partition("?")[0]
        return Visit(path, {"Cookie": cookie(answer.cookies), "Host": answer.host}, answer.page)

    def pick(self, version: str, *titles: str) -> list[str]:
        """Picks these links as an instructor. Returns the names of their blocks."""
        chosen = {"person": "instructor-1", "message": "links"}
        picker = self._answer(version, **chosen)
        assert picker.status == 200, f"{picker.status}: {picker.page}\n{self.log()}"
        form = Form.from_page(picker.page)
        fields = [field for field in form.fields if field[0] == "lti_selection"]
        for title in titles:
            before = picker.page.partition(f">{title}<")[0]
            fields.append(("link", re.findall('value="([^"]*)"', before)[-1]))
        own = {"Origin": f"http://{picker.host}", "Sec-Fetch-Site": "same-origin", **FORM}
        sent = self._send("POST", picker.host, "/~links", {**own}, urlencode(fields))
        assert sent.status == 200, f"{sent.status}: {sent.page}\n{self.log()}"
        shown = self._post(Form.from_page(sent.page))
        assert "The signature is right." in shown.page, shown.page
        return re.findall(r"<code>(link-\d+)</code>", shown.page)

    def gradebook(self) -> str:
        """The text of the gradebook's page, with single spaces."""
        page = self._send("GET", self._dev, "/dev/gradebook", {}).page
        return " ".join(html.unescape(re.sub("<[^>]*>", " ", page)).split())

    def _answer(self, version: str, **chosen: str) -> Answer:
        """The tool's answer to a message of the practice platform."""
        query = urlencode({"tool": "adder", "lti": version, **chosen})
        page = self._send("GET", self._dev, f"/dev/launch?{query}", {}).page
        answer = self._post(Form.from_page(page))
        if version == "1.1":
            return answer
        checked = self._get(answer, answer.headers["Location"])
        assert checked.status == 302, f"{checked.status}: {checked.page}\n{self.log()}"
        platform = urlsplit(checked.headers["Location"])
        page = self._send("GET", platform.netloc, f"{platform.path}?{platform.query}", {}).page
        return self._post(Form.from_page(page), checked.cookies)

    def _post(self, form: Form, cookies: dict[str, str] | None = None) -> Answer:
        url = urlsplit(form.url)
        path = f"{url.path}?{url.query}" if url.query else url.path
        headers = {**FORM, "Cookie": cookie(cookies)} if cookies else FORM
        return self._send("POST", url.netloc, path, headers, form.body(), cookies)

    def _get(self, answer: Answer, location: str) -> Answer:
        """The next page of the same browser, at the same host."""
        url = urlsplit(location)
        path = f"{url.path}?{url.query}" if url.query else url.path
        headers = {"Cookie": cookie(answer.cookies)}
        return self._send("GET", url.netloc or answer.host, path, headers, None, answer.cookies)

    def _send(
        self,
        method: str,
        host: str,
        path: str,
        headers: dict[str, str],
        body: str | None = None,
        cookies: dict[str, str] | None = None,
    ) -> Answer:
        status, received, page = self.ask(method, path, {**headers, "Host": host}, body)
        set_cookies = [value.partition(";")[0] for value in received.get_all("Set-Cookie", [])]
        cookies = {**(cookies or {}), **dict(value.split("=", 1) for value in set_cookies)}
        return Answer(status, received, page.decode(), host, cookies)


def cookie(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())

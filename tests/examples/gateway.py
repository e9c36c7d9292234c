"""A running gateway, with a tools file of its own, and launches that come in to its app."""

import http.client
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import oauthlib.oauth1

from running import PATIENCE, Running

LAUNCH = {
    "lti_message_type": "basic-lti-launch-request",
    "lti_version": "LTI-1p0",
    "context_id": "course-1",
    "resource_link_id": "block-1",
    "user_id": "29123",
    "roles": "Instructor",
}


class Gateway(Running):
    def __init__(self, binary: Path, tools: str, public_url: str, environment: dict[str, str]):
        self.public_url = public_url
        self._written = tempfile.TemporaryDirectory()
        file = Path(self._written.name, "tools.toml")
        file.write_text(tools)
        super().__init__(binary, file, {"LTI_GATEWAY_PUBLIC_URL": public_url, **environment})

    def __exit__(self, *_) -> None:
        super().__exit__()
        self._written.cleanup()

    def launch(self, path: str, key: str, secret: str, fields: dict[str, str]) -> None:
        """Launches as a platform with this key does, and comes in as a browser does, up to the app."""
        client = oauthlib.oauth1.Client(
            key, client_secret=secret, signature_type=oauthlib.oauth1.SIGNATURE_TYPE_BODY
        )
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        _, headers, body = client.sign(
            self.public_url + path, http_method="POST", body={**LAUNCH, **fields}, headers=form
        )
        status, answer, _ = self.ask("POST", path, headers, body)
        assert status == 303, f"{status}, expected 303; {self.log()}"
        cookies = [value.partition(";")[0] for value in answer.get_all("Set-Cookie")]
        browser = {"Cookie": "; ".join(cookies)}
        status, door, _ = self.ask("GET", answer["Location"], browser)
        assert status == 303, f"{status} at the door, expected 303; {self.log()}"
        status, _, _ = self.ask("GET", door["Location"], browser)
        assert status == 200, f"{status} from the app, expected 200; {self.log()}"

    def ask(
        self, method: str, path: str, headers: dict[str, str], body: str | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Status, headers and body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, {"Host": urlsplit(self.public_url).netloc, **headers})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

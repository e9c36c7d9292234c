"""A running gateway with its own tools file, and launches of its app."""

import tempfile
from pathlib import Path

import oauthlib.oauth1

from running import Running

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
        """Launches as a platform with this key, and follows the redirects to the app."""
        client = oauthlib.oauth1.Client(
            key, client_secret=secret, signature_type=oauthlib.oauth1.SIGNATURE_TYPE_BODY
        )
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        _, _, body = client.sign(
            self.public_url + path, http_method="POST", body={**LAUNCH, **fields}, headers=form
        )
        self.open(path, body)

"""A running gateway with its own tools file, and launches of its app."""

import tempfile
from pathlib import Path

from running import Running
from signed_launch import signed_launch


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
        self.open(path, signed_launch(self.public_url + path, key, secret, **fields))

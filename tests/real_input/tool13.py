"""A tool that is made with PyLTI1p3. It takes the place of a tool of the gateway."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

import requests
from cryptography.hazmat.primitives import serialization
from pylti1p3.cookie import CookieService
from pylti1p3.message_launch import MessageLaunch
from pylti1p3.oidc_login import OIDCLogin
from pylti1p3.redirect import Redirect
from pylti1p3.request import Request
from pylti1p3.session import SessionService
from pylti1p3.tool_config import ToolConfDict


@dataclass
class Sent(Request):
    """A request: its parameters, and the session of its browser."""

    params: dict[str, str]
    stored: dict = field(default_factory=dict)

    @property
    def session(self) -> dict:
        return self.stored

    def is_secure(self) -> bool:
        return False

    def get_param(self, key: str) -> str | None:
        return self.params.get(key)


class Cookies(CookieService):
    def __init__(self):
        self._cookies: dict[str, str] = {}

    def get_cookie(self, name: str) -> str | None:
        return self._cookies.get(name)

    def set_cookie(self, name: str, value: str | int, exp: int | None = 3600) -> None:
        self._cookies[name] = str(value)


class Url(Redirect[str]):
    def __init__(self, url: str):
        self._url = url

    def do_redirect(self) -> str:
        return self._url


class Login(OIDCLogin):
    def get_redirect(self, url: str) -> Redirect[str]:
        return Url(url)


class Launch(MessageLaunch):
    def _get_request_param(self, key: str) -> str | None:
        return self._request.get_param(key)


class Loopback(requests.Session):
    """Sends requests for any host to a port on loopback, as a browser does for `localhost`."""

    def __init__(self, port: int):
        super().__init__()
        self._port = port

    def request(self, method, url, **options):
        parts = urlsplit(url)
        headers = {**(options.pop("headers", None) or {}), "Host": parts.netloc}
        target = parts._replace(scheme="http", netloc=f"127.0.0.1:{self._port}")
        return super().request(method, urlunsplit(target), headers=headers, **options)


def public(key: str) -> str:
    """The public key of a private key, as PEM."""
    public = serialization.load_pem_private_key(key.encode(), None).public_key()
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


class LibraryTool:
    """The tool, with one registration."""

    def __init__(self, issuer: str, registration: dict, key: str = "", port: int = 0):
        self._configuration = ToolConfDict({issuer: [{"default": True, **registration}]})
        if key:
            self._configuration.set_private_key(issuer, key, registration["client_id"])
            self._configuration.set_public_key(issuer, public(key), registration["client_id"])
        self._requests = Loopback(port)
        self._session: dict = {}
        self._cookies = Cookies()

    def login(self, params: dict[str, str]) -> str:
        """Answers a login. Returns the URL of the redirect."""
        request = Sent(params, self._session)
        login = Login(request, self._configuration, SessionService(request), self._cookies)
        return login.redirect(params["target_link_uri"])

    def launch(self, fields: dict[str, str]) -> dict:
        """Validates a launch. Returns its claims."""
        return self.message(fields).get_launch_data()

    def message(self, fields: dict[str, str]) -> Launch:
        """A launch with the services of its platform."""
        request = Sent(fields, self._session)
        return Launch(
            request,
            self._configuration,
            SessionService(request),
            self._cookies,
            requests_session=self._requests,
        ).validate()

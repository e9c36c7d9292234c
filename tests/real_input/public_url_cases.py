"""Launches of a gateway behind a proxy, with a configured public URL."""

from case import Cases
from edx import Block
from gateway import secret_of

PUBLIC_URL = "https://tools.example"
SETTINGS = {"LTI_GATEWAY_PUBLIC_URL": PUBLIC_URL}

cases = Cases()


def launch(gateway, launch_url: str):
    """Launches a URL. The proxy in front changes the `Host` header."""
    form = Block(launch_url, "plain-key", secret_of("open", "plain-key")).launch()
    return gateway.launch(form, host=f"localhost:{gateway.port}"), form


@cases.each(
    "edX, behind a proxy: a launch of the public URL is accepted",
    (PUBLIC_URL, "https://tools.example:443", "https://Tools.Example"),
)
def public_url(gateway, origin):
    launched, form = launch(gateway, f"{origin}/lti/open")
    launched.page.assert_params(form.sent())


@cases.each(
    "edX, behind a proxy: a launch of another URL is rejected",
    ("http://tools.example", "https://tools.example:8443", "https://other.example"),
)
def another_url(gateway, origin):
    launched, _ = launch(gateway, f"{origin}/lti/open")
    launched.assert_rejected(401, "bad-signature")


@cases.case("edX, behind a proxy: a launch of the local URL is rejected")
def local_url(gateway):
    launched, _ = launch(gateway, f"{gateway.origin}/lti/open")
    launched.assert_rejected(401, "bad-signature")

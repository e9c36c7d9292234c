"""Launches of a gateway behind a proxy, whose public URL is written down."""

from case import Cases
from edx import Block
from gateway import secret_of

PUBLIC_URL = "https://tools.example"
SETTINGS = {"LTI_GATEWAY_PUBLIC_URL": PUBLIC_URL}

cases = Cases()


def launch(gateway, launch_url: str):
    """Launches an address, as the proxy passes it on to this machine."""
    form = Block(launch_url, "plain-key", secret_of("open", "plain-key")).launch()
    return gateway.launch(form, host=f"localhost:{gateway.port}"), form


@cases.each(
    "edX, behind a proxy: the public URL",
    (PUBLIC_URL, "https://tools.example:443", "https://Tools.Example"),
)
def public_url(gateway, origin):
    launched, form = launch(gateway, f"{origin}/lti/open")
    launched.page.assert_params(form.sent())


@cases.each(
    "edX, behind a proxy: another URL than the public one",
    ("http://tools.example", "https://tools.example:8443", "https://other.example"),
)
def another_url(gateway, origin):
    launched, _ = launch(gateway, f"{origin}/lti/open")
    launched.assert_refused(401, "bad-signature")


@cases.case("edX, behind a proxy: the address of the machine itself is another URL")
def local_url(gateway):
    launched, _ = launch(gateway, f"{gateway.origin}/lti/open")
    launched.assert_refused(401, "bad-signature")

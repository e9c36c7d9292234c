"""`lti-gateway explain` with launches signed by edX's own code, each with one known mistake."""

import html
import re
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from unittest import mock
from urllib.parse import quote, quote_plus, unquote

from oauthlib.oauth1.rfc5849 import signature

from browser import Form
from case import Cases
from edx import Block
from gateway import TOOLS, Gateway, all_secrets

cases = Cases()

# The last two have another order before they are encoded.
CUSTOM = ["text=one two ~*'()! a/b & c", "empty=", "x1=1", "x[1]=2"]
OLD_SECRET = "the-secret-of-last-year"


@dataclass
class Sent(Form):
    """A form with a given body."""

    text: str = ""

    def body(self) -> str:
        return self.text


@dataclass
class Broken:
    """A launch of the tool `open` with one mistake."""

    # None if no known platform makes the mistake, so that no cause stands for it.
    cause: str | None
    # The launch URL, key and secret in edX.
    url: Callable[[Gateway], str] = lambda gateway: f"{gateway.origin}/lti/open"
    key: str = "plain-key"
    secret: str = "plain-secret"
    # The path of the request.
    posted: str = "/lti/open"
    # The change of the signer.
    signer: Callable[[], AbstractContextManager] = nullcontext
    # The change of the signed form.
    change: Callable[[Form], Form] = lambda form: form
    code: str = "bad-signature"


def at(path: str) -> Callable[[Gateway], str]:
    return lambda gateway: gateway.origin + path


def host(scheme: str, host: str) -> Callable[[Gateway], str]:
    return lambda gateway: f"{scheme}://{host.format(port=gateway.port)}/lti/open"


def normalising(spell: Callable[[str], str], keep=lambda name, value: True, ordered=sorted):
    """The signer with another encoding, a selection or another order of the parameters."""

    def normalise(params):
        pairs = [(spell(name), spell(value)) for name, value in params if keep(name, value)]
        return "&".join(f"{name}={value}" for name, value in ordered(pairs))

    return lambda: mock.patch.object(signature, "normalize_parameters", normalise)


def signing(
    hash_name: str | None = None, key: Callable[[str], str] = lambda secret: f"{strict(secret)}&"
):
    """The signer with another hash, or another key for the HMAC."""

    def sign(name, text, secret, _):
        algorithm = {"SHA-1": "sha1", "SHA-256": "sha256"}[hash_name or name]
        digest = signature.hmac.new(key(secret).encode(), text.encode(), algorithm).digest()
        return signature.binascii.b2a_base64(digest)[:-1].decode()

    return lambda: mock.patch.object(signature, "_sign_hmac", sign)


def based(base_string: Callable[[str, str, str], str]):
    """The signer with another base string of method, URL and parameters."""
    own = signature.signature_base_string
    return lambda: mock.patch.object(
        signature, "signature_base_string", lambda *parts: own(*base_string(*parts))
    )


def strict(text: str) -> str:
    return quote(text, safe="~")


def before_encoding(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(pairs, key=lambda pair: [unquote(part) for part in pair])


def lower_case(text: str) -> str:
    return re.sub("%..", lambda escape: escape[0].lower(), strict(text))


def changed(name: str, change: Callable[[str], str]) -> Callable[[Form], Form]:
    return lambda form: form.altered(name, change(form.value(name)))


def added(name: str, value: str) -> Callable[[Form], Form]:
    return lambda form: Form(form.url, [*form.fields, (name, value)])


def without(name: str) -> Callable[[Form], Form]:
    return lambda form: Form(form.url, [field for field in form.fields if field[0] != name])


def each(change: Callable[[str], str]) -> Callable[[Form], Form]:
    return lambda form: Form(form.url, [(name, change(value)) for name, value in form.fields])


def in_latin1(form: Form) -> Form:
    body = form.body()
    for letter in "àö":
        assert quote(letter) in body
        body = body.replace(quote(letter), quote(letter, encoding="latin-1"))
    return Sent(form.url, form.fields, text=body)


def hexadecimal(text: str) -> str:
    return signature.binascii.a2b_base64(text).hex()


BROKEN = {
    "http and https": Broken("scheme", url=host("https", "127.0.0.1:{port}")),
    "another name of the host": Broken("host", url=host("http", "localhost:{port}")),
    "no port": Broken("port", url=host("http", "127.0.0.1")),
    "a trailing slash that is signed but not sent": Broken("slash", url=at("/lti/open/")),
    "a trailing slash that is sent but not signed": Broken("slash", posted="/lti/open/"),
    "a doubled slash": Broken("path", url=at("//lti/open")),
    "another origin": Broken("address", url=host("https", "localhost:{port}")),
    "the launch URL of another tool": Broken("path", url=at("/lti/staff")),
    "a query that is not signed": Broken("query-left-out", posted="/lti/open?page=1"),
    "a query in the signed URL": Broken(
        "query-in-address",
        posted="/lti/open?page=1",
        signer=based(lambda method, uri, params: (method, f"{uri}?page=1", params)),
    ),
    "a GET": Broken(None, signer=based(lambda _, uri, params: ("GET", uri, params))),
    "a submit button": Broken("unsigned-parameter", change=added("ext_submit", "Go")),
    "a parameter that is dropped": Broken("parameter-not-sent", change=without("oauth_version")),
    "empty values": Broken(None, signer=normalising(strict, lambda name, value: value)),
    "whitespace around a value": Broken(
        None, change=changed("custom_text", lambda value: f" {value}\t")
    ),
    "line breaks": Broken(
        "line-breaks",
        signer=normalising(lambda text: strict(text.replace("one two", "one\ntwo"))),
        change=changed("custom_text", lambda value: value.replace("one two", "one\r\ntwo")),
    ),
    "signed HTML entities": Broken(
        None, signer=normalising(lambda text: strict(html.escape(text)))
    ),
    "sent HTML entities": Broken(None, change=each(html.escape)),
    "signed in ISO-8859-1": Broken(
        None,
        signer=normalising(lambda text: quote(text, safe="~", encoding="latin-1")),
    ),
    "sent in ISO-8859-1": Broken("form-charset", change=in_latin1, code="not-utf8"),
    "sorted before encoding": Broken("order", signer=normalising(strict, ordered=before_encoding)),
    "spaces as +": Broken(
        "plus-for-space", signer=normalising(lambda text: quote_plus(text, safe="~"))
    ),
    "JavaScript's encoding": Broken(
        "unescaped", signer=normalising(lambda text: quote(text, safe="~!*'()"))
    ),
    "Python's encoding": Broken(
        "unescaped", signer=normalising(lambda text: quote(text, safe="~/"))
    ),
    "an escaped ~": Broken(
        "tilde", signer=normalising(lambda text: strict(text).replace("~", "%7E"))
    ),
    "lower-case escapes": Broken("lower-case-escapes", signer=normalising(lower_case)),
    "values encoded twice": Broken(
        None, signer=normalising(lambda text: strict(strict(text)))
    ),
    "values not encoded": Broken(None, signer=normalising(lambda text: text)),
    "the key in capitals": Broken("key-spelling", key="Plain-Key", code="unknown-consumer"),
    "key and secret exchanged": Broken(
        "secret-as-key", key="plain-secret", secret="plain-key", code="unknown-consumer"
    ),
    "a line break after the secret": Broken(
        "secret-white-space", signer=signing(key=lambda secret: strict(secret + "\n") + "&")
    ),
    "quotes around the secret": Broken("secret-quotes", secret='"plain-secret"'),
    "a secret in capitals": Broken("secret-case", secret="PLAIN-SECRET"),
    "a secret that is not encoded": Broken(
        "secret-not-escaped",
        key="ampersand-key",
        secret="salt&pepper",
        signer=signing(key=lambda secret: f"{secret}&"),
    ),
    "no & after the secret": Broken("secret-ampersand", signer=signing(key=strict)),
    "an empty secret": Broken(None, signer=signing(key=lambda _: "&")),
    "the key as the secret": Broken(None, secret="plain-key"),
    "key and secret as the secret": Broken(
        None, signer=signing(key=lambda _: strict("plain-key:plain-secret") + "&")
    ),
    "another consumer's secret": Broken(None, secret="salt&pepper"),
    "another tool's secret": Broken("secret-of-tool", secret="staff-secret"),
    "a replaced secret": Broken("secret-replaced", secret=OLD_SECRET),
    "another hash": Broken(None, signer=signing("SHA-256")),
    "a hexadecimal signature": Broken(
        None, change=changed("oauth_signature", hexadecimal)
    ),
    "a signature encoded twice": Broken(
        "signature-text", change=changed("oauth_signature", lambda text: quote(text, safe=""))
    ),
}


@cases.each("explain names the mistake in a launch of edX", BROKEN)
def broken(gateway, way):
    block = Block(way.url(gateway), way.key, way.secret, custom_parameters=CUSTOM)
    with way.signer():
        form = block.launch()
    form.url = gateway.origin + way.posted
    form = way.change(form)
    launched = gateway.launch(form)
    launched.assert_rejected(400 if way.code == "not-utf8" else 401, way.code)
    # A gateway in development searches for every cause, but it does not know a replaced secret.
    expected = "-" if way.cause in (None, "secret-replaced") else way.cause
    assert launched.log_value("cause") == expected, (
        f"{launched.log_value('cause')} in the log, expected {expected}"
    )
    report, code = explain(gateway, form)
    assert f"\nRejected: {way.code}: " in report and code == 1, f"exit code {code}: {report}"
    cause = way.cause or "most likely the secret"
    assert f"\ncause: {cause}: " in report, f"not {cause}: {report}"


@cases.case("explain accepts a launch of edX")
def accepted(gateway):
    form = Block(
        f"{gateway.origin}/lti/open", "plain-key", "plain-secret", custom_parameters=CUSTOM
    ).launch()
    report, code = explain(gateway, form)
    assert code == 0 and "\nAccepted, " in report and "cause:" not in report, (
        f"exit code {code}: {report}"
    )
    changed = form.altered("user_id", "somebody-else")
    report, code = explain(gateway, changed)
    assert code == 1 and "\ncause: most likely the secret: " in report, f"exit code {code}: {report}"


def explain(gateway: Gateway, form: Form) -> tuple[str, int]:
    """The report about a form, as a browser copies it for curl, and the exit code."""
    assert "'" not in form.body()
    ran = subprocess.run(
        [
            gateway.binary,
            "explain",
            "--tools",
            TOOLS,
            "--tool",
            "open",
            "--secret-env",
            "OLD_SECRET",
            "-",
        ],
        input=f"curl '{form.url}' \\\n  --data-raw '{form.body()}'\n",
        env={"OLD_SECRET": OLD_SECRET},
        capture_output=True,
        text=True,
    )
    assert not ran.stderr, ran.stderr
    for secret in [*all_secrets(), OLD_SECRET]:
        assert secret not in ran.stdout and quote(quote(secret)) not in ran.stdout, (
            "the report contains a secret"
        )
    return ran.stdout, ran.returncode

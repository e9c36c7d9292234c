"""An app with https: the gateway connects only if the system trusts its certificate."""

import datetime
import ssl
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from case import Cases
from gateway import Gateway
from running import TIMEOUT
from server import App
from stage import SECRETS, Stage

PUBLIC_URL = "http://localhost"

cases = Cases()


class Authority:
    """A certificate authority: signs its own certificate and those of servers."""

    def __init__(self):
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name(
            [x509.NameAttribute(NameOID.COMMON_NAME, "an authority of these tests")]
        )
        self.certificate = self._sign(
            self._name, self._key, x509.BasicConstraints(ca=True, path_length=0)
        )

    def server(self, host: str, days: int = 1) -> bytes:
        """A server's key and certificate, as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        return pem(key) + self._sign(name, key, names, days=days)

    def _sign(self, subject, key, *extensions, days=1) -> bytes:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=9))
            .not_valid_after(now + datetime.timedelta(days=days))
        )
        for extension in extensions:
            is_critical = isinstance(extension, x509.BasicConstraints)
            builder = builder.add_extension(extension, critical=is_critical)
        certificate = builder.sign(self._key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM)


class SelfSigned(Authority):
    """A server that signs its own certificate, as `openssl req -x509` does it."""

    def __init__(self, host: str, is_ca: bool):
        super().__init__()
        self.certificate = self._sign(
            self._name,
            self._key,
            x509.SubjectAlternativeName([x509.DNSName(host)]),
            x509.BasicConstraints(ca=is_ca, path_length=None),
        )

    def server(self, host: str, days: int = 1) -> bytes:
        return pem(self._key) + self.certificate


def pem(key) -> bytes:
    """A private key as PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@contextmanager
def behind_tls(
    stage: Stage,
    trusted: Authority,
    signed_by: Authority,
    host: str,
    days: int = 1,
    scheme: str = "https",
):
    """A gateway that trusts one authority, and an app with a certificate for `host`."""
    with tempfile.TemporaryDirectory() as directory, App() as app:
        (authority, certificate) = (Path(directory, "authority.pem"), Path(directory, "server.pem"))
        authority.write_bytes(trusted.certificate)
        certificate.write_bytes(signed_by.server(host, days))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        app.speak_tls(context)
        tools = stage.tools(app.origin.replace("http://127.0.0.1", f"{scheme}://localhost"))
        settings = {**SECRETS, "SSL_CERT_FILE": str(authority)}
        with Gateway(stage.binary, tools, PUBLIC_URL, settings) as gateway:
            yield gateway, app


def launch(gateway: Gateway) -> None:
    gateway.launch("/lti/notebook", "notebook-key", SECRETS["NOTEBOOK_SECRET"], {})


@cases.case("the gateway connects to an https app with a trusted certificate")
def trusted(stage: Stage):
    authority = Authority()
    with behind_tls(stage, authority, authority, "localhost") as (gateway, app):
        launch(gateway)
        assert len(app.arrived) == 1
        assert app.arrived[0][1]["X-Forwarded-User"] == "notebook-key:29123"


@cases.each(
    "the gateway connects to an https app whose own certificate is trusted",
    {"as openssl makes it, marked as a CA": True, "not marked as a CA": False},
)
def own(stage: Stage, is_ca: bool):
    server = SelfSigned("localhost", is_ca)
    with behind_tls(stage, server, server, "localhost") as (gateway, app):
        launch(gateway)
        assert len(app.arrived) == 1


@cases.each(
    "the gateway does not connect to an https app with a certificate",
    {
        "of an untrusted authority": (False, "localhost", 1, "issuer that is not trusted"),
        "for another host": (True, "other.example", 1, "is only for other.example"),
        "that has expired": (True, "localhost", -1, "has expired"),
    },
)
def untrusted(stage: Stage, certificate: tuple[bool, str, int, str]):
    is_trusted, host, days, reason = certificate
    authority = Authority()
    signed_by = authority if is_trusted else Authority()
    with behind_tls(stage, authority, signed_by, host, days) as (gateway, app):
        fails(gateway, app, reason)


@cases.each(
    "the gateway does not connect to an https app whose own certificate is",
    {
        "not trusted": (False, "localhost", "is self-signed and not trusted"),
        "for another host": (True, "other.example", "is only for other.example"),
    },
)
def own_untrusted(stage: Stage, certificate: tuple[bool, str, str]):
    is_trusted, host, reason = certificate
    server = SelfSigned(host, True)
    trusted_one = server if is_trusted else SelfSigned(host, True)
    with behind_tls(stage, trusted_one, server, host) as (gateway, app):
        fails(gateway, app, reason)


@cases.case("the log names an http URL of an app that closes connections without TLS")
def http_url(stage: Stage):
    authority = Authority()
    with behind_tls(stage, authority, authority, "localhost", scheme="http") as (gateway, app):
        fails(gateway, app, "but the upstream speaks TLS", "upstream-scheme")


def fails(gateway: Gateway, app: App, reason: str, code: str = "upstream-tls") -> None:
    """Asserts that the app receives nothing, and that the log has the reason."""
    try:
        launch(gateway)
    except AssertionError as error:
        assert "502 from the app" in str(error), error
    else:
        raise AssertionError("the gateway connected to the app")
    assert not app.arrived
    # The log is written after the response.
    deadline = time.monotonic() + TIMEOUT
    while f'code="{code}"' not in gateway.log() and time.monotonic() < deadline:
        time.sleep(0.01)
    log = gateway.log()
    assert f'code="{code}"' in log, log
    assert reason in log, log

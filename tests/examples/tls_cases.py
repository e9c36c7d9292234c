"""An app with https: the gateway connects only if the system trusts its certificate."""

import datetime
import ssl
import tempfile
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from case import Cases
from gateway import Gateway
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

    def server(self, host: str) -> bytes:
        """A server's key and certificate, as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        certificate = self._sign(name, key, x509.SubjectAlternativeName([x509.DNSName(host)]))
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return secret + certificate

    def _sign(self, subject, key, extension) -> bytes:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        )
        certificate = builder.sign(self._key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM)


@contextmanager
def behind_tls(stage: Stage, trusted: Authority, signed_by: Authority, host: str):
    """A gateway that trusts one authority, and an app with a certificate for `host`."""
    with tempfile.TemporaryDirectory() as directory, App() as app:
        (authority, certificate) = (Path(directory, "authority.pem"), Path(directory, "server.pem"))
        authority.write_bytes(trusted.certificate)
        certificate.write_bytes(signed_by.server(host))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        app.speak_tls(context)
        tools = stage.tools(app.origin.replace("http://127.0.0.1", "https://localhost"))
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
    "the gateway does not connect to an https app with a certificate",
    {
        "of an untrusted authority": (False, "localhost"),
        "for another host": (True, "other.example"),
    },
)
def untrusted(stage: Stage, certificate: tuple[bool, str]):
    is_trusted, host = certificate
    authority = Authority()
    signed_by = authority if is_trusted else Authority()
    with behind_tls(stage, authority, signed_by, host) as (gateway, app):
        try:
            launch(gateway)
        except AssertionError as error:
            assert "502 from the app" in str(error), error
        else:
            raise AssertionError("the gateway connected to the app")
        assert not app.arrived
        assert 'code="upstream-gone"' in gateway.log()

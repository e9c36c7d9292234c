"""Signs assertions: with the gateway's key, and with forged ones."""

import base64
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Signer:
    """The signing key of a gateway with this secret."""

    def __init__(self, secret: str):
        seed = HKDF(SHA256(), length=32, salt=None, info=b"lti-gateway assertion 1").derive(
            secret.encode()
        )
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def x(self) -> str:
        """The public key in the format of a JWK."""
        return encode(self._key.public_key().public_bytes_raw())

    def sign(self, header: dict, claims: dict) -> str:
        signed = f"{encode_json(header)}.{encode_json(claims)}"
        return f"{signed}.{encode(self._key.sign(signed.encode()))}"


def authenticated_with(key: bytes, header: dict, claims: dict) -> str:
    """An assertion with an HMAC in place of the signature."""
    signed = f"{encode_json(header)}.{encode_json(claims)}"
    hmac = HMAC(key, SHA256())
    hmac.update(signed.encode())
    return f"{signed}.{encode(hmac.finalize())}"


def encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def encode_json(content: dict) -> str:
    return encode(json.dumps(content).encode())


def decode_json(text: str) -> dict:
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def header_of(assertion: str) -> dict:
    return decode_json(assertion.split(".")[0])


def claims_of(assertion: str) -> dict:
    return decode_json(assertion.split(".")[1])

"""The gateway's RSA key for a platform, computed from `gateway.secret` without the gateway's code.

A prime of the key is the first one of a specified sequence, so every implementation finds it.
"""

import hashlib
import hmac
import struct

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

EXPONENT = 65537
SMALL_PRIMES = [n for n in range(3, 2000) if all(n % d for d in range(2, int(n**0.5) + 1))]


def derived_key(secret: str, platform: str) -> str:
    """The private key as PEM."""
    label = f"lti-gateway platform key 1 {platform}".encode()
    seed = HKDF(hashes.SHA256(), 32, None, label).derive(secret.encode())
    q, p = sorted(_first_prime(seed, letter) for letter in (b"p", b"q"))
    d = pow(EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(EXPONENT, p * q)
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, d % (p - 1), d % (q - 1), rsa.rsa_crt_iqmp(p, q), public
    )
    return numbers.private_key().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _first_prime(seed: bytes, letter: bytes) -> int:
    index = 0
    while True:
        blocks = (
            hmac.digest(seed, letter + struct.pack(">IB", index, block), "sha256")
            for block in range(4)
        )
        candidate = int.from_bytes(b"".join(blocks), "big") | (3 << 1022) | 1
        if candidate % EXPONENT != 1 and _is_prime(candidate):
            return candidate
        index += 1


def _is_prime(n: int) -> bool:
    """Trial division, then Miller and Rabin's test with 40 bases."""
    if any(n % prime == 0 for prime in SMALL_PRIMES):
        return False
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in range(40):
        power = pow(2 + int.from_bytes(hashlib.sha256(b"%d" % base).digest()), odd, n)
        if power in (1, n - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % n
            if power == n - 1:
                break
        else:
            return False
    return True

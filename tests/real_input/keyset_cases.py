"""The gateway's keysets, as PyJWT and jwcrypto read and use them."""

import json
import subprocess
import time

import jwt
from case import Cases
from derived_key import derived_key
from edx13 import new_key
from jwcrypto.common import JWException
from jwcrypto.jwk import JWK, JWKSet
from jwcrypto.jws import JWS
from platform_gateway import OTHER_SECRET, SECRET, PlatformGateway

# The key ids of SECRET, by the specification.
KEY_IDS = {
    "moodle": "J1qkpMnoDgjhjQS6YqxnNH-JijZwqXjNaTmBGdLN63I",
    "edx": "uBv_RHW9SUtxvWXCEoKbiJcOFuMcGRtMDfy_jFUrXUw",
}
CANVAS_PEM = new_key()

# One secret, and the same after a rotation with another one.
cases = Cases()
rotation_cases = Cases()


def url_of(gateway: PlatformGateway, platform: str) -> str:
    return f"{gateway.origin}/.well-known/jwks/{platform}.json"


def document(gateway: PlatformGateway, platform: str) -> dict:
    status, headers, body = gateway.ask("GET", f"/.well-known/jwks/{platform}.json", {})
    assert status == 200, status
    assert headers["Cache-Control"] == "public, max-age=300", headers["Cache-Control"]
    # For a page of a platform that reads the keyset.
    assert headers["Content-Type"].startswith("application/"), headers["Content-Type"]
    return json.loads(body)


def assert_signs(gateway: PlatformGateway, platform: str, key: str, kid: str) -> None:
    """A token of this private key is valid by the keyset, for both libraries."""
    claims = {"iss": "client", "sub": "client", "exp": int(time.time()) + 300}
    token = jwt.encode(claims, key, "RS256", {"kid": kid})
    keys = jwt.PyJWKClient(url_of(gateway, platform))
    assert jwt.decode(token, keys.get_signing_key_from_jwt(token), ["RS256"]) == claims
    keyset = JWKSet.from_json(json.dumps(document(gateway, platform)))
    signed = JWS()
    signed.allowed_algs = ["RS256"]
    signed.deserialize(token, keyset.get_key(kid))
    assert json.loads(signed.payload) == claims


@cases.each("the keyset of a platform is what the specification derives", list(KEY_IDS))
def derived(gateway, platform):
    [key] = document(gateway, platform)["keys"]
    assert key["kid"] == KEY_IDS[platform], key["kid"]
    assert_signs(gateway, platform, derived_key(SECRET, platform), key["kid"])


@cases.each("jwcrypto reads a public RSA key of 2048 bits", ["edx", "library", "moodle", "canvas"])
def public(gateway, platform):
    [key] = document(gateway, platform)["keys"]
    assert set(key) == {"kty", "n", "e", "alg", "use", "kid"}, key
    assert (key["kty"], key["alg"], key["use"], key["e"]) == ("RSA", "RS256", "sig", "AQAB"), key
    jwk = JWK.from_json(json.dumps(key))
    assert jwk.thumbprint() == key["kid"], "the key id is not the thumbprint of RFC 7638"
    assert not jwk.has_private
    [read] = jwt.PyJWKClient(url_of(gateway, platform)).get_signing_keys()
    assert read.key.key_size == 2048, read.key.key_size


@cases.case("each platform has a key of its own")
def different(gateway):
    kids = {document(gateway, name)["keys"][0]["kid"] for name in ("edx", "library", "moodle")}
    assert len(kids) == 3, kids
    try:
        assert_signs(gateway, "edx", derived_key(SECRET, "moodle"), KEY_IDS["edx"])
    except jwt.InvalidSignatureError:
        pass
    else:
        raise AssertionError("the keyset of edX accepts the key for Moodle")
    signed = JWS()
    signed.allowed_algs = ["RS256"]
    token = jwt.encode({"a": 1}, derived_key(SECRET, "moodle"), "RS256")
    try:
        signed.deserialize(token, JWK.from_json(json.dumps(document(gateway, "edx")["keys"][0])))
    except JWException:
        return
    raise AssertionError("the keyset of edX accepts the key for Moodle")


@cases.case("a platform with its own PEM has that key")
def own_pem(gateway):
    kid = JWK.from_pem(CANVAS_PEM.encode()).thumbprint()
    assert [key["kid"] for key in document(gateway, "canvas")["keys"]] == [kid]
    assert_signs(gateway, "canvas", CANVAS_PEM, kid)


@cases.each("`lti-gateway keys` prints the key of the keyset as PEM", ["edx", "canvas"])
def pem(gateway, platform):
    printed = subprocess.run(
        [gateway.binary, "keys", platform, "--tools", gateway.tools],
        env=gateway.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert printed.returncode == 0, printed.stderr
    begin = printed.stdout.index("-----BEGIN PUBLIC KEY-----")
    [key] = document(gateway, platform)["keys"]
    assert JWK.from_pem(printed.stdout[begin:].encode()).thumbprint() == key["kid"]
    assert key["kid"] in printed.stdout, printed.stdout
    assert "PRIVATE" not in printed.stdout


@cases.case("an unknown platform has no keyset")
def unknown(gateway):
    for name in ("nobody", "EDX", "edx/", "open"):
        status, _, body = gateway.ask("GET", f"/.well-known/jwks/{name}.json", {})
        assert status == 404 and b'"keys"' not in body, (name, status)


@cases.case("the keyset of assertions is another one, for EdDSA")
def assertions(gateway):
    [key] = jwt.PyJWKClient(f"{gateway.origin}/.well-known/jwks.json").get_signing_keys()
    assert key.algorithm_name == "EdDSA", key.algorithm_name
    assert key.key_id not in {document(gateway, name)["keys"][0]["kid"] for name in KEY_IDS}


@rotation_cases.each("after a rotation, the keyset has the new key and the old one", list(KEY_IDS))
def rotated(gateway, platform):
    new, old = document(gateway, platform)["keys"]
    assert old["kid"] == KEY_IDS[platform], old
    for secret, key in ((OTHER_SECRET, new), (SECRET, old)):
        assert_signs(gateway, platform, derived_key(secret, platform), key["kid"])

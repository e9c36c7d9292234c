"""The programs that verify assertions: whom they believe."""

import json
import time
from collections.abc import Callable

from case import Cases
from server import JWKS, fetch
from signer import Signer, authenticated_with, claims_of, encode_json, header_of
from stage import SECRET, Stage

LANGUAGES = ["Python", "Node", "Rust"]

cases = Cases()


@cases.each("what the tests sign is what the gateway signs, and is believed", LANGUAGES)
def control(stage: Stage, language: str):
    [key] = json.loads(fetch(stage.gateway.port, JWKS)[1])["keys"]
    assert key["x"] == Signer(SECRET).x, "the tests know another key than the gateway"
    real = stage.launch().assertion
    signed = Signer(SECRET).sign(header_of(real), claims_of(real))
    believed(stage, language, [signed], ["notebook-key:29123"])


@cases.each("the person of a launch is printed, and the keys are fetched once", LANGUAGES)
def believes(stage: Stage, language: str):
    name = {"user_id": "Zoë:1", "lis_person_name_full": "Zoë Ångström"}
    launches = [stage.launch(), stage.launch(**name), stage.launch(user_id="")]
    assertions = [launch.assertion for launch in launches]
    before = stage.keys.fetched
    believed(stage, language, assertions, ["notebook-key:29123", "notebook-key:Zoë:1", "anonymous"])
    assert stage.keys.fetched == before + 1, f"the keys were fetched {stage.keys.fetched - before} times"


def changed(**claims) -> Callable[[Stage], str]:
    """An assertion that the gateway's own key signs, with other claims; those that are None are taken out."""

    def sign(stage: Stage) -> str:
        real = stage.launch().assertion
        merged = {**claims_of(real), **claims}
        left = {name: value for name, value in merged.items() if value is not None}
        return Signer(SECRET).sign(header_of(real), left)

    return sign


def of_another_person(stage: Stage) -> str:
    header, _, signature = stage.launch().assertion.split(".")
    claims = {**claims_of(stage.launch().assertion), "sub": "notebook-key:1"}
    return f"{header}.{encode_json(claims)}.{signature}"


def of_another_key(stage: Stage) -> str:
    real = stage.launch().assertion
    return Signer("of another gateway").sign(header_of(real), claims_of(real))


def of_another_gateway(stage: Stage) -> str:
    real = stage.launch().assertion
    return Signer("of another gateway").sign({**header_of(real), "kid": "another"}, claims_of(real))


def unsigned(stage: Stage) -> str:
    real = stage.launch().assertion
    return f"{encode_json({**header_of(real), 'alg': 'none'})}.{encode_json(claims_of(real))}."


def signature_missing(stage: Stage) -> str:
    return stage.launch().assertion.rpartition(".")[0] + "."


def public_key_as_secret(stage: Stage) -> str:
    real = stage.launch().assertion
    return authenticated_with(Signer(SECRET).x.encode(), {**header_of(real), "alg": "HS256"}, claims_of(real))


NOT_BELIEVED = {
    "made for another tool": lambda stage: stage.launch("everything").assertion,
    "with another person written into it": of_another_person,
    "signed with another key": of_another_key,
    "signed by another gateway": of_another_gateway,
    "with no signature": signature_missing,
    "that says it needs no signature": unsigned,
    "authenticated with the public key as a secret": public_key_as_secret,
    "that has expired": changed(exp=int(time.time()) - 120, iat=int(time.time()) - 420),
    "that never expires": changed(exp=None),
    "of another issuer": changed(iss="https://another.example"),
    "of no issuer": changed(iss=None),
    "for nobody": changed(aud=None),
    "that is none": lambda _: "a.b.c",
}

for language in LANGUAGES:

    @cases.each(f"{language} does not believe an assertion", NOT_BELIEVED)
    def refuses(stage: Stage, make: Callable[[Stage], str], language: str = language):
        ended = stage.programs[language].run(stage.keys.origin, [make(stage)])
        assert ended.returncode != 0, "it ended well"
        assert ended.stdout == "", f"it printed {ended.stdout!r}"


def believed(stage: Stage, language: str, assertions: list[str], people: list[str]) -> None:
    ended = stage.programs[language].run(stage.keys.origin, assertions)
    assert ended.returncode == 0, f"exit code {ended.returncode}: {ended.stderr}"
    assert ended.stdout.splitlines() == people, f"it printed {ended.stdout!r}"

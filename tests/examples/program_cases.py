"""The programs that verify assertions: which assertions they accept."""

import json
import tempfile
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode

from case import Cases
from running import Running
from server import JWKS, fetch
from signer import Signer, authenticated_with, claims_of, encode_json, header_of
from stage import SECRET, SECRETS, Arrival, Stage

LANGUAGES = ["Python", "Node", "Rust"]

cases = Cases()


@cases.each(
    "the tests sign with the gateway's key, and the program accepts such an assertion", LANGUAGES
)
def control(stage: Stage, language: str):
    [key] = json.loads(fetch(stage.gateway.port, JWKS)[1])["keys"]
    assert key["x"] == Signer(SECRET).x, "the key of the tests differs from the gateway's"
    real = stage.launch().assertion
    signed = Signer(SECRET).sign(header_of(real), claims_of(real))
    assert_accepted(stage, language, [signed], ["notebook-key:29123"])


@cases.each("the program prints the user of a launch, and fetches the keys once", LANGUAGES)
def accepts(stage: Stage, language: str):
    name = {"user_id": "Zoë:1", "lis_person_name_full": "Zoë Ångström"}
    launches = [stage.launch(), stage.launch(**name), stage.launch(user_id="")]
    assertions = [launch.assertion for launch in launches]
    before = stage.keys.fetched
    assert_accepted(
        stage, language, assertions, ["notebook-key:29123", "notebook-key:Zoë:1", "anonymous"]
    )
    assert stage.keys.fetched == before + 1, (
        f"the keys were fetched {stage.keys.fetched - before} times"
    )


class DevForm(HTMLParser):
    """The signed form of a practice launch."""

    def __init__(self, page: str):
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = dict(attributes)
        if tag == "form":
            self.action = named["action"]
        elif tag == "input":
            self.fields[named["name"]] = named["value"] or ""


@cases.each("the program verifies what /dev launches, with the documented LTI_ISSUER", LANGUAGES)
def practice(stage: Stage, language: str):
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "tools.toml")
        file.write_text(stage.tools(stage.app.origin))
        with Running(stage.binary, file, SECRETS) as development:
            issuer = f"http://localhost:{development.port}"
            host = {"Host": f"localhost:{development.port}"}
            _, _, page = development.ask("GET", "/dev/launch?tool=notebook", host)
            form = DevForm(page.decode())
            # `/dev` launches from another name than its own.
            assert form.action == f"{development.origin}/lti/notebook" != f"{issuer}/lti/notebook"
            development.open("/lti/notebook", urlencode(form.fields))
            assertion = Arrival(*stage.app.arrived[-1]).assertion
            ended = stage.programs[language].run(issuer, [assertion])
            assert ended.returncode == 0, f"exit code {ended.returncode}: {ended.stderr}"
            assert ended.stdout == "notebook-key:learner-1\n", ended.stdout


def changed(**claims) -> Callable[[Stage], str]:
    """An assertion with other claims, signed with the gateway's key. `None` removes a claim."""

    def sign(stage: Stage) -> str:
        real = stage.launch().assertion
        merged = {**claims_of(real), **claims}
        left = {name: value for name, value in merged.items() if value is not None}
        return Signer(SECRET).sign(header_of(real), left)

    return sign


def with_changed_user(stage: Stage) -> str:
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
    return authenticated_with(
        Signer(SECRET).x.encode(), {**header_of(real), "alg": "HS256"}, claims_of(real)
    )


REJECTED = {
    "for another tool": lambda stage: stage.launch("everything").assertion,
    "with a changed user": with_changed_user,
    "signed with another key": of_another_key,
    "signed by another gateway": of_another_gateway,
    "without a signature": signature_missing,
    "with the algorithm none": unsigned,
    "with an HMAC, keyed with the public key": public_key_as_secret,
    "that has expired": changed(exp=int(time.time()) - 120, iat=int(time.time()) - 420),
    "without an expiry": changed(exp=None),
    "of another issuer": changed(iss="https://another.example"),
    "without an issuer": changed(iss=None),
    "without an audience": changed(aud=None),
    "that is malformed": lambda _: "a.b.c",
}

for language in LANGUAGES:

    @cases.each(f"{language} rejects an assertion", REJECTED)
    def rejects(stage: Stage, make: Callable[[Stage], str], language: str = language):
        ended = stage.programs[language].run(stage.keys.origin, [make(stage)])
        assert ended.returncode != 0, "the exit code is 0"
        assert ended.stdout == "", f"the program printed {ended.stdout!r}"


def assert_accepted(stage: Stage, language: str, assertions: list[str], users: list[str]) -> None:
    ended = stage.programs[language].run(stage.keys.origin, assertions)
    assert ended.returncode == 0, f"exit code {ended.returncode}: {ended.stderr}"
    assert ended.stdout.splitlines() == users, f"the program printed {ended.stdout!r}"

"""A platform with tokens and an AGS, and with Moodle's rules for both.

lti1p3platform launches the tool. PyJWT verifies the gateway's requests for tokens.
"""

import json
import re
import secrets
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from urllib.parse import parse_qsl, urlsplit

import jwt
from lms import Arrival, Response

SCOPES = "https://purl.imsglobal.org/spec/lti-ags/scope/"
SCORE = f"{SCOPES}score"

# As Moodle has it: a query after the path of the line item.
LINE_ITEM = "/mod/lti/services.php/2/lineitems/7/lineitem"
QUERY = "?type_id=3"
TOKEN = "/mod/lti/token.php"

# Of a token, in seconds. The gateway takes it for 60 seconds less.
LIFETIME = 62

USER = re.compile(rb'"userId"\s*:\s*"([^"]+)"')


@dataclass
class Token:
    ends: float
    scopes: list[str]


@dataclass
class Entry:
    """The gradebook entry of a learner."""

    seconds: int
    score: dict


@dataclass
class AgsPlatform:
    """Handles one request at a time."""

    origin: str
    # The keys that verify the gateway's assertions, and its client id.
    keys: jwt.PyJWKClient | None = None
    client_id: str = "library-client"
    # Whether tokens have the scope of scores.
    grants_scores: bool = True
    taken: list[tuple[str, Arrival]] = field(default_factory=list)
    book: dict[str, Entry] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    # All tokens that it has issued.
    issued: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    _used: set[str] = field(default_factory=set)
    _turn: Lock = field(default_factory=Lock)

    def learner_of(self, path: str, content: bytes) -> str:
        found = USER.search(content)
        return found[1].decode() if found else ""

    def respond(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes
    ) -> Response:
        with self._turn:
            parts = urlsplit(path)
            if parts.path == TOKEN:
                response = self._token(content)
            elif parts.path == f"{LINE_ITEM}/scores" and f"?{parts.query}" == QUERY:
                response = self._score(Arrival(method, path, headers, content))
            else:
                response = error(404, f"no {path}")
            self.answers[f"{parts.path.rpartition('/')[2]} {response[0]}"] += 1
            return response

    def end_tokens(self) -> None:
        with self._turn:
            self.tokens.clear()

    def _token(self, content: bytes) -> Response:
        form = dict(parse_qsl(content.decode(), strict_parsing=True))
        assertion = form["client_assertion"]
        try:
            claims = jwt.decode(
                assertion,
                self.keys.get_signing_key_from_jwt(assertion).key,
                algorithms=["RS256"],
                audience=f"{self.origin}{TOKEN}",
                issuer=self.client_id,
                options={"require": ["iss", "sub", "aud", "iat", "exp", "jti"]},
            )
        except jwt.PyJWTError as failed:
            return error(400, "invalid_client", str(failed))
        if claims["jti"] in self._used or claims["sub"] != self.client_id:
            return error(400, "invalid_client", "the assertion was used before")
        self._used.add(claims["jti"])
        asked = form["scope"].split(" ")
        scopes = [scope for scope in asked if self.grants_scores or scope != SCORE]
        if not scopes:
            return error(400, "invalid_scope")
        token = secrets.token_urlsafe(24)
        self.tokens[token] = Token(time.monotonic() + LIFETIME, scopes)
        self.issued.append(token)
        said = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "scope": " ".join(scopes),
        }
        # Moodle sends JSON as text/html.
        return 200, {"Content-Type": "text/html; charset=utf-8"}, json.dumps(said).encode()

    def _score(self, arrival: Arrival) -> Response:
        if arrival.method != "POST":
            return error(405, "method")
        scheme, _, name = arrival.headers.get("Authorization", "").partition(" ")
        token = self.tokens.get(name)
        if scheme != "Bearer" or not token or token.ends < time.monotonic():
            return error(401, "invalid_token")
        if SCORE not in token.scopes or not self.grants_scores:
            return error(403, "insufficient_scope")
        if arrival.headers["Content-Type"] != "application/vnd.ims.lis.v1.score+json":
            return error(415, "media type")
        score = json.loads(arrival.content)
        seconds = int(datetime.fromisoformat(score["timestamp"]).timestamp())
        if seconds > time.time() + 1:
            return error(400, "the timestamp is in the future")
        older = self.book.get(score["userId"])
        if older and seconds <= older.seconds:
            return error(409, f"Refusing score with an earlier timestamp for {score['userId']}")
        self.book[score["userId"]] = Entry(seconds, score)
        self.taken.append((score["userId"], arrival))
        return 200, {}, b""


def error(status: int, code: str, message: str = "") -> Response:
    said = {"error": code, "error_description": message}
    return status, {"Content-Type": "application/json"}, json.dumps(said).encode()

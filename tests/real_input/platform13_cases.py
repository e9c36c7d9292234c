"""Launches by LTI 1.3 from a platform that is made with lti1p3platform."""

import base64
import hmac
import json

import jwt
from case import Cases
from derived_key import derived_key
from edx13 import Person13, new_key
from gateway import Launched
from lti1p3platform.exceptions import LtiException
from platform13 import CLIENT_ID, MEMBERSHIP, Course
from platform_gateway import SECRET, PlatformGateway
from visitor import Reply, Visitor, query_of

cases = Cases()

SCORE_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"


def course(
    gateway: PlatformGateway, *, tool: str = "open", after: str = "", **fields
) -> Course:
    launch_url = f"{gateway.origin}/lti/{tool}{after}"
    course = Course(launch_url, f"{gateway.origin}/~login", **fields)
    gateway.forbid(*course.person.personal_values())
    return course


def log_in(gateway: PlatformGateway, course: Course, visitor: Visitor) -> str:
    return visitor.log_in(visitor.get(gateway.library.preflight_url(course)))


def launch(gateway: PlatformGateway, course: Course, visitor: Visitor | None = None) -> Launched:
    visitor = visitor or gateway.visitor()
    url = log_in(gateway, course, visitor)
    return gateway.answered(visitor, *gateway.library.response(course, url))


def accepted(
    gateway: PlatformGateway, course: Course, visitor: Visitor | None = None
) -> Launched:
    launched = launch(gateway, course, visitor)
    assert launched.log_value("outcome") == "accepted", launched.line
    assert launched.log_value("consumer") == "library", launched.line
    return launched


@cases.case("lti1p3platform: a launch with every claim")
def plain(gateway):
    return_url = "https://lms.example/courses/1?a=b&c=d"
    custom = {"unit": "w1", "Ünï": "<b>&amp;</b>"}
    accepted(gateway, course(gateway, custom=custom, return_url=return_url)).page.assert_shows(
        user__id=Person13.user_id,
        user__name=Person13.name,
        user__email=Person13.email,
        context__id="course-1",
        context__title="Größe & Maß",
        context__label="GM",
        resource__id="link-1",
        resource__title="Week 1: <Units>",
        resource__description="Read it & answer",
        return_url=return_url,
        roles="learner",
        is_learner="true",
        custom__unit="w1",
        **{"custom__Ünï": "<b>&amp;</b>"},
    )


@cases.each(
    "lti1p3platform: roles",
    {
        "an instructor": ([f"{MEMBERSHIP}#Instructor"], "instructor"),
        "a short name": (["Instructor"], "instructor"),
        "an assistant": (
            [f"{MEMBERSHIP}/Instructor#TeachingAssistant", f"{MEMBERSHIP}#Instructor"],
            "teaching_assistant",
        ),
        "of the institution alone": (
            ["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor"],
            "",
        ),
        "none": ([], ""),
    },
)
def roles(gateway, roles):
    sent, shown = roles
    accepted(gateway, course(gateway, roles=sent)).page.assert_shows(roles=shown)


@cases.each(
    "lti1p3platform: a message hint comes back byte for byte",
    {
        "JSON of Moodle": '{"cmid":"7","launchid":"ltilaunch7_1234"}',
        "reserved characters": "a b+c%20&d=e#f?g/h;i",
        "Unicode and quotes": "ü \"quoted\" 'x' <&> 👩‍🚀",
        "a line break": "a\r\nb",
        "a token": "eyJ0eXAiOiJKV1QifQ.e30.x-_~",
    },
)
def hint(gateway, hint):
    # The library's own part of the flow compares it.
    accepted(gateway, course(gateway, hint=hint))


@cases.case("lti1p3platform: the redirect URI is the launch URL, whatever the link")
def redirect_uri(gateway):
    visitor = gateway.visitor()
    below = course(gateway, after="/week/1?x=2")
    query = query_of(log_in(gateway, below, visitor))
    assert query["redirect_uri"] == f"{gateway.origin}/lti/open", query
    expected = {
        "a": "b",
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": CLIENT_ID,
        "login_hint": Person13.user_id,
    }
    assert expected.items() <= query.items(), query
    assert set(query) == {*expected, "redirect_uri", "lti_message_hint", "state", "nonce"}, query


@cases.case("lti1p3platform: a login by POST, and one without client and deployment")
def login_by_post(gateway):
    shown = course(gateway)
    login = gateway.library.preflight_url(shown)
    query = query_of(login)
    for left_out in ((), ("client_id",), ("client_id", "lti_deployment_id")):
        fields = {name: value for name, value in query.items() if name not in left_out}
        visitor = gateway.visitor()
        reply = visitor.post(shown.login_url, fields)
        url = visitor.log_in(reply)
        launched = gateway.answered(visitor, *gateway.library.response(shown, url))
        launched.page.assert_shows(user__id=Person13.user_id)


@cases.case("lti1p3platform: a second login of the browser needs no cookie check")
def second_login(gateway):
    visitor = gateway.visitor()
    accepted(gateway, course(gateway), visitor)
    cookies = dict(visitor.cookies)
    reply = visitor.get(gateway.library.preflight_url(course(gateway)))
    assert reply.status == 302, reply.status
    assert reply.cookies().items() <= cookies.items(), "the login changed the cookie"


@cases.case("lti1p3platform: a launch is accepted once, for its browser and its login")
def once(gateway):
    visitor, stranger = gateway.visitor(), gateway.visitor()
    shown = course(gateway)
    url, fields = gateway.library.response(shown, log_in(gateway, shown, visitor))
    other_url, other = gateway.library.response(shown, log_in(gateway, shown, stranger))
    assert url == other_url
    gateway.answered(stranger, url, fields).assert_rejected(401, "other-browser")
    # The token of one login with the state of another.
    mixed = {"id_token": other["id_token"], "state": fields["state"]}
    gateway.answered(visitor, url, mixed).assert_rejected(401, "wrong-nonce")
    first = gateway.answered(visitor, url, fields)
    assert first.log_value("outcome") == "accepted", first.line
    # Without the receipt, the form is a replay.
    visitor.cookies = {
        name: value for name, value in visitor.cookies.items() if name.startswith("__Host-")
    }
    gateway.answered(visitor, url, fields).assert_rejected(401, "replayed")


@cases.case("lti1p3platform: tokens that another key signed, or nobody")
def forged(gateway):
    visitor = gateway.visitor()
    shown = course(gateway)
    url, fields = gateway.library.response(shown, log_in(gateway, shown, visitor))
    token = fields["id_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    header = jwt.get_unverified_header(token)
    kid = {"kid": header["kid"]}
    public = gateway.library.public_key()
    for spoiled, code in [
        (jwt.encode(claims, new_key(), "RS256", kid), "bad-token-signature"),
        (jwt.encode(claims, gateway.library.key, "RS256", {"kid": "other"}), "unknown-key-id"),
        (jwt.encode(claims, gateway.library.key, "RS256"), "no-key-id"),
        (jwt.encode(claims, gateway.library.key, "PS256", kid), "algorithm"),
        (jwt.encode(claims, gateway.library.key, "RS512", kid), "algorithm"),
        (jwt.encode(claims, None, "none", kid), "algorithm"),
        (hmac_token(claims, public, kid), "algorithm"),
        (jwt.encode({**claims, "aud": "other"}, gateway.library.key, "RS256", kid),
         "wrong-audience"),
        (jwt.encode({**claims, "iss": "https://x.example"}, gateway.library.key, "RS256", kid),
         "wrong-issuer"),
        (jwt.encode({**claims, "exp": claims["iat"] - 3600}, gateway.library.key, "RS256", kid),
         "token-expired"),
        (jwt.encode({**claims, "iat": claims["iat"] + 3600}, gateway.library.key, "RS256", kid),
         "token-too-early"),
        (jwt.encode({**claims, lti("deployment_id"): "2"}, gateway.library.key, "RS256", kid),
         "unknown-deployment"),
    ]:  # fmt: skip
        gateway.answered(visitor, url, {**fields, "id_token": spoiled}).assert_rejected(401, code)
    # None of them spent the nonce.
    assert gateway.answered(visitor, url, fields).log_value("outcome") == "accepted"


def lti(claim: str) -> str:
    return f"https://purl.imsglobal.org/spec/lti/claim/{claim}"


def hmac_token(claims: dict, public: str, header: dict) -> str:
    """A token whose HMAC key is the public key, which PyJWT refuses to make."""

    def part(content: bytes) -> str:
        return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

    header = {"alg": "HS256", "typ": "JWT", **header}
    signed = ".".join(part(json.dumps(each).encode()) for each in (header, claims))
    return f"{signed}.{part(hmac.digest(public.encode(), signed.encode(), 'sha256'))}"


@cases.case("lti1p3platform: a tool that does not list the platform")
def not_allowed(gateway):
    shown = course(gateway, tool="moodle-only")
    reply: Reply = gateway.visitor().get(gateway.library.preflight_url(shown))
    assert reply.status == 401, reply.status


@cases.case("lti1p3platform reads the gateway's keyset, and issues a token for its key")
def access_token(gateway):
    platform = gateway.library
    platform.registration.set_tool_key_set(None)
    platform.registration.set_tool_key_set_url(f"{gateway.origin}/.well-known/jwks/library.json")
    [key] = platform.configuration.get_tool_key_set()["keys"]
    request = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "scope": SCORE_SCOPE,
    }
    claims = {"iss": CLIENT_ID, "sub": CLIENT_ID, "aud": f"{platform.issuer}/token"}

    def token(private: str) -> str:
        assertion = jwt.encode(claims, private, "RS256", {"kid": key["kid"]})
        answer = platform.configuration.get_access_token(
            {**request, "client_assertion": assertion}
        )
        return answer["access_token"]

    assert platform.configuration.validate_token(token(derived_key(SECRET, "library")))
    for other in (derived_key(SECRET, "edx"), new_key()):
        try:
            token(other)
        except (LtiException, jwt.InvalidSignatureError):
            continue
        raise AssertionError("the platform accepted another key")

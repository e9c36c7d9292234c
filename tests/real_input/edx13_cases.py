"""Launches by LTI 1.3 from Open edX's own consumer."""

from collections.abc import Iterator
from itertools import permutations
from urllib.parse import urlencode

import jwt
from browser import Form
from case import Cases
from derived_key import derived_key
from edx import PLATFORM_NAME, RESOURCE_LINK_ID, Block, Person
from edx13 import CONTEXT_ID, Block13, Person13
from gateway import Launched
from lti_consumer.lti_1p3.constants import LTI_1P3_ROLE_MAP
from lti_consumer.lti_1p3.exceptions import PreflightRequestValidationFailure
from lti_consumer.lti_1p3.key_handlers import PlatformKeyHandler
from platform_gateway import SECRET, PlatformGateway
from visitor import Visitor, query_of

SCORE_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"

cases = Cases()


def block(
    gateway: PlatformGateway, *, tool: str = "open", after: str = "", **fields
) -> Block13:
    """A block that launches one of the tools. `after` follows the launch path."""
    passport = fields.pop("passport", gateway.edx.passport)
    block = Block13(
        gateway.edx,
        passport,
        f"{gateway.origin}/lti/{tool}{after}",
        f"{gateway.origin}/~login",
        tool_keyset_url=f"{gateway.origin}/.well-known/jwks/edx.json",
        **fields,
    )
    gateway.forbid(*block.person.personal_values())
    return block


def launch(gateway: PlatformGateway, block: Block13, visitor: Visitor | None = None) -> Launched:
    """Opens the block in a browser: login, redirect, launch."""
    visitor = visitor or gateway.visitor()
    url = visitor.log_in(visitor.get(block.preflight_url()))
    return gateway.answered(visitor, *block.response(url))


def accepted(
    gateway: PlatformGateway, block: Block13, visitor: Visitor | None = None
) -> Launched:
    launched = launch(gateway, block, visitor)
    assert launched.log_value("outcome") == "accepted", launched.line
    assert launched.log_value("consumer") == "edx", launched.line
    assert launched.response.status == 200, launched.line
    return launched


@cases.case("edX, LTI 1.3: a block without settings")
def plain(gateway):
    accepted(gateway, block(gateway, ordered_roles=None)).page.assert_shows(
        user__id=Person13.user_id,
        user__name=Person13.name,
        user__email=Person13.email,
        user__given_name="",
        context__id=CONTEXT_ID,
        context__title="UniX - Introduction to Testing",
        context__label=CONTEXT_ID,
        resource__id=RESOURCE_LINK_ID,
        resource__title="",
        locale="",
        return_url="",
        roles="learner",
        is_learner="true",
        is_staff="false",
    )


@cases.case("edX, LTI 1.3: a template receives the parameters of LTI 1.1")
def params(gateway):
    roles = LTI_1P3_ROLE_MAP["student"]
    launched = accepted(gateway, block(gateway, ordered_roles=roles, custom={"Unit": "a b"}))
    params = dict(launched.page.params)
    guid = params.pop("tool_consumer_instance_guid")
    assert len(guid) == 36, guid
    expected = {
        "lti_message_type": "basic-lti-launch-request",
        "lti_version": "LTI-1p0",
        "user_id": Person13.user_id,
        "lis_person_name_full": Person13.name,
        "lis_person_contact_email_primary": Person13.email,
        "lis_person_sourcedid": Person13.username,
        "roles": ",".join(roles),
        "context_id": CONTEXT_ID,
        "context_label": CONTEXT_ID,
        "context_title": "UniX - Introduction to Testing",
        "context_type": "http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering",
        "resource_link_id": RESOURCE_LINK_ID,
        "launch_presentation_document_target": "iframe",
        "tool_consumer_instance_name": PLATFORM_NAME,
        "custom_Unit": "a b",
    }
    assert params == expected, params


@cases.case("edX: the same person, course and block by LTI 1.1 and by LTI 1.3 see the same page")
def same_page(gateway):
    person = Person13(user_id=Person.anonymous_id)
    title, label = "Introduction to Testing", "UniX"
    one = accepted(
        gateway,
        block(
            gateway, person=person, context_title=title, context_label=label, has_grades=False
        ),
    )
    form = Block(f"{gateway.origin}/lti/open", "plain-key", "plain-secret").launch()
    other = gateway.launch(form)
    assert other.log_value("outcome") == "accepted", other.line
    one, other = one.page.shown, other.page.shown
    # Only LTI 1.1 has the name of the block, edX's language, and the institution as the product.
    for name, by_1p1 in [
        ("custom.component_display_name", "LTI Consumer"),
        ("locale", "de-at"),
        ("platform.product_family_code", PLATFORM_NAME),
    ]:
        assert other.pop(name) == by_1p1
        assert one.pop(name, "") == ""
    assert one == other, (one, other)


def orders(role: str) -> Iterator[list[str]]:
    """The roles in every order; for more than four roles, with each of them first and last."""
    roles = LTI_1P3_ROLE_MAP[role]
    if len(roles) <= 4:
        yield from (list(order) for order in permutations(roles))
        return
    for index in range(len(roles)):
        rotated = roles[index:] + roles[:index]
        yield from (rotated, rotated[::-1])


# The roles that a launch shows, for each role of edX. The others are learners.
ROLES = {
    "global_staff": "instructor administrator",
    "instructor": "instructor administrator",
    "staff": "instructor",
    "limited_staff": "instructor",
    "Community TA": "learner teaching_assistant",
    "Group Moderator": "learner teaching_assistant",
}


@cases.each("edX, LTI 1.3: the URIs of a role, in every order", list(LTI_1P3_ROLE_MAP))
def role(gateway, role):
    shown = ROLES.get(role, "learner")
    expected = {
        "roles": shown,
        "is_learner": str("learner" in shown).lower(),
        "is_instructor": str("instructor" in shown).lower(),
        "is_administrator": str("administrator" in shown).lower(),
        "is_staff": str("instructor" in shown).lower(),
    }
    person = Person13(role=role)
    shown_block = block(gateway, person=person)
    for shown_block.ordered_roles in orders(role):
        accepted(gateway, shown_block).page.assert_shows(**expected)
    # A tool for staff has the same view.
    for_staff = launch(gateway, block(gateway, tool="staff", person=person))
    if "instructor" in shown:
        for_staff.page.assert_shows(**expected)
    else:
        for_staff.assert_rejected(403, "role-not-allowed")


@cases.case("edX, LTI 1.3: an empty list of roles is a launch without rights")
def no_role(gateway):
    person = Person13(role=None)
    accepted(gateway, block(gateway, person=person)).page.assert_shows(
        roles="", is_learner="false", is_staff="false"
    )
    launch(gateway, block(gateway, tool="staff", person=person)).assert_rejected(
        403, "role-not-allowed"
    )


@cases.case("edX, LTI 1.3: a block that shares neither name nor email")
def anonymous(gateway):
    person = Person13(name=None, email=None, username=None)
    accepted(gateway, block(gateway, person=person)).page.assert_shows(
        user__id=person.user_id, user__name="", user__email=""
    )


@cases.case("edX, LTI 1.3: names, titles and custom parameters in many scripts")
def unicode(gateway):
    person = Person13(
        name="Þórdís Ægisdóttir 王小明 👩🏽‍🚀 e\u0301",
        email="þórdís@dæmi.example",
        username="þórdís",
    )
    custom = {
        "greeting": "Γειά σου, \u202eעולם\u202c!",
        "ключ": "значение",
        "html": "<script>alert('1')</script>",
        "entity": "&amp;&lt;",
        "plus": "1+1 %2B ~*'()!",
    }
    title = "Größe & Maß: «Введение» 🎓"
    accepted(
        gateway, block(gateway, person=person, context_title=title, custom=custom)
    ).page.assert_shows(
        user__name=person.name,
        user__email=person.email,
        context__title=title,
        **{f"custom__{name}": value for name, value in custom.items()},
    )


@cases.case("edX, LTI 1.3: a return URL, and a link without title in a course without title")
def bare_course(gateway):
    course = {"context_title": None, "context_label": None, "context_types": None}
    return_url = "https://lms.example/courses/1?a=b&c=d"
    accepted(gateway, block(gateway, return_url=return_url, **course)).page.assert_shows(
        context__id=CONTEXT_ID, context__title="", context__label="", return_url=return_url
    )


@cases.case("edX, LTI 1.3: a launch outside of courses")
def no_course(gateway):
    course = dict.fromkeys(["context_id", "context_title", "context_label", "context_types"])
    accepted(gateway, block(gateway, **course)).page.assert_shows(
        context__id="", context__title="", user__id=Person13.user_id
    )


@cases.each(
    "edX, LTI 1.3: a block with a path or a query below the launch URL",
    {
        "a path": "/week/1",
        "a query": "?page=1&page=2",
        "both": "/week/1?x=2&y=a%20b",
        "a trailing slash": "/",
        "encoded Unicode": "/J%C3%BCrgen?name=%F0%9F%98%80",
    },
)
def below(gateway, after):
    # edX knows no redirect URI but the block's launch URL.
    path, line = opened(gateway, block(gateway, tool="app", after=after))
    suffix = after if after.startswith("/") else f"/{after}"
    assert path == f"/base{suffix}", path
    assert 'outcome="accepted"' in line, line


def opened(
    gateway: PlatformGateway, block: Block13, visitor: Visitor | None = None
) -> tuple[str, str]:
    """Opens a block of the tool with the upstream: the path that the upstream receives, and the
    launch's line in the log."""
    visitor = visitor or gateway.visitor()
    url = visitor.log_in(visitor.get(block.preflight_url()))
    reply, line = gateway.answer(visitor, *block.response(url))
    assert reply.status == 303, f"{reply.status}, expected 303; {line}"
    entry = visitor.get(reply.location)
    assert entry.status == 303, entry.status
    assert visitor.get(entry.location).body == "app"
    path, gateway.received = gateway.upstream.request()
    return path, line


@cases.case("edX, LTI 1.3: an upstream receives identity and a signed assertion")
def assertion(gateway):
    opened(gateway, block(gateway, tool="app", person=Person13(role="instructor")))
    headers = gateway.received
    assert headers["x-forwarded-user"] == f"edx:{Person13.user_id}", headers
    assert headers["x-forwarded-email"] == Person13.email, headers
    keys = jwt.PyJWKClient(f"{gateway.origin}/.well-known/jwks.json")
    token = headers["x-lti-assertion"]
    claims = jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token),
        algorithms=["EdDSA"],
        audience="app",
        options={"require": ["iss", "aud", "sub", "exp", "iat"]},
    )
    assert claims["sub"] == f"edx:{Person13.user_id}", claims
    assert claims["name"] == Person13.name, claims
    deployment = claims["https://purl.imsglobal.org/spec/lti/claim/deployment_id"]
    assert deployment == "1", claims
    gateway.forbid(token)


@cases.case("edX, LTI 1.3: a picked item's URL and parameters take the place of the block's")
def item(gateway):
    url = f"{gateway.origin}/lti/open/week/2?x=1"
    picked = block(
        gateway,
        item=(url, {"unit": "w2"}),
        custom={"unit": "w1"},
        deep_linking_url=f"{gateway.origin}/lti/open",
    )
    accepted(gateway, picked).page.assert_shows(custom__unit="w2")


@cases.case("edX, LTI 1.3: an item of another tool is rejected")
def foreign_item(gateway):
    url = f"{gateway.origin}/lti/staff"
    launch(gateway, block(gateway, item=(url, {}))).assert_rejected(400, "target-elsewhere")


@cases.case("edX, LTI 1.3: one passport for two blocks, in one browser")
def shared_passport(gateway):
    visitor = gateway.visitor()
    one = block(gateway, config_id="11111111-1111-4111-8111-111111111111")
    other = block(
        gateway,
        config_id="22222222-2222-4222-8222-222222222222",
        resource_link_id="another-block",
        tool="staff",
        person=Person13(role="staff"),
    )
    urls = [(each, visitor.log_in(visitor.get(each.preflight_url()))) for each in (one, other)]
    for each, url in reversed(urls):
        launched = gateway.answered(visitor, *each.response(url))
        launched.page.assert_shows(resource__id=each.resource_link_id)


@cases.case("edX, LTI 1.3: one configuration for blocks of two courses")
def reusable_configuration(gateway):
    for course in ("course-v1:UniX+CS-101+2026_T1", "course-v1:UniX+CS-102+2026_T1"):
        shared = block(gateway, context_id=course, resource_link_id=f"block of {course}")
        accepted(gateway, shared).page.assert_shows(
            context__id=course, resource__id=f"block of {course}"
        )


@cases.case("edX, LTI 1.3: each passport has its keys")
def other_passport(gateway):
    passport = gateway.edx.other_passport
    accepted(gateway, block(gateway, passport=passport))
    # The client of one passport with the key of another.
    forged = block(gateway)
    forged.consumer.key_handler = PlatformKeyHandler(passport.key, passport.key_id)
    launch(gateway, forged).assert_rejected(401, "unknown-key-id")
    forged.consumer.key_handler = PlatformKeyHandler(passport.key, gateway.edx.passport.key_id)
    launch(gateway, forged).assert_rejected(401, "bad-token-signature")


@cases.case("edX, LTI 1.3: ten blocks of one page log in before the first launch")
def ten_blocks(gateway):
    visitor = gateway.visitor()
    # Each block of the page starts its login before the browser has a cookie.
    blocks = [block(gateway, resource_link_id=f"block-{number}") for number in range(10)]
    replies = []
    for each in blocks:
        before, visitor.cookies = visitor.cookies, {}
        replies.append(visitor.get(each.preflight_url()))
        visitor.cookies |= before
    urls = [visitor.log_in(reply) for reply in replies]
    for each, url in zip(blocks, urls, strict=True):
        launched = gateway.answered(visitor, *each.response(url))
        launched.page.assert_shows(resource__id=each.resource_link_id)


@cases.case("edX, LTI 1.3: a reload shows the page again, another browser does not")
def reload(gateway):
    visitor = gateway.visitor()
    shown = block(gateway)
    url, fields = shown.response(visitor.log_in(visitor.get(shown.preflight_url())))
    first = gateway.answered(visitor, url, fields)
    again = gateway.answered(visitor, url, fields)
    assert again.log_value("outcome") == "again", again.line
    assert again.page == first.page
    stranger = gateway.visitor()
    launched = gateway.answered(stranger, url, fields)
    launched.assert_rejected(401, "other-browser")


@cases.case("edX, LTI 1.3: a login of another client, issuer or tool is rejected")
def strange_login(gateway):
    visitor = gateway.visitor()
    for changes, status in [
        ({"client_id": "of-nobody"}, 401),
        ({"iss": "https://courses.example"}, 401),
        ({"target_link_uri": f"{gateway.origin}/lti/nothing"}, 400),
        ({"target_link_uri": f"{gateway.origin}/lti/moodle-only"}, 401),
    ]:
        url = block(gateway).preflight_url()
        query = urlencode({**query_of(url), **changes})
        reply = visitor.get(f"{gateway.origin}/~login?{query}")
        assert reply.status == status, f"{reply.status} for {changes}"
        assert not reply.cookies(), "a rejected login set a cookie"


@cases.case("edX, LTI 1.3: edX refuses a redirect URI that is not the block's")
def redirect_uri(gateway):
    visitor = gateway.visitor()
    one, other = block(gateway), block(gateway, tool="staff")
    url = visitor.log_in(visitor.get(one.preflight_url()))
    other.preflight_url()
    try:
        other.response(url)
    except PreflightRequestValidationFailure:
        return
    raise AssertionError("edX accepted the redirect URI of another block")


@cases.case("edX, LTI 1.3: a request for links shows the picker to staff, and to no learner")
def deep_linking(gateway):
    for role, status in (("staff", 200), ("student", 403)):
        request = block(
            gateway,
            person=Person13(role=role),
            message_type="LtiDeepLinkingRequest",
            deep_linking_url=f"{gateway.origin}/lti/open",
        )
        visitor = gateway.visitor()
        url = visitor.log_in(visitor.get(request.preflight_url()))
        reply, line = gateway.answer(visitor, *request.response(url))
        assert reply.status == status, f"{reply.status}, expected {status}; {line}"


@cases.case("edX, LTI 1.3: a form with the fields of both versions is rejected")
def two_protocols(gateway):
    visitor = gateway.visitor()
    shown = block(gateway)
    url, fields = shown.response(visitor.log_in(visitor.get(shown.preflight_url())))
    signed = Block(url, "plain-key", "plain-secret").launch()
    both = {**dict(signed.fields), **fields}
    gateway.answered(visitor, url, both).assert_rejected(400, "two-protocols")
    # It spent neither nonce.
    gateway.launch(Form(url, signed.fields)).page.assert_shows(user__id=Person.anonymous_id)
    gateway.answered(visitor, url, fields).page.assert_shows(user__id=Person13.user_id)


@cases.case("edX issues a token for a request that the gateway's key for edX signed")
def access_token(gateway):
    edx = block(gateway).consumer
    request = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "scope": SCORE_SCOPE,
    }
    claims = {"iss": edx.client_id, "sub": edx.client_id}
    key = derived_key(SECRET, "edx")
    answer = edx.access_token(
        {**request, "client_assertion": jwt.encode(claims, key, algorithm="RS256")}
    )
    assert answer["scope"] == SCORE_SCOPE, answer
    assert edx.check_token(answer["access_token"], [SCORE_SCOPE])
    # Each platform has a key of its own.
    foreign = derived_key(SECRET, "library")
    try:
        edx.access_token(
            {**request, "client_assertion": jwt.encode(claims, foreign, algorithm="RS256")}
        )
    except jwt.InvalidSignatureError:
        return
    raise AssertionError("edX accepted the key of another platform")

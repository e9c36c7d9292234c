"""Launches from Open edX's LTI block."""

import json
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from case import Cases
from edx import CONTEXT_ID, PLATFORM_NAME, RESOURCE_LINK_ID, Block, Person
from gateway import Gateway, Launched, secret_of

cases = Cases()


def block(
    gateway: Gateway, *, tool: str = "open", key: str = "plain-key", after: str = "", **fields
) -> Block:
    """A block that launches one of the tools. `after` follows the launch path."""
    secret = fields.pop("secret", None) or secret_of(tool, key)
    return Block(f"{gateway.origin}/lti/{tool}{after}", key, secret, **fields)


def accepted(gateway: Gateway, block: Block, variant: str = "strict") -> Launched:
    """Launches, and checks that the page shows exactly the sent parameters."""
    form = block.launch()
    launched = gateway.launch(form)
    query = parse_qsl(urlsplit(form.url).query, keep_blank_values=True)
    launched.page.assert_params(query + form.sent())
    assert launched.log_value("outcome") == "accepted", launched.line
    assert launched.log_value("variant") == variant, launched.line
    assert launched.log_value("consumer") == json.dumps(block.key, ensure_ascii=False)[1:-1], (
        launched.line
    )
    return launched


@cases.case("edX: a block without settings")
def plain(gateway):
    accepted(gateway, block(gateway)).page.assert_shows(
        user__id=Person.anonymous_id,
        user__name=Person.full_name,
        user__email=Person.email,
        user__given_name="",
        context__id=CONTEXT_ID,
        context__title="Introduction to Testing",
        context__label="UniX",
        resource__id=RESOURCE_LINK_ID,
        resource__title="",
        platform__product_family_code=PLATFORM_NAME,
        locale="de-at",
        return_url="",
        roles="learner",
        is_learner="true",
        is_staff="false",
        grade__accepted="false",
        custom__component_display_name="LTI Consumer",
    )


@cases.case("edX: a block that shares neither name nor email")
def anonymous(gateway):
    launched = accepted(gateway, block(gateway, shares_person=False))
    launched.page.assert_shows(user__id=Person.anonymous_id, user__name="", user__email="")


@cases.case("edX: a graded block with a due date")
def graded(gateway):
    due = {"due": datetime(2030, 2, 28, 23, 59), "graceperiod": timedelta(days=1)}
    accepted(gateway, block(gateway, has_score=True, **due)).page.assert_shows(
        grade__accepted="true",
        custom__component_due_date="2030-02-28 23:59:00",
        custom__component_graceperiod="86400.0",
    )


@cases.case("edX: custom parameters, and LTI parameters that the author overrides")
def custom(gateway):
    parameters = [
        "colour = dark red ",
        "Page=1&2=3",
        "html=<script>alert('1')</script>",
        "entity=&amp;&lt;",
        "plus=1+1 %2B ~*'()!",
        "resource_link_title=Week 1: <Units>",
        "lis_person_name_given=Filippa-Maria",
        "launch_presentation_return_url=https://lms.example/courses/1?a=b&c=d",
    ]
    accepted(gateway, block(gateway, custom_parameters=parameters)).page.assert_shows(
        custom__colour="dark red",
        custom__Page="1&2=3",
        custom__html="<script>alert('1')</script>",
        custom__entity="&amp;&lt;",
        custom__plus="1+1 %2B ~*'()!",
        resource__title="Week 1: <Units>",
        user__given_name="Filippa-Maria",
        return_url="https://lms.example/courses/1?a=b&c=d",
    )


@cases.each(
    "edX: a launch URL with a query",
    {
        "one pair": "?page=1",
        "repeated names": "?page=2&page=1&page=2&a=b",
        "%20 and +": "?first=a%20b&second=a+b&third=a%2Bb",
        "encoded reserved characters": "?a%26b=c%3Dd&path=/x/y%2Fz&time=10:30",
        "encoded Unicode": "?name=J%C3%BCrgen&face=%F0%9F%98%80",
        "empty values": "?empty=&last=",
        "a custom parameter": "?custom_chapter=7",
        "after a trailing slash": "/?page=1",
    },
)
def query(gateway, after):
    accepted(gateway, block(gateway, after=after))


@cases.case("edX: names, titles and parameters in many scripts")
def unicode(gateway):
    person = Person(
        full_name="Þórdís Ægisdóttir 王小明 👩🏽‍🚀 e\u0301",
        email="þórdís@dæmi.example",
        username="þórdís_ægisdóttir",
        language="zh-hant",
    )
    texts = {
        "course_title": "Größe & Maß: «Введение» 🎓",
        "course_org": "Universität Køln",
        "display_name": "演習 ½",
    }
    parameters = ["greeting=Γειά σου, \u202eעולם\u202c!", "ключ=значение", "nbsp=a\u00a0b\u2028c"]
    launched = accepted(
        gateway, block(gateway, person=person, custom_parameters=parameters, **texts)
    )
    launched.page.assert_shows(
        user__name=person.full_name,
        user__email=person.email,
        context__title=texts["course_title"],
        context__label=texts["course_org"],
        custom__component_display_name="演習 ½",
        custom__greeting="Γειά σου, \u202eעולם\u202c!",
        custom__ключ="значение",
    )


@cases.case("edX: empty values")
def empty(gateway):
    without_values = block(
        gateway, custom_parameters=["colour=", "context_title="], course_org="", display_name=""
    )
    launched = accepted(gateway, without_values)
    launched.page.assert_shows(context__label="", context__title="", return_url="")
    assert "custom.colour" not in launched.page.shown


@cases.each(
    "edX: roles",
    {
        "student": ("student", "learner", False),
        "staff": ("staff", "administrator", True),
        "instructor": ("instructor", "instructor", True),
        "limited_staff": ("limited_staff", "learner", False),
    },
)
def roles(gateway, expected):
    role, name, is_staff = expected
    person = Person(role=role)
    accepted(gateway, block(gateway, person=person)).page.assert_shows(
        roles=name,
        is_staff=str(is_staff).lower(),
        is_administrator=str(name == "administrator").lower(),
    )
    for_staff = block(gateway, tool="staff", person=person)
    if is_staff:
        accepted(gateway, for_staff).page.assert_shows(roles=name)
    else:
        gateway.launch(for_staff.launch()).assert_rejected(403, "role-not-allowed")


@cases.case("edX: a wrong secret and an unknown key are rejected with the same page")
def wrong_secret(gateway):
    gateway.forbid("not-the-secret")
    wrong = gateway.launch(block(gateway, secret="not-the-secret").launch())
    wrong.assert_rejected(401, "bad-signature")
    unknown = gateway.launch(block(gateway, key="no-such-key", secret="not-the-secret").launch())
    unknown.assert_rejected(401, "unknown-consumer")
    pages = {
        launched.response.body.replace(launched.log_value("reference"), "")
        for launched in (wrong, unknown)
    }
    assert len(pages) == 1, f"two pages: {pages}"


@cases.case("edX: a key of another tool is unknown, and another tool's secret is wrong")
def another_tool(gateway):
    other = block(gateway, tool="staff", key="a:b", secret=secret_of("open", "a:b"))
    gateway.launch(other.launch()).assert_rejected(401, "unknown-consumer")
    other = block(gateway, tool="staff", secret=secret_of("open", "plain-key"))
    gateway.launch(other.launch()).assert_rejected(401, "bad-signature")


@cases.case("edX: a replay is rejected, except a reload in the browser of the launch")
def twice(gateway):
    form = block(gateway).launch()
    first = gateway.launch(form)
    assert first.response.cookie, "no cookie"
    gateway.launch(form).assert_rejected(401, "replayed")
    again = gateway.launch(form, first.response.cookie)
    again.page.assert_params(form.sent())
    assert again.log_value("outcome") == "again", again.line
    other = gateway.launch(block(gateway).launch())
    gateway.launch(form, other.response.cookie).assert_rejected(401, "replayed")
    changed = form.altered("user_id", "somebody-else")
    gateway.launch(changed, first.response.cookie).assert_rejected(401, "bad-signature")


@cases.each(
    "edX: a value that was changed after signing is rejected",
    ("user_id", "roles", "context_title", "oauth_nonce", "oauth_timestamp", "oauth_callback"),
)
def changed(gateway, name):
    form = block(gateway).launch()
    # A changed timestamp stays well-formed.
    value = form.value(name)[:-1] + ("0" if form.value(name)[-1] != "0" else "1")
    gateway.launch(form.altered(name, value)).assert_rejected(401, "bad-signature")


@cases.each("edX: a key that edX encodes", ("a:b", "course/1 ü", "50%@tools"))
def encoded_key(gateway, key):
    accepted(gateway, block(gateway, key=key), variant="edx-encoded-key")
    accepted(gateway, block(gateway, key=key, after="?a=1&a=%20"), variant="edx-encoded-key")
    gateway.forbid("not-the-secret")
    wrong = block(gateway, key=key, secret="not-the-secret")
    gateway.launch(wrong.launch()).assert_rejected(401, "bad-signature")


@cases.each(
    "edX: an awkward secret",
    ("ampersand-key", "percent-key", "space-key", "unicode-key", "rotated-key"),
)
def awkward_secret(gateway, key):
    accepted(gateway, block(gateway, key=key))


@cases.case("edX: the older of two secrets")
def older_secret(gateway):
    accepted(gateway, block(gateway, key="rotated-key", secret="the-older-secret"))


@cases.case("edX: a consumer without HMAC-SHA1 is rejected")
def pinned_method(gateway):
    form = block(gateway, key="modern-key").launch()
    gateway.launch(form).assert_rejected(401, "signature-method-not-allowed")


@cases.case("edX: a trailing slash is part of the signature")
def trailing_slash(gateway):
    accepted(gateway, block(gateway, after="/"))
    form = block(gateway, after="/").launch()
    form.url = form.url.removesuffix("/")
    gateway.launch(form).assert_rejected(401, "bad-signature")


@cases.case("edX: upper case in the host, and spaces around the URL")
def host(gateway):
    spelled = block(gateway)
    spelled.launch_url = f" http://LocalHost:{gateway.port}/lti/open "
    accepted(gateway, spelled)

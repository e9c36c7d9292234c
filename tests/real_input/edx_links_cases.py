"""Deep linking from edX's own code, which stores what an author picks and launches it."""

import base64
import hashlib
import http.client
import re
import secrets

import jwt
from advantage_gateway import SHARED, AdvantageGateway, Opened, Picker
from browser import Form
from case import Cases
from open_edx import Learner, Placement
from signer import claims_of
from visitor import Visitor

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"

WEEK_1 = 'Week 1: <Units> & "more"'

INVALID = [
    {"path": "/"},
    {"title": "", "path": "/"},
    {"title": 7, "path": "/"},
    {"title": "x", "path": 7},
    {"title": "x", "path": "/", "custom": {"a": 1}},
    {"title": "x", "path": "/", "custom": "a=1"},
    {"title": "x", "path": "/", "points": -1},
    {"title": "x", "path": "/", "points": "10"},
]

cases = Cases()


def request(
    gateway: AdvantageGateway, placement: Placement, author: Learner, visitor: Visitor
) -> Form:
    """The request for links, as an author starts it in Studio."""
    gateway.forbid(*author.personal_values())
    url = gateway.edx.deep_linking_url(placement, author)
    return gateway.edx.form(visitor.log_in(visitor.get(url)))


def picker(
    gateway: AdvantageGateway, placement: Placement, author: Learner
) -> tuple[Picker, Visitor]:
    visitor = gateway.visitor()
    reply, line = gateway.send(request(gateway, placement, author, visitor), visitor)
    assert reply.status == 200, f"{reply.status}; {line}"
    return Picker.parse(reply.body), visitor


def respond(
    gateway: AdvantageGateway, visitor: Visitor, form: Form
) -> tuple[Form, http.client.HTTPMessage]:
    """Posts the selection. Returns the form that the browser posts to the platform."""
    form.url = gateway.origin + form.url if form.url.startswith("/") else form.url
    reply = visitor.post(form.url, form.fields)
    assert reply.status == 200, f"{reply.status}; {reply.body}"
    page = Picker.parse(reply.body)
    # The page's one script is the one that its policy allows.
    [script] = re.findall(r"<script>(.*?)</script>", reply.body, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in reply.headers["Content-Security-Policy"], script
    return Form(page.action, page.fields), reply.headers


def deliver(gateway: AdvantageGateway, author: Learner, form: Form) -> tuple[int, str]:
    """Posts the response to edX, in the author's browser."""
    gateway.forbid(form.value("JWT"))
    headers = {
        **gateway.edx.log_in(author),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    status, _, page = gateway.edx.ask("POST", form.url, headers, form.body())
    return status, page


def open_item(gateway: AdvantageGateway, placement: Placement) -> Opened:
    return gateway.open_block(placement, gateway.edx.enroll())


@cases.case("20: edX, deep linking: a picked link is stored and opens its path")
def one_link(gateway: AdvantageGateway):
    placement, author = gateway.place(), gateway.edx.enroll("staff")
    page, visitor = picker(gateway, placement, author)
    assert page.kinds == {"checkbox"}, page.kinds
    assert "Exercise & <more>" in page.text, page.text
    assert "Größe 👩🏽‍🚀" in page.text, page.text
    form, headers = respond(gateway, visitor, page.chosen("Week 1"))
    configuration = gateway.edx.configuration(placement)
    assert form.url.endswith(f"/lti/{configuration.pk}/lti-dl/response"), form.url
    assert headers["Cache-Control"] == "no-store", headers["Cache-Control"]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "form-action https:" in policy, policy
    assert deliver(gateway, author, form)[0] == 200
    [item] = gateway.edx.items(placement)
    assert item.content_type == "ltiResourceLink", item.content_type
    assert item.attributes["title"] == WEEK_1, item.attributes
    assert item.attributes["url"] == f"{gateway.launch_url('exercise')}/week/1?x=2&y=a%20b"
    assert item.attributes["lineItem"]["scoreMaximum"] == 10, item.attributes
    opened = open_item(gateway, placement)
    assert opened.path == "/week/1?x=2&y=a%20b", opened.path
    custom = claims_of(opened.headers["X-LTI-Assertion"])[f"{LTI}custom"]
    assert custom == {"unit": "w1", "html": "<b>&amp;</b> Ünï"}, custom
    opened.seat.send("0.5").assert_is(200, status="delivered")


@cases.case("edX, deep linking: several links, and then none, replace the older ones")
def several(gateway: AdvantageGateway):
    placement, author = gateway.place(), gateway.edx.enroll("instructor")
    page, visitor = picker(gateway, placement, author)
    form, _ = respond(gateway, visitor, page.chosen("Week 1", "Week 2"))
    assert deliver(gateway, author, form)[0] == 200
    titles = [item.attributes["title"] for item in gateway.edx.items(placement)]
    assert titles == [WEEK_1, "Week 2"], titles
    # Cancel is the last button, and an empty list.
    page, visitor = picker(gateway, placement, author)
    form, _ = respond(gateway, visitor, page.chosen(button=len(page.buttons) - 1))
    assert deliver(gateway, author, form)[0] == 200
    assert gateway.edx.items(placement) == []


@cases.case("edX, deep linking: a tool without links offers itself")
def the_tool(gateway: AdvantageGateway):
    placement, author = gateway.place(tool="plain"), gateway.edx.enroll("staff")
    page, visitor = picker(gateway, placement, author)
    assert not page.choices, page.choices
    form, _ = respond(gateway, visitor, page.chosen())
    assert deliver(gateway, author, form)[0] == 200
    [item] = gateway.edx.items(placement)
    assert item.attributes["url"] == gateway.launch_url("plain"), item.attributes
    assert "lineItem" not in item.attributes, item.attributes
    assert open_item(gateway, placement).path == "/"


@cases.case("edX, deep linking: edX and PyJWT verify the response")
def response(gateway: AdvantageGateway):
    placement, author = gateway.place(), gateway.edx.enroll("staff")
    page, visitor = picker(gateway, placement, author)
    form, _ = respond(gateway, visitor, page.chosen("Week 2"))
    token = form.value("JWT")
    with gateway.edx.database():
        consumer = gateway.edx.configuration(placement).get_lti_consumer()
        [item] = consumer.check_and_decode_deep_linking_token(token)
    assert item["type"] == "ltiResourceLink", item
    key = jwt.PyJWKClient(gateway.keyset_url).get_signing_key_from_jwt(token)
    claims = jwt.decode(
        token,
        key.key,
        algorithms=["RS256"],
        audience=gateway.edx.origin,
        issuer=SHARED[1],
        options={"require": ["iss", "aud", "iat", "exp", "nonce"]},
    )
    assert claims["aud"] in (gateway.edx.origin, [gateway.edx.origin]), claims
    assert claims["exp"] - claims["iat"] <= 300, claims
    assert claims[f"{LTI}deployment_id"] == "1", claims
    assert claims[f"{LTI}message_type"] == "LtiDeepLinkingResponse", claims
    assert claims[f"{LTI}version"] == "1.3.0", claims
    assert claims[f"{DL}content_items"] == [item], claims
    # edX's request had no data.
    assert f"{DL}data" not in claims, claims


@cases.case("edX, deep linking: edX's own check of the author, and of the response")
def refused(gateway: AdvantageGateway):
    placement, author = gateway.place(), gateway.edx.enroll("staff")
    page, visitor = picker(gateway, placement, author)
    form, _ = respond(gateway, visitor, page.chosen("Week 2"))
    stranger = gateway.edx.enroll("staff", course="course-v1:UniX+CS-999+2026_T1")
    assert deliver(gateway, stranger, form)[0] == 403
    assert gateway.edx.items(placement) == []
    # A learner does not even get the request.
    learner, browser = gateway.edx.enroll(), gateway.visitor()
    url = browser.log_in(browser.get(gateway.edx.deep_linking_url(placement, learner)))
    assert gateway.edx.ask("GET", url)[0] == 403


@cases.case("edX, deep linking: an upstream's own picker returns its links")
def own_picker(gateway: AdvantageGateway):
    placement, author = gateway.place(tool="picker"), gateway.edx.enroll("staff")
    visitor = gateway.visitor()
    opened = gateway.enter(request(gateway, placement, author, visitor), visitor)
    assert opened.path == "/choose?from=course", opened.path
    assert opened.token("links"), opened.headers
    # There is no learner whose grade this session could send.
    assert opened.token("grade") is None
    reply = opened.links(
        [
            {
                "title": 'Übung <7> & "8"',
                "path": "/exercise/7?a=b%20c",
                "custom": {"n": "7"},
                "points": 5,
            }
        ]
    )
    reply.assert_is(200)
    location = reply.said["location"]
    gateway.forbid(location.partition("lti_links=")[2])
    page = visitor.get(location)
    assert page.status == 200, f"{page.status}; {page.body}"
    read = Picker.parse(page.body)
    form = Form(read.action, read.fields)
    assert deliver(gateway, author, form)[0] == 200
    [item] = gateway.edx.items(placement)
    assert item.attributes["title"] == 'Übung <7> & "8"', item.attributes
    assert item.attributes["url"] == f"{gateway.launch_url('picker')}/exercise/7?a=b%20c"
    assert open_item(gateway, placement).path == "/exercise/7?a=b%20c"
    # The location works once.
    again = visitor.get(location)
    assert again.status >= 400, again.status


@cases.each(
    "edX, deep linking: an upstream's own picker cannot offer",
    {
        "another site": "https://evil.example/",
        "a site without a scheme": "//evil.example/",
        "dot segments": "/a/../../b",
        "encoded dot segments": "/%2e%2e/b",
        "a backslash": "/\\evil.example",
        "an encoded slash": "/a%2Fb",
        "a fragment": "/a#b",
        "a relative path": "week/1",
        "a line break": "/a\r\nb",
    },
)
def foreign_path(gateway: AdvantageGateway, path: str):
    placement, author = gateway.place(tool="picker"), gateway.edx.enroll("staff")
    visitor = gateway.visitor()
    opened = gateway.enter(request(gateway, placement, author, visitor), visitor)
    opened.links([{"title": "ok", "path": "/"}, {"title": "x", "path": path}]).assert_is(422)


@cases.case("edX, deep linking: `POST /links` needs a link token, valid links, and few of them")
def invalid_links(gateway: AdvantageGateway):
    placement, author = gateway.place(tool="picker"), gateway.edx.enroll("staff")
    visitor = gateway.visitor()
    opened = gateway.enter(request(gateway, placement, author, visitor), visitor)
    for item in INVALID:
        reply = opened.links([item])
        assert reply.status == 422, f"{reply.status} for {item}"
    # The URL of the answer has at most 6,000 characters.
    many = [{"title": secrets.token_urlsafe(60), "path": f"/{number}"} for number in range(200)]
    opened.links(many).assert_is(413)
    few = opened.links(many[:40])
    few.assert_is(200)
    assert len(few.said["location"]) <= 6000, len(few.said["location"])
    learner = open_item(gateway, gateway.place(tool="picker"))
    assert learner.token("links") is None
    learner.links([{"title": "x", "path": "/"}]).assert_is(401)
    assert gateway.edx.items(placement) == []

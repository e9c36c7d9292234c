"""Links by LTI 1.1: requests that oauthlib signs, and responses that it verifies."""

import json
from urllib.parse import urlencode

import oauthlib.oauth1
from advantage_gateway import AdvantageGateway, Picker
from browser import Form
from case import Cases
from oauth import sign
from oauthlib.oauth1.rfc5849 import signature
from signer import claims_of
from visitor import Visitor

LINK = "application/vnd.ims.lti.v1.ltilink"
CONTENT_ITEM = "http://purl.imsglobal.org/ctx/lti/v1/ContentItem"
RETURN_URL = "https://lms.example/content?course=7&x=%20"

# The method of the signature, and what oauthlib calls it.
CONSUMERS = {
    "HMAC-SHA1": ("plain-key", "plain-secret"),
    "HMAC-SHA256": ("modern-key", "modern&secret"),
}

cases = Cases()


def request(
    gateway: AdvantageGateway, tool: str = "exercise", method: str = "HMAC-SHA1", **changes
) -> Form:
    """A signed request for links."""
    key, secret = CONSUMERS[method]
    fields = {
        "lti_message_type": "ContentItemSelectionRequest",
        "lti_version": "LTI-1p0",
        "accept_media_types": f"{LINK},*/*",
        "accept_presentation_document_targets": "iframe,window",
        "accept_multiple": "true",
        "accept_unsigned": "false",
        "auto_create": "true",
        "content_item_return_url": RETURN_URL,
        "context_id": "course-7",
        "context_title": "Chemistry",
        "user_id": "author-29123",
        "roles": "Instructor",
        "lis_person_name_full": "Wilhelmina Thistlewood",
        "lis_person_contact_email_primary": "thistlewood@people.example",
        "title": "Line 1\r\nLine 2",
        "data": "a&<\"'> ü \\ b",
        **changes,
    }
    fields = [(name, value) for name, value in fields.items() if value is not None]
    gateway.forbid("author-29123", "Wilhelmina", "Thistlewood", "thistlewood@people.example")
    url = gateway.launch_url(tool)
    client = oauthlib.oauth1.Client(
        key,
        client_secret=secret,
        signature_method=method,
        signature_type=oauthlib.oauth1.SIGNATURE_TYPE_BODY,
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    _, _, body = client.sign(url, "POST", urlencode(fields), headers)
    return Form.from_body(url, body)


def picker(gateway: AdvantageGateway, form: Form) -> tuple[Picker, Visitor]:
    visitor = gateway.visitor()
    reply, line = gateway.send(form, visitor)
    assert reply.status == 200, f"{reply.status}; {line}"
    return Picker.parse(reply.body), visitor


def respond(gateway: AdvantageGateway, visitor: Visitor, form: Form) -> Form:
    form.url = gateway.origin + form.url if form.url.startswith("/") else form.url
    reply = visitor.post(form.url, form.fields)
    assert reply.status == 200, f"{reply.status}; {reply.body}"
    page = Picker.parse(reply.body)
    return Form(page.action, page.fields)


def verified(form: Form, method: str = "HMAC-SHA1") -> dict[str, str]:
    """The fields of a response, after oauthlib has verified its signature."""
    key, secret = CONSUMERS[method]
    # Browsers send line breaks as CRLF.
    sent = [(name, crlf(value)) for name, value in form.fields]
    fields = dict(sent)
    assert len(fields) == len(sent), sent
    assert (fields["oauth_consumer_key"], fields["oauth_signature_method"]) == (key, method), fields
    parameters = [pair for pair in sent if pair[0] != "oauth_signature"]

    class Request:
        http_method = "POST"
        uri = form.url
        params = signature.collect_parameters(
            uri_query=form.url.partition("?")[2], body=parameters, exclude_oauth_signature=True
        )

    Request.signature = fields["oauth_signature"]
    verify = {
        "HMAC-SHA1": signature.verify_hmac_sha1,
        "HMAC-SHA256": signature.verify_hmac_sha256,
    }[method]
    assert verify(Request, client_secret=secret), "oauthlib refuses the signature"
    return fields


def crlf(value: str) -> str:
    return value.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


@cases.each("28: LTI 1.1: oauthlib verifies the selection of two links, by", list(CONSUMERS))
def selection(gateway: AdvantageGateway, method: str):
    page, visitor = picker(gateway, request(gateway, method=method))
    assert page.kinds == {"checkbox"}, page.kinds
    form = respond(gateway, visitor, page.chosen("Week 1", "Week 2"))
    assert form.url == RETURN_URL, form.url
    fields = verified(form, method)
    gateway.forbid(fields["oauth_signature"], fields["oauth_nonce"])
    assert fields["lti_message_type"] == "ContentItemSelection", fields
    assert fields["lti_version"] == "LTI-1p0", fields
    assert fields["data"] == "a&<\"'> ü \\ b", fields["data"]
    items = json.loads(fields["content_items"])
    context = items["@context"]
    assert CONTENT_ITEM in (context if isinstance(context, list) else [context]), items
    first, second = items["@graph"]
    assert (first["@type"], first["mediaType"]) == ("LtiLinkItem", LINK), first
    assert first["url"] == f"{gateway.launch_url('exercise')}/week/1?x=2&y=a%20b", first
    assert first["title"] == 'Week 1: <Units> & "more"', first
    assert first["custom"] == {"unit": "w1", "html": "<b>&amp;</b> Ünï"}, first
    assert second["url"] == f"{gateway.launch_url('exercise')}/week/2", second
    # The link works: the platform launches it with its custom parameters.
    key, secret = CONSUMERS[method]
    custom = [(f"custom_{name}", value) for name, value in first["custom"].items()]
    options = {"signature_method": method}
    launch = sign(first["url"], key, secret, custom, **options)
    opened = gateway.enter(launch, gateway.visitor())
    assert opened.path == "/week/1?x=2&y=a%20b", opened.path
    claims = claims_of(opened.headers["X-LTI-Assertion"])
    assert claims["https://purl.imsglobal.org/spec/lti/claim/custom"]["unit"] == "w1", claims


@cases.case("28: LTI 1.1: one link, for a platform that accepts one; without data")
def one(gateway: AdvantageGateway):
    page, visitor = picker(gateway, request(gateway, accept_multiple="false", data=None))
    assert page.kinds == {"radio"}, page.kinds
    fields = verified(respond(gateway, visitor, page.chosen("Week 2")))
    assert "data" not in fields, fields
    [item] = json.loads(fields["content_items"])["@graph"]
    assert item["title"] == "Week 2", item


@cases.case("28: LTI 1.1: Cancel returns an empty selection")
def cancel(gateway: AdvantageGateway):
    page, visitor = picker(gateway, request(gateway))
    fields = verified(respond(gateway, visitor, page.chosen(button=len(page.buttons) - 1)))
    assert json.loads(fields["content_items"])["@graph"] == [], fields


@cases.each(
    "28: LTI 1.1: data comes back byte for byte",
    {
        "4 KB of markup": ("&<\">'" * 900)[:4096],
        "Unicode": "ü王👩🏽‍🚀e\u0301",
        "line breaks": "a\r\nb\r\n\r\nc",
        "percent signs": "100%25 %0a +",
    },
)
def data(gateway: AdvantageGateway, data: str):
    page, visitor = picker(gateway, request(gateway, data=data))
    fields = verified(respond(gateway, visitor, page.chosen("Week 2")))
    assert fields["data"] == data, repr(fields["data"])


@cases.case("28: LTI 1.1: an upstream's own picker, with line breaks in a title")
def own_picker(gateway: AdvantageGateway):
    visitor = gateway.visitor()
    opened = gateway.enter(request(gateway, tool="picker"), visitor)
    assert opened.path == "/choose?from=course", opened.path
    assert opened.headers["X-Forwarded-User"] == "plain-key:author-29123", opened.headers
    items = [{"title": "Übung 7", "path": "/exercise/7", "text": "Line 1\r\nLine 2\nLine 3"}]
    reply = opened.links(items)
    reply.assert_is(200)
    page = visitor.get(reply.said["location"])
    assert page.status == 200, f"{page.status}; {page.body}"
    read = Picker.parse(page.body)
    fields = verified(Form(read.action, read.fields))
    [item] = json.loads(fields["content_items"])["@graph"]
    assert item["url"] == f"{gateway.launch_url('picker')}/exercise/7", item


@cases.each(
    "28: LTI 1.1: a request that is rejected",
    {
        "of a learner": ({"roles": "Learner"}, 403),
        "without the media type of links": ({"accept_media_types": "image/*"}, 400),
        "without a return URL": ({"content_item_return_url": None}, 400),
        "with a script as the return URL": (
            {"content_item_return_url": "javascript:alert(1)"},
            400,
        ),
        "with a return URL by http": ({"content_item_return_url": "http://lms.example/"}, 400),
    },
)
def rejected(gateway: AdvantageGateway, variation):
    changes, status = variation
    visitor = gateway.visitor()
    reply, line = gateway.send(request(gateway, **changes), visitor)
    assert reply.status == status, f"{reply.status}, expected {status}; {line}"


@cases.case("28: LTI 1.1: a request is accepted once, and a changed one never")
def replayed(gateway: AdvantageGateway):
    form = request(gateway)
    reply, line = gateway.send(
        form.altered("content_item_return_url", "https://evil.example/"), gateway.visitor()
    )
    assert reply.status == 401, f"{reply.status}; {line}"
    assert gateway.send(form, gateway.visitor())[0].status == 200
    reply, line = gateway.send(form, gateway.visitor())
    assert reply.status == 401, f"{reply.status}; {line}"


@cases.case(
    "by LTI 1.1, a teacher cannot grade a learner whom only the learner's launch names: 409"
)
def by_the_teacher(gateway: AdvantageGateway):
    fields = [
        ("context_id", "course-7"),
        ("lis_outcome_service_url", "https://lms.example/outcome"),
    ]
    form = sign(gateway.launch_url("course"), "plain-key", "plain-secret", fields)
    opened = gateway.enter(form, gateway.visitor())
    if opened.token("course") is None:
        return
    content = json.dumps({"score": "0.5", "user": "plain-key:29123"})
    opened.course.ask("POST", content=content).assert_is(409)

"""Launches signed with oauthlib and with python-oauth2."""

import time
from urllib.parse import parse_qsl, urlsplit

from browser import Form
from case import Cases
from gateway import Gateway, Launched, secret_of
from oauth import sign, sign_with_python_oauth2
from oauthlib import oauth1

cases = Cases()

UNICODE = [
    ("lis_person_name_full", "Ørnulf Bjarkebæk 🧗 Ж"),
    ("lis_person_name_given", "Ørnulf"),
    ("lis_person_name_family", "Bjarkebæk"),
    ("lis_person_contact_email_primary", "ørnulf@bjarkebæk.example"),
    ("context_title", "Ὀδύσσεια <&\"'> 🎓"),
    ("custom_emoji", "👩‍👩‍👧‍👦🇦🇹"),
]


def accepted(
    gateway: Gateway, key: str = "plain-key", fields=(), *, after="", signer=sign, **options
) -> Launched:
    """Launches the tool `open`, and checks that the page shows exactly the sent parameters."""
    form = signer(
        f"{gateway.origin}/lti/open{after}", key, secret_of("open", key), fields, **options
    )
    launched = gateway.launch(form)
    query = parse_qsl(urlsplit(form.url).query, keep_blank_values=True)
    launched.page.assert_params(query + form.sent())
    assert launched.log_value("outcome") == "accepted", launched.line
    assert launched.log_value("variant") == "strict", launched.line
    assert launched.log_value("consumer") == key, launched.line
    return launched


def rejected(gateway: Gateway, status: int, code: str, key: str = "plain-key", **options) -> None:
    form = sign(f"{gateway.origin}/lti/open", key, secret_of("open", key), **options)
    gateway.launch(form).assert_rejected(status, code)


@cases.case("oauthlib: plain")
def plain(gateway):
    accepted(gateway).page.assert_shows(user__id="29123", roles="instructor", user__name="")


@cases.each(
    "oauthlib: a launch URL with a query",
    {
        "repeated names": "?b=2&b=1&a=&b=2",
        "%20 and +": "?x=a%20b&y=a+b&z=a%2Bb",
        "after a trailing slash": "/?x=1",
    },
)
def query(gateway, after):
    accepted(gateway, after=after)


@cases.case("oauthlib: Unicode")
def unicode(gateway):
    accepted(gateway, fields=UNICODE).page.assert_shows(
        user__name=UNICODE[0][1], user__family_name="Bjarkebæk", context__title=UNICODE[4][1]
    )


@cases.case("oauthlib: empty values, repeated names and line breaks in the form")
def odd_fields(gateway):
    fields = [
        ("custom_a", ""),
        ("custom_b", "2"),
        ("custom_b", "1"),
        ("custom_b", "2"),
        ("custom_c", "a\r\nb\tc "),
    ]
    accepted(gateway, fields=fields)


@cases.each(
    "oauthlib: a key with reserved characters, properly signed",
    ("a:b", "course/1 ü", "50%@tools"),
)
def reserved_key(gateway, key):
    accepted(gateway, key)


@cases.each(
    "oauthlib: an awkward secret", ("ampersand-key", "percent-key", "space-key", "unicode-key")
)
def awkward_secret(gateway, key):
    accepted(gateway, key, UNICODE)


@cases.case("oauthlib: HMAC-SHA256, also if it is the only allowed method")
def hmac_sha256(gateway):
    accepted(gateway, fields=UNICODE, signature_method=oauth1.SIGNATURE_HMAC_SHA256)
    accepted(gateway, "modern-key", signature_method=oauth1.SIGNATURE_HMAC_SHA256)
    rejected(gateway, 401, "signature-method-not-allowed", "modern-key")


@cases.each(
    "oauthlib: an unsupported signature method is rejected",
    (oauth1.SIGNATURE_PLAINTEXT, oauth1.SIGNATURE_HMAC_SHA512),
)
def other_method(gateway, method):
    rejected(gateway, 400, "signature-method", signature_method=method)


@cases.case("oauthlib: OAuth in the Authorization header")
def header(gateway):
    options = {"signature_type": oauth1.SIGNATURE_TYPE_AUTH_HEADER}
    accepted(gateway, fields=UNICODE, after="?a=1&a=%20", **options)
    accepted(gateway, "course/1 ü", realm="https://lms.example/", **options)
    accepted(gateway, signature_method=oauth1.SIGNATURE_HMAC_SHA256, **options)


@cases.case("oauthlib: OAuth parameters in the launch URL are rejected")
def oauth_in_query(gateway):
    rejected(gateway, 400, "misplaced-oauth-parameters", signature_type=oauth1.SIGNATURE_TYPE_QUERY)


@cases.case("oauthlib: a trailing slash is part of the signature")
def trailing_slash(gateway):
    accepted(gateway, after="/")
    form = sign(f"{gateway.origin}/lti/open", "plain-key", secret_of("open", "plain-key"))
    form.url += "/"
    gateway.launch(form).assert_rejected(401, "bad-signature")


@cases.each(
    "oauthlib: a timestamp outside the clock skew is rejected",
    {"six minutes ago": 360, "six minutes ahead": -360, "a year ago": 31_536_000},
)
def stale(gateway, age):
    rejected(gateway, 401, "stale", timestamp=time.time() - age)


@cases.each(
    "oauthlib: a timestamp within the clock skew is accepted",
    {"four minutes ago": 240, "four minutes ahead": -240},
)
def fresh(gateway, age):
    accepted(gateway, timestamp=time.time() - age)


@cases.case("oauthlib: a nonce is accepted once per consumer and timestamp (RFC 5849, section 3.3)")
def used_nonce(gateway):
    options = {"nonce": "a-unique-nonce", "timestamp": time.time()}
    accepted(gateway, **options)
    rejected(gateway, 401, "replayed", **options)
    rejected(gateway, 401, "replayed", signature_method=oauth1.SIGNATURE_HMAC_SHA256, **options)
    accepted(gateway, "a:b", **options)
    accepted(gateway, **{**options, "timestamp": options["timestamp"] - 1})


@cases.case("oauthlib: a wrong secret is rejected")
def wrong_secret(gateway):
    gateway.forbid("not-the-secret")
    form = sign(f"{gateway.origin}/lti/open", "plain-key", "not-the-secret")
    gateway.launch(form).assert_rejected(401, "bad-signature")


@cases.case("oauthlib: an empty or missing signature is rejected")
def no_signature(gateway):
    form = sign(f"{gateway.origin}/lti/open", "plain-key", secret_of("open", "plain-key"))
    gateway.launch(form.altered("oauth_signature", "")).assert_rejected(
        400, "missing-oauth-parameter"
    )
    gateway.launch(Form(form.url, form.sent())).assert_rejected(400, "unsigned")


@cases.case("python-oauth2: plain")
def other_plain(gateway):
    accepted(gateway, signer=sign_with_python_oauth2, after="?a=1&b=%20")


@cases.case("python-oauth2: Unicode, with an awkward key and an awkward secret")
def other_unicode(gateway):
    accepted(gateway, fields=UNICODE, signer=sign_with_python_oauth2)
    accepted(gateway, "course/1 ü", UNICODE, signer=sign_with_python_oauth2)
    accepted(gateway, "percent-key", UNICODE, signer=sign_with_python_oauth2)

"""Platforms that sign with a library: oauthlib, and python-oauth2, which shares no code with it."""

import time
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

import oauth2
import oauthlib.oauth1
from browser import Form

LAUNCH = [
    ("lti_message_type", "basic-lti-launch-request"),
    ("lti_version", "LTI-1p0"),
    ("resource_link_id", "429785226"),
    ("user_id", "29123"),
    ("roles", "Instructor"),
]

Fields = Sequence[tuple[str, str]]


def sign(
    url: str,
    key: str,
    secret: str,
    fields: Fields = (),
    *,
    timestamp: float | None = None,
    **options,
) -> Form:
    """A launch signed by oauthlib. Default: signed now, with the OAuth parameters in the form."""
    client = oauthlib.oauth1.Client(
        key,
        client_secret=secret,
        timestamp=str(int(time.time() if timestamp is None else timestamp)),
        signature_type=options.pop("signature_type", oauthlib.oauth1.SIGNATURE_TYPE_BODY),
        **options,
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    url, headers, body = client.sign(url, "POST", urlencode([*LAUNCH, *fields]), headers)
    return Form(url, parse_qsl(body, keep_blank_values=True), headers.get("Authorization"))


def sign_with_python_oauth2(url: str, key: str, secret: str, fields: Fields = ()) -> Form:
    """A launch signed by python-oauth2, which cannot sign repeated names."""
    consumer = oauth2.Consumer(key, secret)
    parameters = dict([*LAUNCH, *fields])
    request = oauth2.Request.from_consumer_and_token(
        consumer, http_method="POST", http_url=url, parameters=parameters, is_form_encoded=True
    )
    request.sign_request(oauth2.SignatureMethod_HMAC_SHA1(), consumer, None)
    return Form(url, parse_qsl(request.to_postdata(), keep_blank_values=True))

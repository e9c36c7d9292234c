"""The practice platform launches a tool that is made with PyLTI1p3, as it launches the gateway's."""

from urllib.parse import urlencode, urlsplit

from browser import Form
from case import Cases
from gateway import Gateway
from tool13 import LibraryTool

ISSUER = "http://practice.localhost/dev/platform"
LTI = "https://purl.imsglobal.org/spec/lti/claim/"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"

cases = Cases()


def page(gateway: Gateway, url: str) -> Form:
    """The form of a page."""
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}"
    host = {"Host": parts.netloc or f"localhost:{gateway.port}"}
    status, _, body = gateway.ask("GET", target, host)
    assert status == 200, f"{status} at {url}; {body.decode()}"
    return Form.from_page(body.decode())


def launch(gateway: Gateway, **choices: str) -> dict:
    """Launches the tool with these choices at `/dev`. Returns the claims of its token."""
    query = urlencode({"tool": "open", "lti": "1.3", "person": "learner-1", **choices})
    login = dict(page(gateway, f"/dev/launch?{query}").fields)
    assert login["iss"] == ISSUER, login
    platform = f"http://localhost:{gateway.port}/dev/platform"
    tool = LibraryTool(
        ISSUER,
        {
            "client_id": "open",
            "auth_login_url": f"{platform}/auth",
            "auth_token_url": f"{platform}/token",
            "key_set_url": f"{platform}/jwks",
            "deployment_ids": ["1"],
        },
    )
    answer = page(gateway, tool.login(login))
    assert answer.url == login["target_link_uri"], answer.url
    return tool.launch(dict(answer.fields))


@cases.each(
    "PyLTI1p3 is launched by the practice platform",
    {
        "a learner": ("learner-1", [f"{MEMBERSHIP}#Learner"]),
        "an instructor": ("instructor-1", [f"{MEMBERSHIP}#Instructor"]),
    },
)
def launched(gateway, person):
    person, roles = person
    claims = launch(gateway, person=person, custom="unit=w1")
    assert claims["iss"] == ISSUER, claims
    assert claims["aud"] in ("open", ["open"]), claims
    assert claims["sub"] and claims["name"] and claims["email"], claims
    assert set(roles) <= set(claims[f"{LTI}roles"]), claims
    assert claims[f"{LTI}resource_link"]["id"], claims
    assert claims[f"{LTI}context"]["id"], claims
    assert claims[f"{LTI}custom"]["unit"] == "w1", claims
    gateway.forbid(claims["name"], claims["email"])


REGISTERED = "not found in settings"
NOT_DECODED = "Can't decode id_token"
# The mistakes of `/dev`, and what PyLTI1p3 says about them.
MISTAKES = {
    "key-id": "Unable to find public key",
    "claim": f"{NOT_DECODED}: Signature verification failed",
    "expired": f"{NOT_DECODED}: Signature has expired",
    "early": f"{NOT_DECODED}: The token is not yet valid (iat)",
    "audience": REGISTERED,
    "nonce": "Invalid Nonce",
    "algorithm": "Unable to find public key",
    "user": "Must have a user (sub)",
    "deployment": "Unable to find deployment",
    "issuer": REGISTERED,
    "state": "Missing state param",
    "login": "Missing id_token",
}


@cases.each("PyLTI1p3 rejects a launch with a mistake of the practice platform", list(MISTAKES))
def mistake(gateway, mistake):
    try:
        launch(gateway, token_mistake=mistake)
    except Exception as error:
        assert MISTAKES[mistake] in str(error), f"{error}, expected {MISTAKES[mistake]}"
        return
    raise AssertionError("the tool accepted it")


@cases.case("PyLTI1p3 accepts another `azp` of the practice platform, as the gateway does")
def other_azp(gateway):
    assert launch(gateway, token_mistake="azp")["aud"] == "open"

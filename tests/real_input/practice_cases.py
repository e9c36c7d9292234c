"""The practice platform launches a tool that is made with PyLTI1p3, as it launches the gateway's."""

import time
import tomllib
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

from browser import Form
from case import Cases
from derived_key import derived_key
from gateway import TOOLS, Gateway
from pylti1p3.deep_link_resource import DeepLinkResource
from pylti1p3.exception import LtiServiceException
from pylti1p3.grade import Grade
from pylti1p3.lineitem import LineItem
from tool13 import LibraryTool, Launch

ISSUER = "http://practice.localhost/dev/platform"
LTI = "https://purl.imsglobal.org/spec/lti/claim/"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"

GATEWAY_SECRET = tomllib.loads(TOOLS.read_text())["gateway"]["secret"]

cases = Cases()


def page(gateway: Gateway, url: str) -> Form:
    """The form of a page."""
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}"
    host = {"Host": parts.netloc or f"localhost:{gateway.port}"}
    status, _, body = gateway.ask("GET", target, host)
    assert status == 200, f"{status} at {url}; {body.decode()}"
    return Form.from_page(body.decode())


def message(gateway: Gateway, **choices: str) -> Launch:
    """Launches the tool with these choices at `/dev`."""
    query = urlencode({"tool": "open", "lti": "1.3", "person": "learner-1", **choices})
    login = dict(page(gateway, f"/dev/launch?{query}").fields)
    assert login["iss"] == ISSUER, login
    tool = LibraryTool(
        ISSUER,
        {
            "client_id": login["client_id"],
            "auth_login_url": f"{ISSUER}/auth",
            "auth_token_url": f"{ISSUER}/token",
            "key_set_url": f"{ISSUER}/jwks",
            "deployment_ids": ["1"],
        },
        # The gateway's own key for its practice platform.
        derived_key(GATEWAY_SECRET, "practice"),
        gateway.port,
    )
    answer = page(gateway, tool.login(login))
    assert answer.url == login["target_link_uri"], answer.url
    return tool.message(dict(answer.fields))


def launch(gateway: Gateway, **choices: str) -> dict:
    """The claims of a launch."""
    return message(gateway, **choices).get_launch_data()


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


def grade(launched: Launch, score: float, *, at: float | None = None) -> Grade:
    timestamp = datetime.fromtimestamp(time.time() if at is None else at, UTC)
    return (
        Grade()
        .set_user_id(launched.get_launch_data()["sub"])
        .set_score_given(score)
        .set_score_maximum(4)
        .set_comment("Three of four")
        .set_activity_progress("Completed")
        .set_grading_progress("FullyGraded")
        .set_timestamp(timestamp.isoformat(timespec="milliseconds"))
    )


@cases.case("PyLTI1p3 sends a grade to the practice platform, and reads it")
def grades(gateway):
    launched = message(gateway, person="learner-1")
    service = launched.get_ags()
    assert service.can_put_grade() and service.can_read_grades(), service
    service.put_grade(grade(launched, 3))
    [result] = [
        each
        for each in service.get_grades()
        if each["userId"] == launched.get_launch_data()["sub"]
    ]
    assert result["resultScore"] / result["resultMaximum"] == 0.75, result
    assert result["comment"] == "Three of four", result


@cases.case("PyLTI1p3 learns of the practice platform's rule for timestamps, which is Moodle's")
def timestamps(gateway):
    launched = message(gateway, person="instructor-1")
    now = time.time()
    launched.get_ags().put_grade(grade(launched, 3, at=now))
    try:
        # Another one within the same second.
        launched.get_ags().put_grade(grade(launched, 4, at=int(now) + 0.999))
    except LtiServiceException as refused:
        assert refused.response.status_code == 409, refused.response.status_code
        return
    raise AssertionError("the platform accepted two grades within a second")


@cases.case("PyLTI1p3 makes one column at the practice platform")
def column(gateway):
    launched = message(gateway, person="learner-1")
    service = launched.get_ags()
    item = LineItem().set_label("Of PyLTI1p3").set_score_maximum(4).set_resource_id("py-1")
    made = service.find_or_create_lineitem(item, "resource_id")
    again = service.find_or_create_lineitem(item, "resource_id")
    assert made.get_id() == again.get_id(), (made.get_id(), again.get_id())
    service.put_grade(grade(launched, 1), made)
    [result] = service.get_grades(made)
    assert result["resultScore"] / result["resultMaximum"] == 0.25, result


@cases.case("PyLTI1p3 reads the members of the practice platform's course")
def members(gateway):
    launched = message(gateway, person="instructor-1")
    service = launched.get_nrps()
    found, url, pages = {}, None, 0
    # PyLTI1p3 does not know every form of a link, so this follows the header.
    while pages == 0 or url:
        listed, url = service.get_members_page(url)
        pages += 1
        found |= {each["user_id"]: each for each in listed}
    assert launched.get_launch_data()["sub"] in found, found
    for member in found.values():
        gateway.forbid(member.get("name", ""), member.get("email", ""))


@cases.case("PyLTI1p3 returns a link to the practice platform")
def deep_link(gateway):
    launched = message(gateway, person="instructor-1", message="links-1.3")
    assert launched.is_deep_link_launch()
    resource = DeepLinkResource().set_title("Week <7>")
    resource.set_url(f"http://localhost:{gateway.port}/lti/open?week=7")
    answer = launched.get_deep_link()
    returned = Form.from_page(answer.output_response_form([resource]))
    headers = {
        "Host": urlsplit(returned.url).netloc,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    status, _, shown = gateway.ask("POST", urlsplit(returned.url).path, headers, returned.body())
    assert status == 200, f"{status}; {shown.decode()}"
    assert "Week &lt;7&gt;" in shown.decode(), shown.decode()
    gateway.forbid(returned.value("JWT"))

"""What the tables and blocks of docs/upstreams.md say, held against what arrives at an app."""

import json
import re
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import unquote

from case import Cases
from page import ROOT, Page, code
from signer import claims_of
from stage import GATEWAY, Stage

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"

# Parameters that have to be of some form, and claims that are not what was sent.
SENT = {
    "context_type": "CourseSection, Group",
    "launch_presentation_height": "600",
    "launch_presentation_locale": "de_CH",
    "launch_presentation_return_url": "https://lms.example/",
    "launch_presentation_width": "800",
    "role_scope_mentor": "29124,29125",
    "roles": "Instructor,urn:lti:sysrole:ims/lis/User",
}
# What a launch sends that takes a grade.
GRADE = {"lis_outcome_service_url": "https://lms.example/outcomes", "lis_result_sourcedid": "result-1"}
RECEIVED = {
    "sub": "a%3A100%25:user_id",
    "locale": "de-CH",
    f"{CLAIM}context.type": ["CourseSection", "Group"],
    f"{CLAIM}launch_presentation.height": 600,
    f"{CLAIM}launch_presentation.width": 800,
    f"{CLAIM}role_scope_mentor": ["29124", "29125"],
    f"{CLAIM}roles": [
        "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor",
        "http://purl.imsglobal.org/vocab/lis/v2/system/person#User",
    ],
}

cases = Cases()


def claims_in(text: str) -> list[str]:
    """The claims that are named in a text."""
    return [re.sub("^lti:", CLAIM, name) for name in code(text) if len(name) > 1]


def parameters(page: Page) -> dict[str, list[str]]:
    """The page's parameters, in order, and the claims that they become."""
    return {code(parameter)[0]: claims_in(claim) for claim, parameter in page.rows("claim | parameter")}


def flat(claims: dict) -> dict:
    """Claims by the names of the page: of an object, each member."""
    found = {}
    for name, value in claims.items():
        if isinstance(value, dict) and name not in ("params", f"{CLAIM}custom"):
            found |= {f"{name}.{member}": content for member, content in value.items()}
        else:
            found[name] = value
    return found


def everything(stage: Stage) -> dict[str, str]:
    """Each parameter of the page, with a short value."""
    return {
        name: SENT.get(name, "user_id" if name == "user_id" else f"v{at}")
        for at, name in enumerate(parameters(stage.page))
    } | GRADE


@cases.case("each parameter becomes the claims that the page says, and there are no other claims")
def claims_are_told(stage: Stage):
    sent = everything(stage)
    arrived = flat(claims_of(stage.launch("everything", **sent, custom_Colour="blue").assertion))
    for parameter, claims in parameters(stage.page).items():
        for claim in claims:
            expected = RECEIVED.get(claim, sent[parameter])
            assert arrived.get(claim) == expected, f"{claim} is {arrived.get(claim)!r}, expected {expected!r}"
    assert arrived[f"{CLAIM}custom"] == {"Colour": "blue"}
    assert arrived["params"] == {"level": 3}
    told = {name for claim, _ in stage.page.rows("claim | value") for name in claims_in(claim)}
    told |= {claim for claims in parameters(stage.page).values() for claim in claims}
    told.remove("left_out")
    assert set(arrived) == told, f"{set(arrived) ^ told}"


@cases.case("parameters are left out in the page's order, and the log says so as the page does")
def order_is_told(stage: Stage):
    source = (ROOT / "src/session/mod.rs").read_text()
    [listed] = re.findall(r"^const PARAMETERS: .*? = \[\n(.*?)^\];", source, re.MULTILINE | re.DOTALL)
    assert list(parameters(stage.page)) == re.findall(r'"(\w+)"', listed)

    # Every character another, so that nothing of it deflates.
    long = "".join(map(chr, range(0x4E00, 0x4E00 + 800)))
    fields = {"custom_essay": long, "custom_word": "x", "resource_link_description": long[::-1]}
    arrived = flat(claims_of(stage.launch(**fields).assertion))
    assert f"{CLAIM}resource_link.description" not in arrived
    assert arrived[f"{CLAIM}custom"] == {"word": "x"} and arrived["left_out"] == 2
    assert arrived[f"{CLAIM}resource_link.id"] == "block-1"
    [line] = [line for line in stage.gateway.log().splitlines() if "900 characters" in line]
    [shown] = [block.strip() for block in stage.page.blocks("") if "900 characters" in block]
    left_out = 'left_out="resource_link_description custom_essay"'
    assert line.endswith(re.sub('left_out=".*"', left_out, shown)), line


@cases.case("`identity` cuts from headers and claims what the page says")
def identity_is_told(stage: Stage):
    def names(arrival) -> set[str]:
        return set(flat(claims_of(arrival.assertion))) | set(map(str.title, arrival.headers))

    sent = everything(stage)
    [told] = re.findall(r"^\*\*`identity`\*\* .*?\n\n", stage.page.text, re.MULTILINE | re.DOTALL)
    by_name, by_email = told.split('Without `"email"`')
    by_name = by_name.split('Without `"name"`')[1]
    cut = {name for text in (by_name, by_email.partition("): ")[2]) for name in claims_in(text)}
    gone = names(stage.launch("everything", **sent)) - names(stage.launch("nameless", **sent))
    assert gone - {"params"} == cut, f"{(gone - {'params'}) ^ cut}"


@cases.case("an app gets the headers that the page says, and a launch without a person lacks those it says")
def headers_are_told(stage: Stage):
    rows = stage.page.rows("header | value | absent")
    told = {name.title() for row in rows for name in code(row[0]) if name.startswith("X-")}
    arrived = stage.launch("everything", **everything(stage)).headers
    found = {name.title() for name in arrived}
    assert {name for name in found if name.startswith("X-")} == told
    assert found == told | {"Accept-Encoding", "Host"}, found
    assert arrived["Host"] == stage.app.origin.removeprefix("http://")
    nobody = {name.title() for name in stage.launch("everything", user_id="", roles="").headers}
    assert found - nobody == {
        "X-Forwarded-User",
        "X-Forwarded-Groups",
        "X-Forwarded-Preferred-Username",
        "X-Forwarded-Email",
        "X-Lti-Grade-Token",
    }


@cases.case("headers are text of any language, decoded once")
def headers_decode(stage: Stage):
    person = {"user_id": "Zoë:100%", "lis_person_name_full": "Zoë Ångström, 100%\u2028x"}
    arrival = stage.launch("everything", **person, lis_person_contact_email_primary="zoë@example.edu")
    claims = claims_of(arrival.assertion)
    assert claims["sub"] == "a%3A100%25:Zoë:100%"
    for header, claim in [("User", "sub"), ("Preferred-Username", "name"), ("Email", "email")]:
        value = arrival.headers[f"X-Forwarded-{header}"]
        assert re.fullmatch("[ -~]*", value), value
        assert unquote(value, errors="strict") == claims[claim], value


@cases.case("the browser's addresses lead to the app's")
def addresses_are_told(stage: Stage):
    assert stage.launch().path == "/"
    assert stage.launch(after="/week-1?tab=2").path == "/week-1?tab=2"
    assert stage.launch("lab").path == "/lti/lab/"


@cases.case("every table of tools.toml on the page passes `check`")
def tables_are_right(stage: Stage):
    assert len(stage.page.blocks("toml")) > 4
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "tools.toml")
        file.write_text("\n".join([GATEWAY, *stage.page.blocks("toml")]))
        variables = re.findall(r'env = "(\w+)"', file.read_text())
        ended = subprocess.run(
            [stage.binary, "check", file],
            env={"LTI_GATEWAY_PUBLIC_URL": "https://our-tools.example"} | dict.fromkeys(variables, "x" * 32),
            capture_output=True,
            text=True,
        )
    assert ended.returncode == 0, ended.stderr
    assert "warning" not in ended.stderr, ended.stderr


@cases.case("Python on the page is Python")
def python_compiles(stage: Stage):
    for block in stage.page.blocks("python"):
        compile(block, "docs/upstreams.md", "exec")


@cases.case("a refusal is the page's JSON, and each code has its status in docs/rejections.md")
def failures_are_told(stage: Stage):
    [shown] = stage.page.blocks("json")
    headers = {"Accept": "application/json"}
    status, _, body = stage.gateway.ask("GET", "/lti/notebook/~nobodys-session/", headers)
    assert status == 401
    assert json.loads(body).keys() == json.loads(shown).keys()
    assert json.loads(body)["error"] == "no-session"
    refusals = Page("docs/rejections.md")
    for status, error, _ in stage.page.rows("status | `error` | meaning"):
        assert refusals.section(f"### {code(error)[0]}").strip().startswith(f"{status}."), error

"""Compares the tables and code blocks of docs/upstreams.md with the requests at an app."""

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

# Values of parameters that need a certain format, and claims that differ from their parameter.
SENT = {
    "context_type": "CourseSection, Group",
    "launch_presentation_height": "600",
    "launch_presentation_locale": "de_CH",
    "launch_presentation_return_url": "https://lms.example/",
    "launch_presentation_width": "800",
    "role_scope_mentor": "29124,29125",
    "roles": "Instructor,urn:lti:sysrole:ims/lis/User",
}
# The parameters of a launch that accepts a grade.
GRADE = {
    "lis_outcome_service_url": "https://lms.example/outcomes",
    "lis_result_sourcedid": "result-1",
}
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
    """The claims that a text names."""
    return [re.sub("^lti:", CLAIM, name) for name in code(text) if len(name) > 1]


def parameters(page: Page) -> dict[str, list[str]]:
    """The page's parameters, in order, with the claims that they become."""
    return {
        code(parameter)[0]: claims_in(claim) for claim, parameter in page.rows("claim | parameter")
    }


def flat(claims: dict) -> dict:
    """Claims by their names on the page: an object has one name per member."""
    found = {}
    for name, value in claims.items():
        if isinstance(value, dict) and name not in ("params", f"{CLAIM}custom"):
            found |= {f"{name}.{member}": content for member, content in value.items()}
        else:
            found[name] = value
    return found


def everything(stage: Stage) -> dict[str, str]:
    """Each parameter of the page with a short value."""
    return {
        name: SENT.get(name, "user_id" if name == "user_id" else f"v{at}")
        for at, name in enumerate(parameters(stage.page))
    } | GRADE


@cases.case("each parameter becomes the claims on the page, and no other claims exist")
def claims_match(stage: Stage):
    sent = everything(stage)
    arrived = flat(claims_of(stage.launch("everything", **sent, custom_Colour="blue").assertion))
    for parameter, claims in parameters(stage.page).items():
        for claim in claims:
            expected = RECEIVED.get(claim, sent[parameter])
            assert arrived.get(claim) == expected, (
                f"{claim} is {arrived.get(claim)!r}, expected {expected!r}"
            )
    assert arrived[f"{CLAIM}custom"] == {"Colour": "blue"}
    assert arrived["params"] == {"level": 3}
    documented = {
        name for claim, _ in stage.page.rows("claim | value") for name in claims_in(claim)
    }
    documented |= {claim for claims in parameters(stage.page).values() for claim in claims}
    documented.remove("left_out")
    assert set(arrived) == documented, f"{set(arrived) ^ documented}"


@cases.case("parameters are dropped in the page's order, and the page shows the log line")
def order_matches(stage: Stage):
    source = (ROOT / "src/session/field.rs").read_text()
    # The fields after the description of the platform are targets of services, and no claims.
    claims = source.partition("    /// The URL of the outcome service.\n")[0]
    fields = re.findall(r'^    \w+ => "(\w+)",$', claims, re.MULTILINE)
    assert list(parameters(stage.page)) == fields

    # Every character is different, so that the text cannot be compressed.
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


@cases.case("`identity` removes the headers and claims that the page names")
def identity_matches(stage: Stage):
    def names(arrival) -> set[str]:
        return set(flat(claims_of(arrival.assertion))) | set(map(str.title, arrival.headers))

    sent = everything(stage)
    [section] = re.findall(
        r"^\*\*`identity`\*\* .*?\n\n", stage.page.text, re.MULTILINE | re.DOTALL
    )
    by_name, by_email = section.split('Without `"email"`')
    by_name = by_name.split('Without `"name"`')[1]
    removed = {name for text in (by_name, by_email.partition("): ")[2]) for name in claims_in(text)}
    missing = names(stage.launch("everything", **sent)) - names(stage.launch("nameless", **sent))
    assert missing - {"params"} == removed, f"{(missing - {'params'}) ^ removed}"


@cases.case("an app receives the headers on the page, and fewer for a launch without a user")
def headers_match(stage: Stage):
    rows = stage.page.rows("header | value | absent")
    documented = {name.title() for row in rows for name in code(row[0]) if name.startswith("X-")}
    arrived = stage.launch("everything", **everything(stage)).headers
    found = {name.title() for name in arrived}
    # For these, the launch by LTI 1.1 needs another tool or message. No such launch lists members.
    special = {"X-Lti-Course-Grade-Token", "X-Lti-Link-Token", "X-Lti-Members-Token"}
    assert special < documented
    assert found == documented - special | {"Accept-Encoding", "Host"}, found
    assert arrived["Host"] == stage.app.origin.removeprefix("http://")
    without_user = {
        name.title() for name in stage.launch("everything", user_id="", roles="").headers
    }
    assert found - without_user == {
        "X-Forwarded-User",
        "X-Forwarded-Groups",
        "X-Forwarded-Preferred-Username",
        "X-Forwarded-Email",
        "X-Lti-Grade-Token",
    }


@cases.case("an app receives the tokens of the course staff only where the page says so")
def staff_tokens_match(stage: Stage):
    def tokens(**fields: str) -> set[str]:
        headers = stage.launch("course", **GRADE, **fields).headers
        return {name.title() for name in headers if name.title().endswith("-Token")}

    assert tokens() == {"X-Lti-Grade-Token", "X-Lti-Course-Grade-Token"}
    assert tokens(roles="Learner") == {"X-Lti-Grade-Token"}
    # Pickers are of the course staff, too.
    picked = tokens(
        lti_message_type="ContentItemSelectionRequest",
        resource_link_id="",
        accept_media_types="application/vnd.ims.lti.v1.ltilink",
        accept_presentation_document_targets="iframe,window",
        content_item_return_url="https://lms.example/content",
    )
    assert picked == {"X-Lti-Link-Token", "X-Lti-Course-Grade-Token"}


@cases.case("a header value is Unicode text after one percent-decoding")
def headers_decode(stage: Stage):
    person = {"user_id": "Zoë:100%", "lis_person_name_full": "Zoë Ångström, 100%\u2028x"}
    arrival = stage.launch(
        "everything", **person, lis_person_contact_email_primary="zoë@example.edu"
    )
    claims = claims_of(arrival.assertion)
    assert claims["sub"] == "a%3A100%25:Zoë:100%"
    for header, claim in [("User", "sub"), ("Preferred-Username", "name"), ("Email", "email")]:
        value = arrival.headers[f"X-Forwarded-{header}"]
        assert re.fullmatch("[ -~]*", value), value
        assert unquote(value, errors="strict") == claims[claim], value


@cases.case("the browser's URLs map to the app's paths")
def paths_match(stage: Stage):
    assert stage.launch().path == "/"
    assert stage.launch(after="/week-1?tab=2").path == "/week-1?tab=2"
    assert stage.launch("lab").path == "/lti/lab/"


@cases.case("every table of tools.toml on the page passes `check`")
def tables_pass(stage: Stage):
    assert len(stage.page.blocks("toml")) > 4
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "tools.toml")
        file.write_text("\n".join([GATEWAY, *stage.page.blocks("toml")]))
        # `check` warns about a secret in two places.
        names = re.findall(r'env = "(\w+)"', file.read_text())
        secrets = {name: f"{name} of the test, long enough" for name in names}
        ended = subprocess.run(
            [stage.binary, "check", file],
            env={"LTI_GATEWAY_PUBLIC_URL": "https://our-tools.example", **secrets},
            capture_output=True,
            text=True,
        )
    assert ended.returncode == 0, ended.stderr
    assert "warning" not in ended.stderr, ended.stderr


@cases.case("the Python code on the page compiles")
def python_compiles(stage: Stage):
    for block in stage.page.blocks("python"):
        compile(block, "docs/upstreams.md", "exec")


@cases.case("a refusal has the JSON of the page, and docs/rejections.md has the same statuses")
def refusals_match(stage: Stage):
    [shown] = stage.page.blocks("json")
    headers = {"Accept": "application/json"}
    status, _, body = stage.gateway.ask("GET", "/lti/notebook/~nobodys-session/", headers)
    assert status == 401
    assert json.loads(body).keys() == json.loads(shown).keys()
    assert json.loads(body)["error"] == "no-session"
    refusals = Page("docs/rejections.md")
    for status, error, _ in stage.page.rows("status | `error` | meaning"):
        assert refusals.section(f"### {code(error)[0]}").strip().startswith(f"{status}."), error

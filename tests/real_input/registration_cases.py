"""Dynamic registration at a platform with Moodle's rules, up to the first grade."""

import re
import subprocess
from html import unescape
from html.parser import HTMLParser

from advantage_gateway import AdvantageGateway, Picker
from case import Cases
from library_services_cases import course, launch, stored
from registrar import CLIENT_ID, CONFIGURATION, LTI_TOOL, REGISTER
from visitor import FORM, Reply, Visitor

cases = Cases()


def command(gateway: AdvantageGateway, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [gateway.binary, *arguments, "--tools", gateway.tools],
        env=gateway.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def link(gateway: AdvantageGateway) -> str:
    """A new link of `lti-gateway register`."""
    ended = command(gateway, "register", "new", "--tool", "exercise", "--url", gateway.origin)
    assert ended.returncode == 0, ended.stderr
    [found] = re.findall(r"\S+/~register/\S+", ended.stdout)
    gateway.forbid(found.rpartition("/")[2])
    return found


def opened(gateway: AdvantageGateway, url: str) -> tuple[Picker, Visitor]:
    visitor = gateway.visitor()
    gateway.forbid(gateway.registrar.registration_token)
    reply = visitor.get(url)
    assert reply.status == 200, f"{reply.status}; {reply.body}"
    return Picker.parse(reply.body), visitor


def confirmed(gateway: AdvantageGateway, url: str, page: Picker, visitor: Visitor) -> Reply:
    """Presses the button, as a browser at the gateway's page does."""
    visitor.headers = {
        "Origin": gateway.origin,
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": FORM,
    }
    for name, value in page.fields:
        gateway.forbid(value)
    action = page.action or url.partition("?")[0]
    action = gateway.origin + action if action.startswith("/") else action
    return visitor.post(action, page.fields)


def text_of(reply: Reply) -> str:
    return f"{reply.status}: {Picker.parse(reply.body).text[-600:]}"


class _Table(HTMLParser):
    """The text of the copy field."""

    def __init__(self):
        super().__init__()
        self.texts: list[str] = []
        self._is_open = False

    def handle_starttag(self, tag, attrs):
        if tag in ("pre", "textarea"):
            self._is_open = True
            self.texts.append("")

    def handle_data(self, data):
        if self._is_open:
            self.texts[-1] += data

    def handle_endtag(self, tag):
        if tag in ("pre", "textarea"):
            self._is_open = False


def table_of(page: str) -> str:
    reader = _Table()
    reader.feed(page)
    [table] = [text for text in reader.texts if "[platforms.new]" in text]
    return table.strip() + "\n"


def since(gateway: AdvantageGateway, before: int) -> list[tuple[str, str, int]]:
    found = gateway.registrar.requests[before:]
    return [(method, path.partition("?")[0], status) for method, path, _, _, status in found]


@cases.case("30: a registration ends in a table that launches and grades, and its link works once")
def registration(gateway: AdvantageGateway):
    registrar = gateway.registrar
    found = link(gateway)
    url = registrar.frame_url(found)
    before = len(registrar.requests)
    # A prefetch changes nothing.
    opened(gateway, url)
    page, visitor = opened(gateway, url)
    assert registrar.origin.removeprefix("http://") in page.text, page.text
    assert since(gateway, before) == []
    token = registrar.registration_token
    reply = confirmed(gateway, url, page, visitor)
    assert reply.status == 200, f"{reply.status}; {reply.body}"
    assert since(gateway, before) == [("GET", CONFIGURATION, 200), ("POST", REGISTER, 200)]
    authorizations = [
        headers["Authorization"] for _, _, headers, _, _ in registrar.requests[before:]
    ]
    assert authorizations == [f"Bearer {token}"] * 2, "the token is missing"
    [sent] = registrar.registered
    launch_url = gateway.launch_url("exercise")
    assert sent["application_type"] == "web", sent
    assert sent["client_name"] == "Exercise & <more>", sent
    assert sent["redirect_uris"] == [launch_url], sent
    assert sent["initiate_login_uri"] == f"{gateway.origin}/~login", sent
    assert sent["jwks_uri"] == f"{gateway.origin}/.well-known/jwks/new.json", sent
    assert sent["token_endpoint_auth_method"] == "private_key_jwt", sent
    assert sent["response_types"] == ["id_token"], sent
    assert set(sent["grant_types"]) == {"implicit", "client_credentials"}, sent
    tool = sent[LTI_TOOL]
    assert tool["target_link_uri"] == launch_url, tool
    types = {each["type"] for each in tool["messages"]}
    assert types >= {"LtiDeepLinkingRequest"}, tool
    assert {"name", "email"} <= set(tool["claims"]), tool
    table = table_of(reply.body)
    assert f'client_id = "{CLIENT_ID}"' in table, table
    # The link was spent.
    page, visitor = Picker(found.removeprefix(gateway.origin), page.fields), gateway.visitor()
    assert confirmed(gateway, url, page, visitor).status == 401
    # Paste the table.
    text = gateway.tools.read_text()
    old = re.search(r"\[platforms\.new\]\n(?:[^\n]+\n)*", text)[0]
    gateway.tools.write_text(text.replace(old, table))
    checked = command_check(gateway)
    assert checked.returncode == 0, checked.stderr
    gateway.kill()
    gateway.start()
    gateway.wait_until_up()
    registrar.keyset_url = f"{gateway.origin}/.well-known/jwks/new.json"
    shown = course(gateway, services=registrar)
    seat = launch(gateway, shown).seat
    seat.send("0.834561").assert_is(200, status="delivered")
    assert stored(shown)["scoreGiven"] == 0.834561


def command_check(gateway: AdvantageGateway) -> subprocess.CompletedProcess:
    return subprocess.run(
        [gateway.binary, "check", gateway.tools],
        env=gateway.environment,
        capture_output=True,
        text=True,
    )


@cases.case("30: a configuration at another host, or with another issuer, is a mismatch")
def mismatch(gateway: AdvantageGateway):
    registrar = gateway.registrar
    before = len(registrar.requests)
    url, _, query = registrar.frame_url(link(gateway)).partition("?")
    query = query.replace("127.0.0.1", "evil.example")
    reply = gateway.visitor().get(f"{url}?{query}")
    assert reply.status == 400 and "registration-mismatch" in reply.body, text_of(reply)
    found = link(gateway)
    for changes in (
        {"issuer": "https://evil.example"},
        {"registration_endpoint": "https://evil.example/register"},
    ):
        registrar.changes = changes
        url = registrar.frame_url(found)
        page, visitor = opened(gateway, url)
        reply = confirmed(gateway, url, page, visitor)
        assert reply.status == 400 and "registration-mismatch" in reply.body, text_of(reply)
    registrar.changes = {}
    assert not [each for each in since(gateway, before) if each[0] == "POST"]


@cases.case("30: the page shows the platform's refusal, also without a token")
def refused(gateway: AdvantageGateway):
    registrar = gateway.registrar
    registrar.refusal = {
        "error": "invalid_client_metadata",
        "error_description": "Hortensia Winterbottom has not allowed this tool",
    }
    gateway.forbid("Hortensia", "Winterbottom")
    found = link(gateway)
    url = registrar.frame_url(found)
    page, visitor = opened(gateway, url)
    reply = confirmed(gateway, url, page, visitor)
    assert reply.status == 502 and "registration-refused" in reply.body, reply.status
    assert "Winterbottom has not allowed" in unescape(reply.body), reply.body
    url = registrar.frame_url(link(gateway), token=False)
    page, visitor = opened(gateway, url)
    reply = confirmed(gateway, url, page, visitor)
    assert reply.status == 502 and "invalid_token" in reply.body, reply.status


@cases.case("30: a link that is not the gateway's, and a form of another site, are refused")
def strange(gateway: AdvantageGateway):
    registrar = gateway.registrar
    found = link(gateway)
    damaged = found[:-8] + ("A" if found[-8] != "A" else "B") + found[-7:]
    reply = gateway.visitor().get(registrar.frame_url(damaged))
    assert reply.status == 401 and "registration-link" in reply.body, reply.status
    url = registrar.frame_url(found)
    page, visitor = opened(gateway, url)
    before = len(registrar.requests)
    action = page.action or url.partition("?")[0]
    action = gateway.origin + action if action.startswith("/") else action
    visitor.headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert visitor.post(action, page.fields).status in (400, 401, 403)
    assert since(gateway, before) == []

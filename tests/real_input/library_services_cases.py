"""The services of a platform that is made with lti1p3platform."""

import base64
import hmac
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import jwt
from advantage_gateway import AdvantageGateway, Opened, Picker
from browser import Form
from case import Cases
from edx13 import Person13
from library_services import RESULTS, SCORES, LibraryServices, answer
from platform13 import CLIENT_ID, DEPLOYMENT_ID, MEMBERSHIP, Course
from running import TIMEOUT
from signer import claims_of
from visitor import Visitor

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/scope/"
TOKEN = "/library/token"

STAFF = [f"{MEMBERSHIP}#Instructor"]

cases = Cases()


@dataclass
class Place(Course):
    """A course of one of the platforms that are made with the library."""

    services: LibraryServices = field(kw_only=True)


def course(gateway: AdvantageGateway, tool: str = "exercise", **fields) -> Place:
    number = next(numbers)
    person = Person13(
        f"library-user-{number}",
        name=f"Orlando-{number} Okonkwo-{number}",
        email=f"okonkwo-{number}@people.example",
        username=f"okonkwo_{number}",
    )
    members = f"?course={number}"
    fields = {"person": person, "services": gateway.library, "members": members, **fields}
    found = Place(gateway.launch_url(tool), f"{gateway.origin}/~login", **fields)
    gateway.forbid(found.person.user_id, *found.person.personal_values())
    gateway.forbid(*(found.person.name or "").split())
    return found


numbers = iter(range(1, 10_000))


def message(gateway: AdvantageGateway, course: Place, visitor: Visitor) -> Form:
    """The platform's answer to the gateway's redirect."""
    platform = course.services.platform
    url = visitor.log_in(visitor.get(platform.preflight_url(course)))
    url, fields = platform.response(course, url)
    return Form(url, list(fields.items()))


def launch(gateway: AdvantageGateway, course: Place) -> Opened:
    visitor = gateway.visitor()
    return gateway.enter(message(gateway, course, visitor), visitor)


def stored(course: Place) -> dict:
    return course.services.book[course.person.user_id].score


def statuses(services: LibraryServices, route: str, since: int) -> list[int]:
    """The statuses of the responses to requests since this number of requests."""
    return [
        status
        for _, path, _, _, status in services.requests[since:]
        if path.partition("?")[0] == route
    ]


@cases.case("lti1p3platform, AGS: the library checks the token and takes the score")
def score(gateway: AdvantageGateway):
    shown = course(gateway)
    launch(gateway, shown).seat.send("0.918273", comment="Good").assert_is(200, status="delivered")
    assert stored(shown)["scoreGiven"] == 0.918273
    assert stored(shown)["comment"] == "Good"


@cases.case("22: two grades within a second, for a platform that compares whole seconds")
def whole_seconds(gateway: AdvantageGateway):
    shown = course(gateway)
    seat = launch(gateway, shown).seat
    before = len(gateway.library.requests)
    for digits in ("0.1", "0.2"):
        seat.send(digits).assert_is(200, status="delivered")
    assert stored(shown)["scoreGiven"] == 0.2
    assert statuses(gateway.library, SCORES, before) == [201, 200]


NEW_SUBMISSION = "https://canvas.instructure.com/lti/submission"


@cases.each(
    "23: the platform accepts a score, its response is lost, and the retry gets 409, by",
    ["library", "canvas"],
)
def lost_response(gateway: AdvantageGateway, name: str):
    services = getattr(gateway, name)
    shown = course(gateway, services=services)
    seat = launch(gateway, shown).seat
    before = len(services.requests)

    def accept_and_fail(*request):
        assert services.serve(*request)[0] == 201
        return answer(500, {"error": "out of order"})

    services.instead[SCORES] = [accept_and_fail]
    reply = seat.send("0.445566")
    reply.assert_is(202, status="kept")
    wait_for(seat, reply.said["id"], "delivered")
    assert statuses(services, SCORES, before) == [500, 409]
    contents = [each[3] for each in services.requests[before:] if SCORES in each[1]]
    first, second = map(json.loads, contents)
    assert first["timestamp"] == second["timestamp"], "the retry has another timestamp"
    assert stored(shown)["scoreGiven"] == 0.445566
    # Canvas makes an attempt of each score, unless the score says that it is none.
    assert NEW_SUBMISSION not in first, first
    if name == "canvas":
        assert second.get(NEW_SUBMISSION) == {"new_submission": False}, second


def wait_for(seat, id: str, status: str) -> dict:
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        said = seat.ask("GET", f"/grades/{id}").said
        if said.get("status") == status:
            return said
        assert said.get("status") == "kept", said
        time.sleep(0.05)
    raise AssertionError(f"the grade is not {status}")


@cases.case("a conflict of a first attempt is tried once more with the current time")
def conflict(gateway: AdvantageGateway):
    shown = course(gateway)
    seat = launch(gateway, shown).seat
    seat.send("0.1").assert_is(200, status="delivered")
    # A teacher has changed the grade in the gradebook, a moment later.
    gateway.library.book[shown.person.user_id].seconds = int(time.time()) + 1
    seat.send("0.2")
    deadline = time.monotonic() + TIMEOUT
    while stored(shown)["scoreGiven"] != 0.2 and time.monotonic() < deadline:
        time.sleep(0.05)
        if int(time.time()) > gateway.library.book[shown.person.user_id].seconds:
            seat.send("0.2")
    assert stored(shown)["scoreGiven"] == 0.2
    # A platform that refuses every timestamp.
    gateway.library.book[shown.person.user_id].seconds = int(time.time()) + 3600
    before = len(gateway.library.requests)
    reply = seat.send("0.3")
    assert reply.status == 502, reply
    assert reply.said["platform"]["status"] == 409, reply.said
    assert statuses(gateway.library, SCORES, before) == [409, 409]


@cases.case("25: lti1p3platform, AGS: a claim without the scope of scores accepts no grade")
def without_scope(gateway: AdvantageGateway):
    def prepare(sent):
        sent.set_ags("https://x.example/1", f"{gateway.library.platform.issuer}/lineitems/1",
                     scores_service_enabled=False)  # fmt: skip

    opened = launch(gateway, course(gateway, prepare=prepare))
    assert opened.token("grade") is None
    assert claims_of(opened.headers["X-LTI-Assertion"])["grade"] == {"accepted": False}


@cases.each(
    "25: the platform grants no scope of scores: 502 with advice, and the queued grade is refused",
    {
        "invalid_scope": lambda *_: answer(400, {"error": "invalid_scope"}),
        "a narrowed scope": lambda *_: answer(
            200,
            {
                "access_token": "narrow-token",
                "token_type": "Bearer",
                "expires_in": 3600,
                "scope": f"{AGS}result.readonly",
            },
        ),
    },
)
def scope_refused(gateway: AdvantageGateway, response):
    shown = course(gateway)
    seat = launch(gateway, shown).seat
    forget_tokens(gateway)
    gateway.library.instead[TOKEN] = [response]
    reply = seat.send("0.5")
    reply.assert_is(502, error="scope-refused")
    assert "key" in json.dumps(reply.said) or "scope" in json.dumps(reply.said), reply.said
    assert shown.person.user_id not in gateway.library.book
    # A grade that was queued before.
    gateway.library.instead[TOKEN] = [answer(503, {}), response]
    queued = seat.send("0.6")
    queued.assert_is(202, status="kept")
    wait_for(seat, queued.said["id"], "refused")
    seat.send("0.7").assert_is(200, status="delivered")
    assert stored(shown)["scoreGiven"] == 0.7
    gateway.forbid("narrow-token")


def forget_tokens(gateway: AdvantageGateway) -> None:
    """The gateway keeps its tokens in memory only."""
    gateway.kill()
    gateway.start()
    gateway.wait_until_up()


@cases.case("a token that the platform does not accept any more is replaced once")
def expired_token(gateway: AdvantageGateway):
    shown = course(gateway)
    seat = launch(gateway, shown).seat
    seat.send("0.1").assert_is(200, status="delivered")
    before = len(gateway.library.requests)
    gateway.library.instead[SCORES] = [answer(401, {"error": "expired"})]
    seat.send("0.2").assert_is(200, status="delivered")
    assert statuses(gateway.library, TOKEN, before) == [200]
    assert statuses(gateway.library, SCORES, before) == [401, 200]


@cases.case("first grades of twenty learners at once share one request for a token")
def one_request(gateway: AdvantageGateway):
    places = [course(gateway) for _ in range(20)]
    seats = [launch(gateway, each).seat for each in places]
    forget_tokens(gateway)
    before = len(gateway.library.requests)

    def slowly(*request):
        time.sleep(0.5)
        return gateway.library.serve(*request)

    gateway.library.instead[TOKEN] = [slowly]
    with ThreadPoolExecutor(len(seats)) as pool:
        replies = list(pool.map(lambda seat: seat.send("0.4040404"), seats))
    for reply in replies:
        reply.assert_is(200, status="delivered")
    assert statuses(gateway.library, TOKEN, before) == [200]
    assert all(stored(each)["scoreGiven"] == 0.4040404 for each in places)


@cases.each(
    "the response of a token endpoint",
    {
        "as text/html, as Moodle has it": ({}, "text/html; charset=utf-8", True),
        "without scope": ({"scope": None}, "application/json", True),
        "without expires_in": ({"expires_in": None}, "application/json", True),
        "with a lifetime as a string": ({"expires_in": "3600"}, "application/json", True),
        "with a lifetime of zero": ({"expires_in": 0}, "application/json", True),
        "with more scopes": ({"scope": f"{AGS}score openid {AGS}x"}, "application/json", True),
        "with the type in lower case": ({"token_type": "bearer"}, "application/json", True),
        "without token": ({"access_token": None}, "application/json", False),
        "with a token that no header can have": (
            {"access_token": "a\r\nX-Evil: 1"},
            "application/json",
            False,
        ),
    },
)
def token_forms(gateway: AdvantageGateway, variation):
    changes, media_type, is_usable = variation
    shown = course(gateway)
    seat = launch(gateway, shown).seat
    forget_tokens(gateway)

    def changed(*request):
        status, _, body = gateway.library.serve(*request)
        said = {**json.loads(body), "token_type": "Bearer", **changes}
        said = {name: value for name, value in said.items() if value is not None}
        return status, {"Content-Type": media_type}, json.dumps(said).encode()

    gateway.library.instead[TOKEN] = [changed]
    reply = seat.send("0.5050505")
    if is_usable:
        reply.assert_is(200, status="delivered")
        assert stored(shown)["scoreGiven"] == 0.5050505
    else:
        assert reply.status in (202, 502, 503), reply
    # Nothing of it lasts. The newer grade also ends a queued one.
    newer = seat.send("0.6060606")
    try:
        if newer.status == 202:
            wait_for(seat, newer.said["id"], "delivered")
    finally:
        forget_tokens(gateway)
    assert stored(shown)["scoreGiven"] == 0.6060606


@cases.case("a client that the platform does not know is retried, because keysets are cached")
def invalid_client(gateway: AdvantageGateway):
    shown = course(gateway)
    seat = launch(gateway, shown).seat
    forget_tokens(gateway)
    gateway.library.instead[TOKEN] = [answer(401, {"error": "invalid_client"})]
    reply = seat.send("0.5")
    reply.assert_is(202, status="kept")
    wait_for(seat, reply.said["id"], "delivered")
    assert stored(shown)["scoreGiven"] == 0.5


@cases.case("24: of a platform's pages of results, only this learner's counts")
def result_pages(gateway: AdvantageGateway):
    shown = course(gateway)
    seat = launch(gateway, shown).seat
    user = shown.person.user_id
    base = f"{gateway.library.origin}{RESULTS}"

    def page(number: int, last: int, results: list[dict]):
        status, headers, body = answer(200, results)
        if number < last:
            headers["Link"] = f"<{base}?page={number + 1}>; rel=next"
        return status, headers, body

    other = {"userId": "someone-else", "resultScore": 1, "resultMaximum": 1}
    mine = {"userId": user, "resultScore": 2, "resultMaximum": 3, "comment": "two of three"}
    gateway.library.instead[RESULTS] = [page(1, 3, [other]), page(2, 3, [other, mine])]
    seat.read().assert_is(200, score="0.6667", comment="two of three")
    gateway.library.instead[RESULTS] = [page(1, 2, [other]), page(2, 2, [other])]
    seat.read().assert_is(200, score=None)
    # Moodle's answer for a learner without a grade.
    gateway.library.instead[RESULTS] = [answer(400, [])]
    seat.read().assert_is(200, score=None)
    query = [path for _, path, *_ in gateway.library.requests if path.startswith(RESULTS)][0]
    assert f"user_id={user}" in query, query
    gateway.library.instead.pop(RESULTS)


@cases.case("a platform's message with a person goes to the app, and not into the log")
def message_with_person(gateway: AdvantageGateway):
    shown = course(gateway)
    seat = launch(gateway, shown).seat
    text = f"{shown.person.name} ({shown.person.user_id}) is not enrolled in Gillespie-Hall"
    gateway.forbid("Gillespie-Hall", text)
    # The gateway may try a second time, with a fresh token.
    gateway.library.instead[SCORES] = [answer(403, {"message": text})] * 2
    reply = seat.send("0.777123")
    gateway.library.instead.pop(SCORES, None)
    assert reply.status == 502, reply
    assert text in json.dumps(reply.said["platform"], ensure_ascii=False), reply.said
    gateway.forbid("0.777123")


def migrated(key: str, user: str, secret: str | None, nonce: str | None = None):
    """Adds the claim of migration, signed as the specification says."""

    def prepare(launch):
        claim = {"oauth_consumer_key": key, "user_id": user}
        message_hint = launch.get_preflight_response()

        def generate():
            data, state = launch.get_launch_data()
            data |= {"iat": int(time.time()), "exp": int(time.time()) + 600}
            if secret is not None:
                parts = [
                    key,
                    data[f"{LTI}deployment_id"],
                    data["iss"],
                    str(data["aud"]),
                    str(data["exp"]),
                    nonce or message_hint["nonce"],
                ]
                signed = hmac.digest(secret.encode(), "&".join(parts).encode(), "sha256")
                claim["oauth_consumer_key_sign"] = base64.b64encode(signed).decode()
            data[f"{LTI}lti1p1"] = claim
            platform = launch._registration
            token = jwt.encode(
                data,
                platform.get_platform_private_key(),
                "RS256",
                {"kid": platform.get_kid()},
            )
            return {"state": state, "id_token": token}

        launch.generate_launch_request = generate

    return prepare


@cases.each(
    "29: the claim of LTI 1.1",
    {
        "with the consumer's signature": ("plain-key", "plain-secret", None, True),
        "of a key in `formerly`, without a signature": ("old-key", None, None, True),
        "with the signature of another secret": ("plain-key", "wrong", None, False),
        "with the signature of another nonce": ("plain-key", "plain-secret", "other", False),
        "without a signature": ("plain-key", None, None, False),
        "of an unknown key": ("unknown-key", "plain-secret", None, False),
    },
)
def migration(gateway: AdvantageGateway, variation):
    key, secret, nonce, is_linked = variation
    old = f"old-user-{next(numbers)}"
    shown = course(gateway, prepare=migrated(key, old, secret, nonce))
    gateway.forbid(old)
    opened = launch(gateway, shown)
    user = shown.person.user_id
    expected = f"{key}:{old}" if is_linked else f"library:{user}"
    assert opened.headers["X-Forwarded-User"] == expected, opened.headers["X-Forwarded-User"]
    assert claims_of(opened.headers["X-LTI-Assertion"])["sub"] == expected
    # The platform knows its own id only.
    opened.seat.send("0.5").assert_is(200, status="delivered")
    assert stored(shown)["userId"] == user
    assert re.search('migrated="?no', opened.line) or is_linked, opened.line


def selection(gateway: AdvantageGateway, tool: str = "exercise", **fields) -> tuple[Place, Visitor]:
    fields = {
        "roles": STAFF,
        "links_to": f"{gateway.library.origin}/library/links?course=7&x=%20",
        **fields,
    }
    return course(gateway, tool, **fields), gateway.visitor()


def picked(gateway: AdvantageGateway, visitor: Visitor, form: Form) -> Form:
    form.url = gateway.origin + form.url if form.url.startswith("/") else form.url
    reply = visitor.post(form.url, form.fields)
    assert reply.status == 200, f"{reply.status}; {reply.body}"
    page = Picker.parse(reply.body)
    return Form(page.action, page.fields)


@cases.case("28: lti1p3platform, deep linking: the library verifies the response; data is echoed")
def links(gateway: AdvantageGateway):
    data = ("a&<\"'> ü\\\n" * 500)[:4096]
    shown, visitor = selection(gateway, data=data)
    reply, line = gateway.send(message(gateway, shown, visitor), visitor)
    assert reply.status == 200, f"{reply.status}; {line}"
    form = picked(gateway, visitor, Picker.parse(reply.body).chosen("Week 2"))
    assert form.url == shown.links_to, form.url
    platform = gateway.library.platform
    platform.registration.set_tool_key_set(None)
    platform.registration.set_tool_key_set_url(gateway.library.keyset_url)
    [item] = platform.configuration.validate_deeplinking_resp({"JWT": form.value("JWT")})
    assert item["url"] == f"{gateway.launch_url('exercise')}/week/2", item
    claims = jwt.decode(
        form.value("JWT"),
        jwt.PyJWKClient(gateway.library.keyset_url).get_signing_key_from_jwt(form.value("JWT")).key,
        algorithms=["RS256"],
        audience=platform.issuer,
        issuer=CLIENT_ID,
    )
    assert claims[f"{DL}data"] == data, "the data has changed"
    assert claims[f"{LTI}deployment_id"] == DEPLOYMENT_ID, claims
    gateway.forbid(form.value("JWT"))


@cases.case("28: lti1p3platform, deep linking: Cancel returns an empty list")
def cancel(gateway: AdvantageGateway):
    shown, visitor = selection(gateway)
    reply, line = gateway.send(message(gateway, shown, visitor), visitor)
    assert reply.status == 200, f"{reply.status}; {line}"
    page = Picker.parse(reply.body)
    form = picked(gateway, visitor, page.chosen(button=len(page.buttons) - 1))
    claims = jwt.decode(form.value("JWT"), options={"verify_signature": False})
    assert claims.get(f"{DL}content_items") == [], claims


@cases.each(
    "28: lti1p3platform, deep linking: these people may not pick",
    {
        "a learner": ([f"{MEMBERSHIP}#Learner"], 403),
        "nobody": ([], 403),
        "an instructor of the institution": (
            ["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor"],
            403,
        ),
        "a teaching assistant": ([f"{MEMBERSHIP}/Instructor#TeachingAssistant"], 200),
        "a content developer": ([f"{MEMBERSHIP}#ContentDeveloper"], 200),
    },
)
def who_may_pick(gateway: AdvantageGateway, variation):
    roles, status = variation
    shown, visitor = selection(gateway, roles=roles)
    reply, line = gateway.send(message(gateway, shown, visitor), visitor)
    assert reply.status == status, f"{reply.status}; {line}"


@cases.case("lti1p3platform, deep linking: a platform that accepts no links to tools")
def no_links(gateway: AdvantageGateway):
    def prepare(sent):
        sent.set_dl(f"{gateway.library.origin}/library/links", accept_types={"image", "html"})

    shown, visitor = selection(gateway, prepare=prepare)
    reply, line = gateway.send(message(gateway, shown, visitor), visitor)
    assert reply.status == 400 and "links-not-accepted" in line, f"{reply.status}; {line}"


@cases.case(
    "lti1p3platform, deep linking: a request is for one browser, and its selection for one tool"
)
def one_browser(gateway: AdvantageGateway):
    shown, visitor = selection(gateway)
    form = message(gateway, shown, visitor)
    stranger = gateway.visitor()
    reply, line = gateway.send(form, stranger)
    assert reply.status == 401 and "other-browser" in line, f"{reply.status}; {line}"
    reply, line = gateway.send(form, visitor)
    assert reply.status == 200, f"{reply.status}; {line}"
    page = Picker.parse(reply.body).chosen("Week 2")
    [(name, sealed), *_] = [field for field in page.fields if len(field[1]) > 100]
    gateway.forbid(sealed)
    damaged = sealed[:40] + ("A" if sealed[40] != "A" else "B") + sealed[41:]
    for changed in (damaged, "", sealed[:-1]):
        fields = [(known, changed if known == name else value) for known, value in page.fields]
        action = gateway.origin + page.url if page.url.startswith("/") else page.url
        assert visitor.post(action, fields).status in (400, 401), changed


@cases.each(
    "lti1p3platform, deep linking: what the platform accepts",
    {
        "one link": ({"accept_multiple": False}, {"radio"}, True),
        "one link, as a string": ({"accept_multiple": "false"}, {"radio"}, True),
        "several links": ({"accept_multiple": True}, {"checkbox"}, True),
        "no columns": ({"accept_lineitem": False}, {"checkbox"}, False),
        "columns": ({"accept_lineitem": True}, {"checkbox"}, True),
    },
)
def accepted_links(gateway: AdvantageGateway, variation):
    changes, kinds, has_column = variation

    def prepare(sent):
        settings = sent._deep_linking_launch_data[f"{DL}deep_linking_settings"]
        settings |= changes

    shown, visitor = selection(gateway, prepare=prepare)
    reply, line = gateway.send(message(gateway, shown, visitor), visitor)
    assert reply.status == 200, f"{reply.status}; {line}"
    page = Picker.parse(reply.body)
    assert page.kinds == kinds, page.kinds
    form = picked(gateway, visitor, page.chosen("Week 1"))
    [item] = jwt.decode(form.value("JWT"), options={"verify_signature": False})[
        f"{DL}content_items"
    ]
    assert ("lineItem" in item) == has_column, item


@cases.each(
    "lti1p3platform, deep linking: a request with settings that no response could use",
    {
        "no return URL": {"deep_link_return_url": None},
        "a return URL by http": {"deep_link_return_url": "http://lms.example/links"},
        "a script": {"deep_link_return_url": "javascript:alert(1)"},
        "no types": {"accept_types": []},
        "data of 9 KB": {"data": "x" * 9000},
    },
)
def unusable_settings(gateway: AdvantageGateway, changes):
    def prepare(sent):
        sent._deep_linking_launch_data[f"{DL}deep_linking_settings"] |= changes

    shown, visitor = selection(gateway, prepare=prepare)
    reply, line = gateway.send(message(gateway, shown, visitor), visitor)
    assert reply.status == 400, f"{reply.status}; {line}"


@cases.case("lti1p3platform, NRPS: a page of another host, and too many pages, are refused")
def member_pages(gateway: AdvantageGateway):
    shown = course(gateway, roles=STAFF)
    opened = launch(gateway, shown)
    route = "/library/members"
    member = {"user_id": "m-1", "roles": ["Learner"], "name": "Ignatius Featherstonehaugh"}
    gateway.forbid("Ignatius", "Featherstonehaugh")

    def page(link: str | None, user: str = "m-1"):
        status, headers, body = answer(
            200,
            {"id": "x", "context": {"id": "course-1"}, "members": [{**member, "user_id": user}]},
        )
        if link:
            headers["Link"] = link
        return status, headers, body

    base = f"{gateway.library.origin}{route}"
    # `rel` without quotes, and another relation before it.
    gateway.library.instead[route] = [
        page(f'<{base}?d=1>; rel="differences", <{base}?p=2>; rel=next'),
        page(None, "m-2"),
    ]
    reply = opened.members()
    reply.assert_is(200)
    assert [each["id"] for each in reply.said["members"]] == ["library:m-1", "library:m-2"], reply
    gateway.library.instead[route] = [page('<http://169.254.169.254/members?p=2>; rel="next"')]
    assert opened.members().status == 502
    gateway.library.instead[route] = [
        page(f'<{base}?p={n}>; rel="next"', f"m-{n}") for n in range(60)
    ]
    opened.members().assert_is(502, error="too-many-members")
    gateway.library.instead.pop(route)


@cases.case("lti1p3platform, AGS: a teacher grades a learner who has never launched")
def by_the_teacher(gateway: AdvantageGateway):
    shown = course(gateway, tool="course", roles=STAFF)
    teacher = launch(gateway, shown)
    route = "/library/members"
    listed = {
        "id": "x",
        "context": {"id": "course-1"},
        "members": [{"user_id": "m-77", "roles": ["Learner"]}],
    }
    gateway.library.instead[route] = [answer(200, listed) for _ in range(10)]
    gateway.forbid("library:m-77")
    content = json.dumps({"score": "0.612345", "user": "library:m-77"})
    teacher.course.ask("POST", content=content).assert_is(200, status="delivered")
    assert gateway.library.book["m-77"].score["scoreGiven"] == 0.612345
    gateway.library.instead.pop(route)

"""What course staff may do by LTI 1.3: list the members, and grade them."""

import json
import subprocess

from advantage_gateway import AdvantageGateway, Opened
from case import Cases
from library_services import SCORES, answer
from library_services_cases import STAFF, Place, course, launch, migrated, stored, wait_for

MEMBERS = "/library/members"
TOKEN = "/library/token"

cases = Cases()


def page(members: list[dict], link: str | None = None):
    status, headers, body = answer(
        200, {"id": "x", "context": {"id": "course-1"}, "members": members}
    )
    if link:
        headers["Link"] = link
    return status, headers, body


def serve_members(gateway: AdvantageGateway, members: list[dict]) -> None:
    """Lists these members from now on."""
    gateway.library.instead[MEMBERS] = [page(members) for _ in range(50)]


def teacher(gateway: AdvantageGateway, tool: str = "course", **fields) -> tuple[Opened, Place]:
    shown = course(gateway, tool=tool, roles=STAFF, **fields)
    return launch(gateway, shown), shown


def ask(opened: Opened, method: str, content: dict | None = None, query: str = ""):
    body = json.dumps(content) if content else None
    return opened.course.ask(method, f"/grades{query}", body)


@cases.case("NRPS: the members of platforms that write them in other ways")
def forms(gateway: AdvantageGateway):
    opened, _ = teacher(gateway)
    membership = "http://purl.imsglobal.org/vocab/lis/v2/membership"
    serve_members(
        gateway,
        [
            {"user_id": "f-1", "roles": ["Learner"], "status": "Inactive"},
            {"user_id": "f-2", "roles": [f"{membership}#Learner"], "status": "Deleted"},
            {"user_id": "f-3", "roles": [f"{membership}/Instructor#TeachingAssistant"]},
            # Of the institution only: it is no role in the course.
            {
                "user_id": "f-4",
                "roles": ["urn:lti:instrole:ims/lis/Instructor"],
                "status": "Active",
            },
            {"user_id": "f-5", "roles": [], "name": "", "email": None, "picture": None},
            {"user_id": "f-6", "roles": ["Mentor", "urn:lti:role:ims/lis/Learner"]},
        ],
    )
    reply = opened.members()
    reply.assert_is(200)
    found = {each["id"].removeprefix("library:"): each for each in reply.said["members"]}
    assert set(found) == {f"f-{number}" for number in range(1, 7)}, found
    assert [found[f"f-{number}"]["status"] for number in range(1, 5)] == [
        "inactive",
        "deleted",
        "active",
        "active",
    ], found
    assert found["f-3"]["roles"] == ["teaching_assistant"], found
    assert found["f-4"]["roles"] == [] and found["f-5"]["roles"] == [], found
    assert set(found["f-6"]["roles"]) >= {"learner"}, found
    assert not {"picture", "email"} & found["f-5"].keys(), found


@cases.each(
    "NRPS: a platform that fails",
    {
        "with 500": (answer(500, {}), 503),
        "with 403 and a person": (answer(403, {"message": "Ask Bartholomew Cavendish"}), 502),
        "without JSON": ((200, {"Content-Type": "text/html"}, b"<html>Bartholomew</html>"), 502),
        "without members": (answer(200, {"id": "x"}), 502),
        "with a list": (answer(200, []), 502),
        "by a redirect": ((302, {"Location": "http://127.0.0.1:1/"}, b""), 502),
    },
)
def failures(gateway: AdvantageGateway, variation):
    gateway.forbid("Bartholomew", "Cavendish")
    response, status = variation
    opened, _ = teacher(gateway)
    gateway.library.instead[MEMBERS] = [response]
    reply = opened.members()
    assert reply.status == status, f"{reply.status} {reply.said}"


@cases.each("NRPS: a token that the platform does not accept any more is replaced", ["401", "403"])
def expired(gateway: AdvantageGateway, status: str):
    opened, _ = teacher(gateway)
    serve_members(gateway, [{"user_id": "e-1", "roles": ["Learner"]}])
    opened.members().assert_is(200)
    # edX says 403 for an invalid token.
    gateway.library.instead[MEMBERS].insert(0, answer(int(status), {"detail": "Invalid token"}))
    opened.members().assert_is(200)


@cases.case("NRPS: the gateway asks for the scope of members only")
def token_scope(gateway: AdvantageGateway):
    opened, _ = teacher(gateway)
    serve_members(gateway, [])
    before = len(gateway.library.requests)
    opened.members().assert_is(200)
    bodies = [each[3].decode() for each in gateway.library.requests[before:] if TOKEN in each[1]]
    assert all("contextmembership.readonly" in body for body in bodies), bodies
    assert not [body for body in bodies if "lti-ags" in body], bodies


@cases.case("29: a teacher grades a migrated learner by the id that GET /members returns")
def migrated_member(gateway: AdvantageGateway):
    opened, _ = teacher(gateway)
    serve_members(
        gateway,
        [
            {"user_id": "new-88", "lti11_legacy_user_id": "former-88", "roles": ["Learner"]},
            {"user_id": "new-89", "roles": ["Learner"]},
        ],
    )
    gateway.forbid("new-88", "former-88", "new-89")
    reply = opened.members()
    reply.assert_is(200)
    ids = [each["id"] for each in reply.said["members"]]
    assert ids == ["old-key:former-88", "library:new-89"], ids
    content = {"score": "0.3141592", "user": ids[0]}
    ask(opened, "POST", content).assert_is(200, status="delivered")
    assert gateway.library.book["new-88"].score["scoreGiven"] == 0.3141592
    # The learner's own session, migrated by the claim, has the same grade.
    shown = course(gateway, tool="course", prepare=migrated("old-key", "former-88", None))
    shown.person.user_id = "new-88"
    own = launch(gateway, shown)
    assert own.headers["X-Forwarded-User"] == "old-key:former-88", own.headers
    own.seat.send("0.2718281").assert_is(200, status="delivered")
    assert gateway.library.book["new-88"].score["scoreGiven"] == 0.2718281


@cases.case("`user` accepts exactly the ids that GET /members has just returned")
def exactly(gateway: AdvantageGateway):
    opened, _ = teacher(gateway)
    serve_members(gateway, [{"user_id": "x-1", "roles": ["Learner"]}])
    gateway.forbid("library:x-1", "library:x-2", "library:x-3")
    ask(opened, "POST", {"score": "0.1", "user": "library:x-1"}).assert_is(200)
    # Somebody joins the course, and somebody leaves it.
    serve_members(
        gateway,
        [
            {"user_id": "x-1", "roles": ["Learner"], "status": "Deleted"},
            {"user_id": "x-2", "roles": ["Learner"], "status": "Inactive"},
        ],
    )
    reply = opened.members()
    reply.assert_is(200)
    statuses = {each["id"]: each["status"] for each in reply.said["members"]}
    assert statuses == {"library:x-1": "deleted", "library:x-2": "inactive"}, statuses
    ask(opened, "POST", {"score": "0.2", "user": "library:x-2"}).assert_is(200, status="delivered")
    for user in ("library:x-3", "x-2", "edx:x-2", "library:", ""):
        reply = ask(opened, "POST", {"score": "0.2", "user": user})
        assert reply.status == 422, f"{reply.status} for {user!r}: {reply.said}"


@cases.case(
    "a teacher's grade is newer than a learner's queued one, and neither overtakes the other"
)
def order(gateway: AdvantageGateway):
    opened, _ = teacher(gateway)
    shown = course(gateway, tool="course")
    learner = launch(gateway, shown)
    user = shown.person.user_id
    serve_members(gateway, [{"user_id": user, "roles": ["Learner"]}])
    gateway.library.instead[SCORES] = [answer(503, {})]
    queued = learner.seat.send("0.1111111")
    queued.assert_is(202, status="kept")
    reply = ask(opened, "POST", {"score": "0.9999999", "user": f"library:{user}"})
    assert reply.status in (200, 202), reply
    if reply.status == 202:
        wait_for(opened.course, reply.said["id"], "delivered")
    learner.seat.ask("GET", f"/grades/{queued.said['id']}").assert_is(200, status="superseded")
    assert stored(shown)["scoreGiven"] == 0.9999999
    # The other way round.
    gateway.library.instead[SCORES] = [answer(503, {})]
    queued = ask(opened, "POST", {"score": "0.2222222", "user": f"library:{user}"})
    queued.assert_is(202, status="kept")
    newer = learner.seat.send("0.8888888")
    if newer.status == 202:
        wait_for(learner.seat, newer.said["id"], "delivered")
    assert stored(shown)["scoreGiven"] == 0.8888888


@cases.case("a learner's token reaches no other learner's result")
def own_only(gateway: AdvantageGateway):
    shown, other = course(gateway, tool="course"), course(gateway, tool="course")
    serve_members(
        gateway, [{"user_id": each.person.user_id, "roles": ["Learner"]} for each in (shown, other)]
    )
    learner, victim = launch(gateway, shown), launch(gateway, other)
    victim.seat.send("0.7654321").assert_is(200, status="delivered")
    user = f"library:{other.person.user_id}"
    for method, query, content in [
        ("POST", "", {"score": "0.0000001", "user": user}),
        ("POST", f"?user={user}", {"score": "0.0000001"}),
        ("DELETE", f"?user={user}", None),
    ]:
        body = json.dumps(content) if content else None
        learner.seat.ask(method, f"/grades{query}", body)
        assert stored(other)["scoreGiven"] == 0.7654321, f"{method} {query}"
    results = [
        {"userId": each.person.user_id, "resultScore": score, "resultMaximum": 1}
        for each, score in ((shown, 0.25), (other, 0.75))
    ]
    route = SCORES.replace("scores", "results")
    gateway.library.instead[route] = [answer(200, results) for _ in range(2)]
    read = learner.seat.ask("GET", f"/grades?user={user}")
    assert read.said.get("score") in (None, "0.25"), read
    gateway.library.instead.pop(route)
    # Neither does another kind of token.
    staff, _ = teacher(gateway)
    members = staff.token("members")
    status, _, _ = gateway.ask("GET", "/grades", {"Authorization": f"Bearer {members}"})
    assert status == 401, status
    grade = learner.token("grade")
    status, _, _ = gateway.ask("GET", "/members", {"Authorization": f"Bearer {grade}"})
    assert status in (401, 409), status


@cases.case("no token of a tool arrives in a TRACE request")
def trace(gateway: AdvantageGateway):
    opened, _ = teacher(gateway)
    cookies = "; ".join(f"{name}={value}" for name, value in opened.visitor.cookies.items())
    before = len(gateway.app.arrived)
    status, _, body = gateway.ask("TRACE", opened.entry, {"Cookie": cookies})
    text = body.decode()
    for kind in ("grade", "course", "members"):
        token = opened.token(kind)
        assert not token or token not in text, f"{status}: the {kind} token is in the response"
    for _, headers in gateway.app.arrived[before:]:
        assert not [name for name in headers if "Token" in name.title()], headers.items()


@cases.each(
    "AGS, NRPS: a launch whose services are at a host of the network inside accepts none",
    {
        "a link-local address": "http://169.254.169.254/latest",
        "a private address": "https://10.0.0.1/lineitems/1",
        "another scheme": "file:///etc/passwd",
        "a name and a password": "https://user:password@lms.example/1",
    },
)
def inside(gateway: AdvantageGateway, url: str):
    def prepare(sent):
        sent.set_ags(url, url)
        sent.set_nrps(url)

    opened = launch(gateway, course(gateway, tool="course", roles=STAFF, prepare=prepare))
    if opened.token("grade"):
        reply = opened.seat.send("0.5")
        assert reply.status in (409, 502), reply
    if opened.token("members"):
        assert opened.members().status in (409, 502), opened.members()


@cases.case("24, 25: without the scope of results, a grade is sent but not read: 409")
def no_results(gateway: AdvantageGateway):
    def prepare(sent):
        base = f"{gateway.library.platform.issuer}/lineitems"
        sent.set_ags(base, f"{base}/1", results_service_enabled=False)

    shown = course(gateway, prepare=prepare)
    seat = launch(gateway, shown).seat
    seat.send("0.6543219").assert_is(200, status="delivered")
    seat.read().assert_is(409, error="no-results")


@cases.case("`grades discard` deletes the queued grades of one person, also of a migrated one")
def discard(gateway: AdvantageGateway):
    shown, other = course(gateway), course(gateway)
    old = f"discarded-{shown.person.user_id}"
    moved = course(gateway, prepare=migrated("old-key", old, None))
    gateway.forbid(old)
    opened = {each.person.user_id: launch(gateway, each) for each in (shown, other, moved)}
    gateway.library.instead[SCORES] = [answer(503, {}) for _ in range(500)]
    queued = {}
    for user, one in opened.items():
        reply = one.seat.send("0.1357911")
        reply.assert_is(202, status="kept")
        queued[user] = reply.said["id"]
    for user in (f"library:{shown.person.user_id}", f"old-key:{old}"):
        ended = subprocess.run(
            [gateway.binary, "grades", "discard", "--user", user, "--tools", gateway.tools],
            env=gateway.environment,
            capture_output=True,
            text=True,
        )
        assert ended.returncode == 0, ended.stderr
        assert "1" in ended.stdout and user not in ended.stdout, ended.stdout
    gateway.library.instead.pop(SCORES)
    seat = opened[other.person.user_id].seat
    wait_for(seat, queued[other.person.user_id], "delivered")
    for each in (shown, moved):
        user = each.person.user_id
        status = opened[user].seat.ask("GET", f"/grades/{queued[user]}").said.get("status")
        assert status != "kept", status
        assert user not in gateway.library.book, "a discarded grade was sent"

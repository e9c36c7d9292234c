"""Members of a course over NRPS, from edX's own code."""

import json

from advantage_gateway import AdvantageGateway
from case import Cases
from lti_consumer.lti_1p3.constants import LTI_1P3_ROLE_MAP
from open_edx import Learner, Placement

MEMBERSHIPS = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"

cases = Cases()


def course(gateway: AdvantageGateway, name: str, learners: int) -> tuple[list[Learner], str]:
    """A new course with a teacher and learners."""
    key = f"course-v1:UniX+{name}+2026_T1"
    people = [gateway.edx.enroll("instructor", course=key)]
    people += [gateway.edx.enroll(course=key) for _ in range(learners)]
    for person in people:
        gateway.forbid(*person.personal_values())
    return people, key


def members_of(reply) -> dict[str, dict]:
    reply.assert_is(200)
    members = {each.pop("id"): each for each in reply.said["members"]}
    assert len(members) == len(reply.said["members"]), "a member is listed twice"
    return members


@cases.case("27: edX, NRPS: all members of three pages, by http links behind https")
def pages(gateway: AdvantageGateway):
    people, key = course(gateway, "NRPS-1", learners=24)
    gateway.edx.share_persons(key)
    placement = gateway.place(course=key)
    gateway.edx.page_size = 10
    try:
        opened = gateway.open_block(placement, people[0])
        before = len(gateway.edx.requested("/memberships"))
        reply = opened.members()
    finally:
        gateway.edx.page_size = None
    members = members_of(reply)
    assert set(members) == {f"edx:{each.external_id}" for each in people}, members
    requests = gateway.edx.requested("/memberships")[before:]
    assert [each.status for each in requests] == [200, 200, 200], requests
    links = [each.sent.get("Link", "") for each in requests]
    assert [link.startswith("<http://localhost:") for link in links] == [True, True, False], links
    assert all(each.headers["Accept"] == MEMBERSHIPS for each in requests), requests
    for person in people:
        member = members[f"edx:{person.external_id}"]
        assert (member["name"], member["email"]) == (person.name, person.email), member
        assert member["status"] == "active", member
    # edX calls a course admin an instructor and an administrator.
    assert set(members[f"edx:{people[0].external_id}"]["roles"]) == {"instructor", "administrator"}
    assert members[f"edx:{people[1].external_id}"]["roles"] == ["learner"]
    assert reply.said["context"]["id"] == key, reply.said


@cases.case("edX, NRPS: members of one role")
def one_role(gateway: AdvantageGateway):
    people, key = course(gateway, "NRPS-2", learners=3)
    opened = gateway.open_block(gateway.place(course=key), people[0])
    teachers = members_of(opened.members("?role=instructor"))
    assert set(teachers) == {f"edx:{people[0].external_id}"}, teachers
    learners = members_of(opened.members("?role=learner"))
    assert set(learners) == {f"edx:{each.external_id}" for each in people[1:]}, learners
    assert members_of(opened.members("?role=mentor")) == {}


@cases.case("edX, NRPS: the roles are those of a launch, for each role of edX")
def roles(gateway: AdvantageGateway):
    people, key = course(gateway, "NRPS-3", learners=0)
    roles = [role for role in LTI_1P3_ROLE_MAP if role not in ("global_staff", "guest")]
    others = {role: gateway.edx.enroll(role, course=key) for role in roles}
    members = members_of(gateway.open_block(gateway.place(course=key), people[0]).members())
    staff = {"instructor": {"instructor", "administrator"}}
    staff |= {role: {"instructor"} for role in ("staff", "limited_staff")}
    staff |= {
        role: {"learner", "teaching_assistant"} for role in ("Group Moderator", "Community TA")
    }
    for role, person in others.items():
        listed = set(members[f"edx:{person.external_id}"]["roles"])
        assert listed == staff.get(role, {"learner"}), f"{role}: {listed}"


@cases.case("27: edX, NRPS: neither a learner's session nor a tool without `members` has a token")
def no_token(gateway: AdvantageGateway):
    people, key = course(gateway, "NRPS-4", learners=1)
    placement = gateway.place(course=key)
    opened = gateway.open_block(placement, people[1])
    assert opened.token("members") is None
    opened.members().assert_is(401)
    assert (
        gateway.open_block(gateway.place(tool="plain", course=key), people[0]).token("members")
        is None
    )
    without: Placement = gateway.place(course=key, lti_1p3_enable_nrps=False)
    assert gateway.open_block(without, people[0]).token("members") is None


@cases.case("27: edX, NRPS: a tool without `identity` has ids and roles only")
def ids_only(gateway: AdvantageGateway):
    people, key = course(gateway, "NRPS-5", learners=2)
    gateway.edx.share_persons(key)
    opened = gateway.open_block(gateway.place(tool="picker", course=key), people[0])
    members = members_of(opened.members())
    assert set(members) == {f"edx:{each.external_id}" for each in people}, members
    assert all(each.keys() == {"roles", "status"} for each in members.values()), members


@cases.case("edX, NRPS: a course that shares no persons")
def no_persons(gateway: AdvantageGateway):
    people, key = course(gateway, "NRPS-6", learners=1)
    members = members_of(gateway.open_block(gateway.place(course=key), people[0]).members())
    assert all(each.keys() == {"roles", "status"} for each in members.values()), members


@cases.case("edX, NRPS: edX's message about a course that is too large")
def too_large(gateway: AdvantageGateway):
    people, key = course(gateway, "NRPS-7", learners=1)
    opened = gateway.open_block(gateway.place(course=key), people[0])
    gateway.edx.largest_course = 1
    try:
        reply = opened.members()
    finally:
        gateway.edx.largest_course = 1000
    assert reply.status == 502, reply
    platform = reply.said["platform"]
    assert platform["status"] == 403, platform
    assert "above_response_limit" in json.dumps(platform), platform


@cases.case("edX: a teacher sets, reads and clears the grade of a listed learner")
def by_the_teacher(gateway: AdvantageGateway):
    people, key = course(gateway, "NRPS-8", learners=2)
    placement = gateway.place(tool="course", course=key)
    teacher = gateway.open_block(placement, people[0])
    assert teacher.token("course"), teacher.headers
    [_, learner, other] = people
    listed = members_of(teacher.members())
    user = f"edx:{learner.external_id}"
    assert user in listed, listed
    course_grades = teacher.course

    def ask(method: str, content: dict | None = None, query: str = ""):
        path = f"/grades{query}"
        return course_grades.ask(method, path, json.dumps(content) if content else None)

    ask("POST", {"score": "0.812345", "user": user}).assert_is(200, status="delivered")
    grade = gateway.edx.grade(placement, learner)
    assert grade and grade.value == 0.812345, grade
    assert gateway.edx.grade(placement, other) is None
    ask("GET", query=f"?user={user}").assert_is(200, score="0.812345")
    ask("GET", query=f"?user=edx:{other.external_id}").assert_is(200, score=None)
    ask("POST", {"score": "1", "user": "edx:nobody"}).assert_is(422)
    ask("POST", {"score": "1", "user": "library:29123"}).assert_is(422)
    ask("POST", {"score": "1"}).assert_is(422)
    # A learner's session has no such token.
    assert gateway.open_block(placement, learner).token("course") is None

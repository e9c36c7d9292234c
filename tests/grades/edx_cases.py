"""Grades for Open edX, received by its own code. Numbers are cases of the checklist (F1.h)."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta

from case import Cases
from signer import claims_of
from stage import Stage

cases = Cases()

PAST = datetime.now(UTC) - timedelta(days=1)
BODY_HASH_OF_NOTHING = "2jmj7l5rSw0yVb%2FvlWAYkK%2FYBwk%3D"


@cases.each(
    "133: a score keeps its digits",
    (
        "0",
        "1",
        "0.0",
        "1.000",
        "0.1",
        "0.10",
        "0.92",
        "0.30000000000000004",
        "0.3333333333333333",
        "0.0000001",
        "0.999999999999999999999999999999",
    ),
)
def score(stage: Stage, digits: str):
    block = stage.block()
    seat = stage.seat(block)
    seat.send(digits).assert_is(200, status="delivered")
    assert stage.lms.arrived[-1].digits == digits
    assert stage.lms.entry(block).points == float(digits)
    # The same score as a JSON number.
    seat.ask("POST", content=f'{{"score": {digits}}}').assert_is(200, status="delivered")
    assert stage.lms.arrived[-1].digits == digits


@cases.each(
    "134: an invalid score is refused and not sent",
    (
        '"-0.1"',
        "-0.1",
        "1.1",
        '"5"',
        "5",
        '"1e-7"',
        "1e-7",
        '"NaN"',
        "NaN",
        '""',
        '" 1"',
        '".5"',
        '"0,5"',
        "null",
    ),
)
def no_score(stage: Stage, written: str):
    block = stage.block()
    seat = stage.seat(block)
    before = len(stage.lms.arrived)
    seat.ask("POST", content=f'{{"score": {written}}}').assert_is(422, error="bad-grade")
    assert len(stage.lms.arrived) == before
    assert stage.lms.entry(block).points is None


@cases.case("a score is replaced, and multiplied by the weight of the block")
def weight(stage: Stage):
    block = stage.block(weight=10)
    seat = stage.seat(block)
    seat.send("0.925").assert_is(200, status="delivered")
    assert stage.lms.entry(block).points == 9.25
    seat.send("0").assert_is(200, status="delivered")
    assert stage.lms.entry(block).points == 0
    seat.send("0.5").assert_is(200, status="delivered")
    assert stage.lms.entry(block).points == 5


@cases.case("the caller receives edX's own message")
def message(stage: Stage):
    block = stage.block()
    reply = stage.seat(block).send("0.92")
    sourcedid = block.launch().value("lis_result_sourcedid")
    reply.assert_is(200, platform={"status": 200, "description": f"Score for {sourcedid} is now 0.92"})
    assert "comment" not in reply.said


@cases.each(
    "a comment goes to the LTI 2.0 service, with the digits of the score",
    {
        "plain": "Well done",
        "in many scripts": "Très bien, 王小明! 👩🏽‍🚀",
        "with markup and line breaks": "<b>1 & 2</b>\r\n\"3\"\t\\ 'four'\u2028",
        "of 5,000 characters": "ä" * 5000,
    },
)
def comment(stage: Stage, comment: str):
    block = stage.block()
    reply = stage.seat(block).send("0.10", comment=comment)
    reply.assert_is(200, status="delivered")
    assert "comment" not in reply.said
    arrival = stage.lms.arrived[-1]
    assert (arrival.method, arrival.digits) == ("PUT", "0.10")
    user = block.person.anonymous_id
    assert arrival.path.endswith(f"/handler_noauth/result_service_handler/user/{user}"), arrival.path
    entry = stage.lms.entry(block)
    assert (entry.points, entry.comment) == (0.1, comment)


@cases.case("a score without a comment clears an older comment")
def comment_goes(stage: Stage):
    block = stage.block()
    seat = stage.seat(block)
    seat.send("0.1", comment="Try again").assert_is(200, status="delivered")
    seat.send("0.9").assert_is(200, status="delivered")
    entry = stage.lms.entry(block)
    assert (entry.points, entry.comment) == (0.9, "")


@cases.case("a comment that is too long is refused and not sent")
def long_comment(stage: Stage):
    seat = stage.seat(stage.block())
    before = len(stage.lms.arrived)
    seat.send("1", comment="x" * 5001).assert_is(422, error="bad-grade")
    assert len(stage.lms.arrived) == before


@cases.case("144, 145: a grade is read from the LTI 2.0 service, weighted and rounded")
def read(stage: Stage):
    block = stage.block()
    seat = stage.seat(block)
    seat.read().assert_is(200, score=None)
    arrival = stage.lms.arrived[-1]
    assert (arrival.method, arrival.content) == ("GET", b"")
    assert arrival.headers["Content-Type"] == "application/vnd.ims.lis.v2.result+json"
    assert arrival.headers["Authorization"].count("oauth_body_hash") == 1
    assert f'oauth_body_hash="{BODY_HASH_OF_NOTHING}"' in arrival.headers["Authorization"]
    seat.send("0.9249", comment="Très bien").assert_is(200, status="delivered")
    seat.read().assert_is(200, score="0.92", comment="Très bien")
    heavy = stage.block(weight=10)
    seat = stage.seat(heavy)
    seat.send("0.9249").assert_is(200, status="delivered")
    seat.read().assert_is(200, score="9.25")


@cases.case("a score of 0 is read as 0 by this version of edX")
def read_zero(stage: Stage):
    seat = stage.seat(stage.block())
    seat.send("0").assert_is(200, status="delivered")
    assert float(seat.read().said["score"]) == 0


@cases.case("a cleared grade differs from 0")
def clear(stage: Stage):
    block = stage.block()
    seat = stage.seat(block)
    seat.send("0.5", comment="Half of it").assert_is(200, status="delivered")
    seat.clear().assert_is(200, status="delivered")
    assert stage.lms.arrived[-1].method == "DELETE"
    entry = stage.lms.entry(block)
    assert (entry.points, entry.comment) == (None, "")
    seat.read().assert_is(200, score=None)


@cases.case("144: at other URLs edX has only Basic Outcomes, which cannot read or clear")
def other_url(stage: Stage):
    block = stage.block()
    block.outcome_url = f"{stage.lms.origin}/outcomes/{block.usage}"
    sourcedid = block.launch().value("lis_result_sourcedid")
    seat = stage.seat(block)
    sent = seat.send("0.25", comment="Well done")
    sent.assert_is(200, status="delivered", comment="not-sent")
    assert stage.lms.entry(block).points == 0.25
    assert stage.lms.arrived[-1].path.startswith("/outcomes/")
    for operation, reply in ("readResult", seat.read()), ("deleteResult", seat.clear()):
        reply.assert_is(502, error="platform-refused")
        message = reply.said["platform"]["description"]
        assert message.startswith(
            "Request body XML parsing error: Failed to parse score textString from XML request body"
        ), message
        # Its message ends with the request.
        assert f"<{operation}Request>" in message, message
        assert sourcedid in message, message
    assert stage.lms.entry(block).points == 0.25


@cases.case("a secret that changed in edX is reported with edX's message, or with its status")
def other_secret(stage: Stage):
    block = stage.block()
    seat = stage.seat(block)
    block.secret = "another one since then"
    failed = "OAuth verification error: OAuth signature verification has failed."
    seat.send("1").assert_refused(200, failed)
    seat.send("1", comment="Well done").assert_refused(401, "")
    seat.read().assert_refused(401, "")
    seat.clear().assert_refused(401, "")
    assert stage.lms.entry(block).points is None


@cases.case("a grade after the due date is refused with edX's message, also with a comment")
def past_due(stage: Stage):
    block = stage.block(due=PAST, accept_grades_past_due=False)
    seat = stage.seat(block)
    seat.send("1").assert_refused(200, "Grade is past due")
    seat.send("1", comment="Late").assert_refused(200, "Grade is past due")
    assert stage.lms.entry(block).points is None
    block.accept_grades_past_due = True
    seat.send("1").assert_is(200, status="delivered")
    assert stage.lms.entry(block).points == 1


@cases.case("edX's bug: without late grades there is no LTI 2.0 service, also before the due date")
def past_due_at_any_time(stage: Stage):
    block = stage.block(accept_grades_past_due=False)
    seat = stage.seat(block)
    seat.send("0.5", comment="In time").assert_is(200, status="delivered", comment="not-sent")
    assert [arrival.method for arrival in stage.lms.arrived[-2:]] == ["PUT", "POST"]
    entry = stage.lms.entry(block)
    assert (entry.points, entry.comment) == (0.5, "")
    seat.read().assert_refused(404, "")
    seat.clear().assert_refused(404, "")
    assert stage.lms.entry(block).points == 0.5


@cases.case("an unknown learner is reported with edX's message, also with a comment")
def unknown_user(stage: Stage):
    block = stage.block()
    seat = stage.seat(block)
    stage.lms.people.remove(block.person.anonymous_id)
    seat.send("1").assert_refused(200, "User not found.")
    seat.send("1", comment="Who?").assert_refused(200, "User not found.")
    assert not [row for row in stage.lms.book if row[0] == str(block.usage)]


@cases.case("143: an ungraded block has no token, although it has a sourcedid")
def not_graded(stage: Stage):
    block = dataclasses.replace(stage.block(), has_score=False)
    assert block.launch().value("lis_result_sourcedid")
    seat = stage.seat(block)
    assert seat.token is None
    assert claims_of(seat.assertion)["grade"] == {"accepted": False}


@cases.case("a graded block has a token only for a tool that sends grades")
def other_tool(stage: Stage):
    assert claims_of(stage.seat(stage.block()).assertion)["grade"] == {"accepted": True}
    notebook = stage.seat(stage.block(tool="notebook"))
    assert notebook.token is None


@cases.case("148: two learners, two blocks and two courses have separate grades")
def separate_grades(stage: Stage):
    people = [stage.person(), stage.person()]
    blocks = [stage.block(key, person=people[0]) for key in ("course-a", "course-a", "course-b", "course-b")]
    launches = [dataclasses.replace(block, person=person) for block in blocks for person in people]
    for person in people:
        stage.lms.people.add(person.anonymous_id)
    seats = [stage.seat(block) for block in launches]
    assert len({seat.token for seat in seats}) == 8
    for at, seat in enumerate(seats):
        seat.send(f"0.{at + 1}").assert_is(200, status="delivered")
    # In another order, with another protocol.
    for at, seat in reversed(list(enumerate(seats))):
        if at % 3 == 0:
            seat.send(f"0.{at + 1}5", comment=f"for {at}").assert_is(200, status="delivered")
    for at, block in enumerate(launches):
        expected = (float(f"0.{at + 1}5"), f"for {at}") if at % 3 == 0 else (float(f"0.{at + 1}"), "")
        entry = stage.lms.entry(block)
        assert (entry.points, entry.comment) == expected, f"{at}: {entry}"
        seats[at].read().assert_is(200)


@cases.case("tokens of older and newer launches set the same grade")
def launched_again(stage: Stage):
    block = stage.block()
    first, second = stage.seat(block), stage.seat(block)
    second.send("0.2").assert_is(200, status="delivered")
    first.send("0.1").assert_is(200, status="delivered")
    assert stage.lms.entry(block).points == 0.1


@cases.case("an edX that only `outcome_url_rewrite` can reach accepts grades and comments")
def rewritten(stage: Stage):
    block = stage.block(lms="http://courses.example")
    assert block.launch().value("lis_outcome_service_url").startswith("http://courses.example/")
    seat = stage.seat(block)
    seat.send("0.5").assert_is(200, status="delivered")
    assert stage.lms.entry(block).points == 0.5
    seat.send("0.75", comment="More").assert_is(200, status="delivered")
    assert stage.lms.entry(block).comment == "More"


@cases.case("an edX at a host that is not allowed has no token")
def not_allowed(stage: Stage):
    block = stage.block(lms=stage.lms.origin.replace("127.0.0.1", "localhost"))
    seat = stage.seat(block)
    assert seat.token is None
    assert claims_of(seat.assertion)["grade"] == {"accepted": False}


@cases.each(
    "a request without a valid token is refused",
    {"none": "", "no token": "Bearer x", "Basic": "Basic eDp5"},
)
def no_token(stage: Stage, authorization: str):
    headers = {"Authorization": authorization} if authorization else {}
    for method in "POST", "GET", "DELETE":
        status, headers_back, content = stage.gateway.ask(method, "/grades", headers, '{"score": 1}')
        assert status == 401, content
        error = json.loads(content)["error"]
        assert error == ("bad-grade-token" if authorization.startswith("Bearer") else "no-grade-token"), error
        assert headers_back["WWW-Authenticate"].startswith("Bearer"), headers_back

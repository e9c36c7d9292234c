"""Grades over AGS, received by edX's own code, which publishes them to its gradebook."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import jwt
from advantage_gateway import OTHER, SHARED, AdvantageGateway, Opened
from case import Cases
from lti_consumer.models import LtiConfiguration
from open_edx import Learner, Placement
from signer import claims_of

AGS = "https://purl.imsglobal.org/spec/lti-ags/scope/"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

# What the URL of edX's keyset becomes.
TOKEN = "/api/lti_consumer/v1/token/"

cases = Cases()


def assert_published(
    gateway: AdvantageGateway,
    placement: Placement,
    learner: Learner,
    value: float,
    comment: str | None = None,
) -> None:
    grade = gateway.edx.grade(placement, learner)
    assert grade, f"edX has published no grade of {placement.usage}"
    weight = placement.fields.get("weight", 1.0)
    assert abs(grade.value - value * weight) < 1e-9, f"{grade.value}, expected {value * weight}"
    assert grade.maximum == weight, grade.maximum
    assert (grade.comment or None) == comment, grade.comment


def on_the_block(gateway: AdvantageGateway) -> Placement:
    return gateway.place(weight=10.0)


def programmatic(gateway: AdvantageGateway) -> Placement:
    return gateway.place(tool="column", lti_advantage_ags_mode="programmatic", weight=10.0)


def in_the_database(gateway: AdvantageGateway) -> Placement:
    placement = gateway.place(passport=gateway.other)
    gateway.edx.store_configuration(
        placement, gateway.other, LtiConfiguration.LTI_ADVANTAGE_AGS_DECLARATIVE
    )
    return placement


def reusable(gateway: AdvantageGateway) -> Placement:
    launch_url, login_url = gateway.launch_url("exercise"), f"{gateway.origin}/~login"
    found = gateway.edx.reuse(
        "exercise",
        "reusable-client",
        launch_url,
        login_url,
        lti_1p3_tool_keyset_url=gateway.keyset_url,
    )
    return gateway.place(config_type="external", external_config=found)


@cases.each(
    "edX, AGS: a grade is published, replaced and read, with the configuration",
    {
        "on the block": on_the_block,
        "of the mode programmatic": programmatic,
        "in the database": in_the_database,
        "of the school": reusable,
    },
)
def published(gateway: AdvantageGateway, place):
    placement, learner = place(gateway), gateway.edx.enroll()
    seat = gateway.open_block(placement, learner).seat
    assert claims_of(seat.assertion)["grade"] == {"accepted": True}
    seat.read().assert_is(200, score=None)
    comment = "Très bien, 王小明! <b>1 & 2</b>"
    reply = seat.send("0.923417", comment=comment)
    reply.assert_is(200, status="delivered")
    assert "comment" not in reply.said, reply.said
    assert_published(gateway, placement, learner, 0.923417, comment)
    seat.read().assert_is(200, score="0.923417", comment=comment)
    seat.send("0").assert_is(200, status="delivered")
    assert_published(gateway, placement, learner, 0)
    assert float(seat.read().said["score"]) == 0


@cases.case("edX, AGS: the score arrives with its digits, its maximum, and a UTC timestamp")
def sent(gateway: AdvantageGateway):
    placement, learner = gateway.place(), gateway.edx.enroll()
    began = datetime.now(UTC) - timedelta(milliseconds=1)
    seat = gateway.open_block(placement, learner).seat
    for digits in ("0.10", "1.000", "0.30000000000000004", "0.0000001"):
        seat.send(digits).assert_is(200, status="delivered")
        request = gateway.edx.requested("/scores")[-1]
        assert f'"scoreGiven":{digits}'.encode() in request.content.replace(b" ", b""), (
            request.content
        )
        assert request.headers["Content-Type"] == "application/vnd.ims.lis.v1.score+json"
        score = json.loads(request.content)
        assert score["userId"] == learner.external_id, score
        assert (score["scoreMaximum"], score["activityProgress"], score["gradingProgress"]) == (
            1,
            "Completed",
            "FullyGraded",
        ), score
        assert score["timestamp"].endswith("Z"), score
        accepted = datetime.fromisoformat(score["timestamp"])
        assert began <= accepted <= datetime.now(UTC), score
        began = accepted + timedelta(seconds=1)


@cases.case("22: edX, AGS: three grades within a second are three timestamps, the newest counts")
def quick(gateway: AdvantageGateway):
    placement, learner = gateway.place(), gateway.edx.enroll()
    seat = gateway.open_block(placement, learner).seat
    before = len(gateway.edx.requested("/scores"))
    for digits in ("0.1", "0.2", "0.3"):
        seat.send(digits).assert_is(200, status="delivered")
    requests = gateway.edx.requested("/scores")[before:]
    assert [each.status for each in requests] == [201, 201, 201], requests
    times = [datetime.fromisoformat(json.loads(each.content)["timestamp"]) for each in requests]
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    assert all(gap >= timedelta(seconds=1) for gap in gaps), times
    assert_published(gateway, placement, learner, 0.3)


@cases.case("24: edX, AGS: of 30 learners' results the app reads only this learner's")
def thirty(gateway: AdvantageGateway):
    placement = gateway.place()
    learner, stranger = gateway.edx.enroll(), gateway.edx.enroll()
    others = [gateway.edx.enroll() for _ in range(29)]
    seat = gateway.open_block(placement, learner).seat
    for other in others:
        gateway.forbid(*other.personal_values())
    gateway.edx.store_scores(placement, others[:15], 0.123456)
    seat.send("0.654321", comment="only for this learner").assert_is(200, status="delivered")
    gateway.edx.store_scores(placement, others[15:], 0.223456)
    seat.read().assert_is(200, score="0.654321", comment="only for this learner")
    request = gateway.edx.requested("/results")[-1]
    results = json.loads(request.answer)
    # edX does not read `user_id`.
    assert len(results) == 30, len(results)
    assert request.headers["Accept"] == "application/vnd.ims.lis.v2.resultcontainer+json", request
    gateway.open_block(placement, stranger).seat.read().assert_is(200, score=None)


@cases.case("edX, AGS: a cleared grade is read as none, and edX keeps it in its gradebook")
def clear(gateway: AdvantageGateway):
    placement, learner = gateway.place(), gateway.edx.enroll()
    seat = gateway.open_block(placement, learner).seat
    seat.send("0.75").assert_is(200, status="delivered")
    seat.clear().assert_is(200, status="delivered")
    [score] = gateway.edx.scores(placement, learner)
    assert (score.score_given, score.activity_progress, score.grading_progress) == (
        None,
        "Initialized",
        "NotReady",
    ), score
    seat.read().assert_is(200, score=None)
    assert_published(gateway, placement, learner, 0.75)
    seat.send("0.5").assert_is(200, status="delivered")
    assert_published(gateway, placement, learner, 0.5)


@cases.case("edX, AGS: progress without a score is not published, a final score is")
def progress(gateway: AdvantageGateway):
    placement, learner = gateway.place(), gateway.edx.enroll()
    seat = gateway.open_block(placement, learner).seat
    content = {"activity_progress": "Submitted", "grading_progress": "PendingManual"}
    seat.ask("POST", content=json.dumps(content)).assert_is(200, status="delivered")
    [score] = gateway.edx.scores(placement, learner)
    assert (score.score_given, score.activity_progress, score.grading_progress) == (
        None,
        "Submitted",
        "PendingManual",
    ), score
    assert gateway.edx.grade(placement, learner) is None
    seat.send("0.25", activity_progress="Completed").assert_is(200, status="delivered")
    assert_published(gateway, placement, learner, 0.25)


@cases.case("25: edX, AGS: a block whose grades are disabled accepts none")
def disabled(gateway: AdvantageGateway):
    placement = gateway.place(lti_advantage_ags_mode="disabled")
    opened = gateway.open_block(placement, gateway.edx.enroll())
    assert opened.token("grade") is None
    assert claims_of(opened.headers["X-LTI-Assertion"])["grade"] == {"accepted": False}
    # The mode without columns, for a tool that declares none.
    placement = gateway.place(lti_advantage_ags_mode="programmatic")
    assert gateway.open_block(placement, gateway.edx.enroll()).token("grade") is None


@cases.case("edX, AGS: two configurations share a passport, and its tokens")
def shared_passport(gateway: AdvantageGateway):
    learner = gateway.edx.enroll()
    placements = [gateway.place(), gateway.place()]
    ids = {gateway.edx.configuration(each).pk for each in placements}
    assert len(ids) == 2, ids
    seats = [gateway.open_block(each, learner).seat for each in placements]
    seats[0].send("0.1").assert_is(200, status="delivered")
    before = len(gateway.edx.requested(SHARED[0]))
    for at in range(3):
        for number, seat in enumerate(seats):
            seat.send(f"0.{at}{number}").assert_is(200, status="delivered")
    assert len(gateway.edx.requested(SHARED[0])) == before, "the gateway did not reuse its token"
    for number, placement in enumerate(placements):
        assert_published(gateway, placement, learner, float(f"0.2{number}"))
    # Another passport has its own token.
    other = gateway.place(passport=gateway.other)
    gateway.open_block(other, learner).seat.send("0.5").assert_is(200, status="delivered")
    assert_published(gateway, other, learner, 0.5)


@cases.case("edX, AGS: the request for a token follows the specification")
def token_request(gateway: AdvantageGateway):
    placement = gateway.place(passport=gateway.other)
    gateway.open_block(placement, gateway.edx.enroll()).seat.send("1").assert_is(200)
    requests = [each for each in gateway.edx.requested(OTHER[0]) if TOKEN in each.path]
    assert requests and all(each.status == 200 for each in requests), requests
    jwks = jwt.PyJWKClient(gateway.keyset_url)
    seen = set()
    for request in requests:
        assert request.method == "POST", request.method
        assert request.headers["Content-Type"] == "application/x-www-form-urlencoded", (
            request.headers
        )
        form = dict(parse_qsl(request.content.decode(), strict_parsing=True))
        assertion = form.pop("client_assertion")
        gateway.forbid(assertion)
        scopes = form.pop("scope").split(" ")
        assert form == {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION,
        }, form
        assert set(scopes) <= {f"{AGS}score", f"{AGS}result.readonly"}, scopes
        claims = jwt.decode(
            assertion,
            jwks.get_signing_key_from_jwt(assertion).key,
            algorithms=["RS256"],
            audience=f"{gateway.edx.origin}{TOKEN}{OTHER[0]}",
            issuer=OTHER[1],
            options={"require": ["iss", "sub", "aud", "iat", "exp", "jti"]},
        )
        assert claims["sub"] == OTHER[1], claims
        assert 0 < claims["exp"] - claims["iat"] <= 300, claims
        seen.add(claims["jti"])
    assert len(seen) == len(requests), "a jti was used twice"


@cases.case("edX, AGS: a token that edX does not accept any more is replaced, and no grade is lost")
def renewed_key(gateway: AdvantageGateway):
    placement, learner = gateway.place(passport=gateway.other), gateway.edx.enroll()
    seat = gateway.open_block(placement, learner).seat
    seat.send("0.1").assert_is(200, status="delivered")
    gateway.edx.renew_key(gateway.other)
    # edX says 403 for an invalid token.
    seat.send("0.2").assert_is(200, status="delivered")
    assert_published(gateway, placement, learner, 0.2)


@cases.case("edX, AGS: a past due date keeps the grade out of the gradebook, as in edX")
def past_due(gateway: AdvantageGateway):
    due = datetime.now(UTC) - timedelta(days=1)
    learner = gateway.edx.enroll()
    late = gateway.place(due=due, accept_grades_past_due=False)
    gateway.open_block(late, learner).seat.send("1").assert_is(200, status="delivered")
    assert gateway.edx.grade(late, learner) is None
    accepted = gateway.place(due=due, accept_grades_past_due=True)
    gateway.open_block(accepted, learner).seat.send("1").assert_is(200, status="delivered")
    assert_published(gateway, accepted, learner, 1)


def first_grades(gateway: AdvantageGateway, placement: Placement, scores: list[str]) -> None:
    """Sends first grades of as many learners at once."""
    learners = [gateway.edx.enroll() for _ in scores]
    opened: list[Opened] = [gateway.open_block(placement, each) for each in learners]
    with ThreadPoolExecutor(len(scores)) as pool:
        replies = list(pool.map(lambda pair: pair[0].seat.send(pair[1]), zip(opened, scores)))
    for learner, score, reply in zip(learners, scores, replies):
        reply.assert_is(200, status="delivered")
        assert_published(gateway, placement, learner, float(score))


@cases.case("26: edX, AGS: first grades at once, and after a restart, make one column")
def column(gateway: AdvantageGateway):
    placement = gateway.place(tool="column", lti_advantage_ags_mode="programmatic")
    first_grades(gateway, placement, ["0.1", "0.2", "0.3"])
    [column] = gateway.edx.columns(placement)
    assert (column.label, column.score_maximum) == ("Column of the tool", 10), column
    # A launch before the column has only the URL of the columns; the next one has its URL.
    [created] = [
        each
        for each in gateway.edx.requested("/lti-ags")
        if each.method == "POST"
        and json.loads(each.answer)["resourceLinkId"] == str(placement.usage)
    ]
    said = json.loads(created.content)
    assert said["resourceLinkId"] == str(placement.usage), said
    assert said["resourceId"] == column.resource_id, said
    assert created.headers["Content-Type"] == "application/vnd.ims.lis.v2.lineitem+json", created
    # A place whose launch was before the column.
    early = gateway.place(tool="column", lti_advantage_ags_mode="programmatic")
    learners = [gateway.edx.enroll(), gateway.edx.enroll()]
    opened = [gateway.open_block(early, each) for each in learners]
    opened[0].seat.send("0.4").assert_is(200, status="delivered")
    gateway.kill()
    gateway.start()
    gateway.wait_until_up()
    opened[1].seat.send("0.5").assert_is(200, status="delivered")
    assert len(gateway.edx.columns(early)) == 1
    for learner, score in zip(learners, (0.4, 0.5)):
        assert_published(gateway, early, learner, score)

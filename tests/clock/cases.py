"""What a clock that is set must not change."""

from case import Cases
from clocked import Gateway, Queued, Scene

cases = Cases()

# A time in 2027, for stopped clocks.
NOW = 1_800_000_000

HOUR = 3600
DAY = 24 * HOUR

# The defaults of `clock_skew` and `session`.
SKEW = 300
SESSION = 8 * HOUR


@cases.case("a queued grade is kept when the clock jumps four days ahead")
def grade_ahead(scene: Scene):
    scene.start()
    grade = Queued.send(scene)
    scene.clock.jump(4 * DAY)
    grade.fails_again()
    grade.arrives()


@cases.case("a queued grade arrives soon after the clock is set back five days")
def grade_back(scene: Scene):
    scene.start()
    grade = Queued.send(scene)
    scene.clock.jump(-5 * DAY)
    grade.arrives()


@cases.case("an attempt four days ahead delays no grade after a clock set back and a crash")
def grade_ahead_and_back(scene: Scene):
    gateway = scene.start()
    grade = Queued.send(scene)
    scene.clock.jump(4 * DAY)
    grade.fails_again()
    scene.clock.jump(-4 * DAY)
    gateway.crash()
    grade.arrives()


@cases.case("after a launch four days ahead and a clock set back, no form is accepted twice")
def launch_ahead(scene: Scene):
    scene.clock.stop_at(NOW)
    gateway = scene.start()
    early = scene.form("hello", NOW)
    gateway.accepts(early)
    gateway.rejects(early, 401, "replayed")

    scene.clock.stop_at(NOW + 4 * DAY)
    gateway.rejects(early, 401, "stale")
    ahead = scene.form("hello", NOW + 4 * DAY)
    gateway.accepts(ahead)
    gateway.rejects(ahead, 401, "replayed")

    # The store has deleted the nonce of the early form.
    scene.clock.stop_at(NOW + 10)
    gateway.rejects(early, 503, "clock-set-back")
    gateway.rejects(ahead, 401, "stale")
    now = scene.form("hello", NOW + 10)
    gateway.accepts(now)
    gateway.rejects(now, 401, "replayed")

    for start_again in (gateway.restart, gateway.crash):
        start_again()
        gateway.rejects(early, 503, "clock-set-back")
        gateway.rejects(ahead, 401, "stale")
        gateway.rejects(now, 401, "replayed")
        gateway.accepts(scene.form("hello", NOW + 10))

    scene.clock.stop_at(NOW + 4 * DAY)
    gateway.rejects(ahead, 401, "replayed")


@cases.case("after a start four days ahead and a clock set back, no form is accepted twice")
def start_ahead(scene: Scene):
    scene.clock.stop_at(NOW)
    gateway = scene.start()
    early = scene.form("hello", NOW)
    gateway.accepts(early)
    gateway.end()

    scene.clock.stop_at(NOW + 4 * DAY)
    gateway.start()
    gateway.wait_until_up()
    gateway.rejects(early, 401, "stale")
    gateway.end()

    scene.clock.stop_at(NOW)
    gateway.start()
    gateway.wait_until_up()
    gateway.rejects(early, 503, "clock-set-back")
    gateway.rejects(scene.form("hello", NOW), 503, "clock-set-back")
    scene.clock.stop_at(NOW + 1)
    gateway.rejects(early, 503, "clock-set-back")
    gateway.accepts(scene.form("hello", NOW + 1))


@cases.case("launches are accepted again when the clock has caught up with what the store deleted")
def caught_up(scene: Scene):
    ahead = NOW + 4 * DAY
    latest = ahead + 2 * SKEW
    scene.clock.stop_at(ahead)
    gateway = scene.start()
    deleted = scene.form("hello", ahead)
    gateway.accepts(deleted)
    scene.clock.stop_at(latest)
    last = scene.form("hello", latest)
    gateway.accepts(last)

    scene.clock.stop_at(NOW)
    gateway.rejects(scene.form("hello", NOW), 503, "clock-set-back")
    gateway.restart()
    gateway.rejects(scene.form("hello", NOW), 503, "clock-set-back")
    gateway.rejects(deleted, 401, "stale")
    gateway.rejects(last, 401, "stale")

    scene.clock.stop_at(ahead)
    gateway.rejects(scene.form("hello", ahead), 503, "clock-set-back")
    gateway.rejects(deleted, 503, "clock-set-back")
    scene.clock.stop_at(ahead + 1)
    gateway.accepts(scene.form("hello", ahead + 1))
    gateway.rejects(deleted, 503, "clock-set-back")

    # The latest time of the documentation: the clock has passed the time that it showed before.
    scene.clock.stop_at(latest + 1)
    gateway.accepts(scene.form("hello", latest + 1))
    gateway.rejects(deleted, 401, "stale")
    gateway.rejects(last, 401, "replayed")


@cases.case("a session is valid until its own expiry and never longer, whatever the clock showed")
def session(scene: Scene):
    scene.clock.stop_at(NOW)
    gateway = scene.start()
    visit = scene.visit(scene.form("notebook", NOW))
    for _ in range(2):
        for at, is_valid in [
            (NOW + SESSION, True),
            (NOW + SESSION + 1, False),
            (NOW, True),
            (NOW - 5 * DAY, True),
            (NOW + SESSION, True),
            (NOW + SESSION + 1, False),
            (NOW + 4 * DAY, False),
        ]:
            scene.clock.stop_at(at)
            (scene.opens if is_valid else scene.refuses)(visit)
        gateway.restart()
    scene.refuses(visit)


@cases.each(
    "the gateway starts, accepts a launch once, and stops",
    {
        "in 1970": 0,
        "at the last second of 31 bits, in 2038": 2**31 - 1,
        "at the last second of 32 bits, in 2106": 2**32 - 1,
        "in the year 2300": 10_413_792_000,
    },
)
def start(scene: Scene, at: int):
    scene.clock.stop_at(at)
    gateway = scene.start()
    assert_works(gateway)
    first = scene.form("hello", at)
    gateway.accepts(first)
    gateway.rejects(first, 401, "replayed")
    # This launch also spends a ticket.
    visit = scene.visit(scene.form("notebook", at))

    scene.clock.run_from(at + 1)
    gateway.rejects(first, 401, "replayed")
    scene.opens(visit)
    second = scene.form("hello", scene.clock.now())
    gateway.accepts(second)
    gateway.restart()
    assert_works(gateway)
    for form in (first, second):
        gateway.rejects(form, 401, "replayed")
    scene.opens(visit)
    gateway.end()


def assert_works(gateway: Gateway) -> None:
    for path in ("/is_up", "/ready"):
        status, _, _ = gateway.ask("GET", path, {})
        assert status == 200, f"{path}: {status}"

"""Sends 500 grades over AGS while platform and gateway fail at random, and loses none.

    python tests/grades/ags_faults.py target/debug/lti-gateway [SEED]

As faults.py, with LTI 1.3: the platform also has Moodle's rule for timestamps, responds slowly and
with 429, ends its tokens, and denies the scope for a while. A grade that it denies for good is a
refused one, which the app learns. The same seed makes the same choices. Takes less than a minute.
"""

import secrets
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

sys.dont_write_bytecode = True
# Modules of this directory have precedence over modules of the other tests.
TESTS = Path(__file__).resolve().parents[1]
sys.path += [str(TESTS), str(TESTS / "examples"), str(TESTS / "real_input")]

import jwt  # noqa: E402
from ags_platform import LINE_ITEM, QUERY, TOKEN, AgsPlatform  # noqa: E402
from edx13 import Person13  # noqa: E402
from faults import (  # noqa: E402
    LEARNERS,
    NOTHING,
    TIMEOUT,
    kill_at_random,
    restart,
    work,
)
from faulty import Faults, FaultyFront  # noqa: E402
from gateway import SECRET, Gateway  # noqa: E402
from keyset_server import KeysetServer  # noqa: E402
from learner import Learner  # noqa: E402
from platform13 import Course, LibraryPlatform  # noqa: E402
from seat import Seat  # noqa: E402
from server import App  # noqa: E402
from visitor import Visitor  # noqa: E402

RESPONSES = {
    "accepted": 40,
    "accepted slowly": 8,
    "accepted, connection reset": 5,
    "accepted, response cut off": 4,
    "accepted, no response": 3,
    "accepted, status 500": 4,
    "connection reset": 8,
    "no response": 4,
    "status 500": 8,
    "status 401": 6,
    "status 429": 10,
}

# Of requests for tokens.
TOKEN_RESPONSES = {
    "accepted": 70,
    "accepted slowly": 8,
    "accepted, response cut off": 3,
    "connection reset": 5,
    "no response": 2,
    "status 500": 6,
    "status 429": 6,
}

# In seconds after the first grade: the platform denies the scope of scores. It grants it again when
# it has refused a grade.
DENIED = 4.0

# In seconds between two moments when the platform ends all tokens.
TOKEN_LIFE = 1.5

TOOLS = """
[gateway]
secret = "{secret}"
outcome_hosts = ["127.0.0.1"]
{gateway}

[platforms.library]
issuer = "@KEYSETS@/library"
auth_url = "@KEYSETS@/library/auth?a=b"
token_url = "@LMS@@TOKEN@"
jwks_url = "@KEYSETS@/library/jwks"
client_id = "library-client"

[tools.exercise]
upstream = "{app}"
grades = true
timeout = "{timeout}"
platforms = "library"
"""


def learners(
    gateway: Gateway, front: FaultyFront, keysets: KeysetServer, seed: int
) -> list[Learner]:
    """Launches all learners."""
    platform = LibraryPlatform(keysets)
    line_item = f"{front.lms.origin}{LINE_ITEM}{QUERY}"
    found = []
    for number in range(LEARNERS):
        person = Person13(
            f"ags-learner-{number:08}",
            name=f"Peregrine-{number} Abernathy-{number}",
            email=f"abernathy-{number}@people.example",
            username=f"abernathy_{number}",
        )
        gateway.forbid(person.user_id, *person.personal_values(), *person.name.split())
        course = Course(
            gateway.launch_url(),
            f"{gateway.origin}/~login",
            person=person,
            prepare=lambda launch: launch.set_ags(f"{line_item}s", line_item),
        )
        visitor = Visitor(gateway.port)
        url = visitor.log_in(visitor.get(platform.preflight_url(course)))
        url, fields = platform.response(course, url)
        gateway.forbid(fields["id_token"], fields["state"])
        entry = visitor.post(url, fields)
        assert entry.status == 303, f"{entry.status}; {gateway.log()}"
        door = visitor.get(entry.location)
        assert visitor.get(door.location).status == 200, gateway.log()
        gateway.forbid(*visitor.cookies.values())
        _, headers = gateway.app.arrived[-1]
        token = headers["X-LTI-Grade-Token"]
        assert token, f"the launch accepts no grade; {gateway.log()}"
        gateway.forbid(token, headers["X-LTI-Assertion"])
        seat = Seat(gateway, token, headers["X-LTI-Assertion"])
        found.append(Learner(number, person.user_id, seat, seed))
    return found


def queue(gateway: Gateway) -> list[str]:
    """The lines of `lti-gateway grades` about grades that are not finished."""
    listed = gateway.grades()
    if listed.startswith(NOTHING):
        return []
    lines = [line for line in listed.splitlines()[1:] if line.strip()]
    return [line for line in lines if line.split()[3] != "refused"]


def deny_and_end(platform: AgsPlatform, everybody: list[Learner], is_over: Event) -> None:
    """Ends tokens now and then, and denies the scope once."""
    began = time.monotonic()
    while not is_over.wait(0.25):
        age = time.monotonic() - began
        is_refused = any(learner.refused for learner in everybody)
        platform.grants_scores = age < DENIED or is_refused
        if not platform.grants_scores or age % TOKEN_LIFE < 0.25:
            platform.end_tokens()
    platform.grants_scores = True


def faults(
    everybody: list[Learner], front: FaultyFront, states_of: dict[int, dict[int, str]]
) -> list[str]:
    """The violated guarantees. The states are those of the queued grades, by learner."""
    said = []
    for learner in everybody:
        states = states_of[learner.number]
        for at, state in states.items():
            if state not in ("delivered", "superseded", "refused"):
                said.append(f"learner {learner.number}: grade {at} was queued, and is now {state}")
        # The newest grade that the platform has not refused.
        delivered = [at for at in learner.answered if states.get(at, "delivered") == "delivered"]
        taken = learner.numbers(front.lms.taken)
        if taken[-1:] != delivered[-1:]:
            said.append(
                f"learner {learner.number}: delivered {delivered}, in the gradebook {taken}, {states}"
            )
        if states.get(learner.answered[-1]) == "superseded":
            said.append(f"learner {learner.number}: the newest grade is superseded")
        if taken != sorted(taken):
            said.append(f"learner {learner.number}: an older grade overtook a newer one: {taken}")
        if None in learner.numbers(front.arrived):
            said.append(f"learner {learner.number}: a grade arrived that was never sent")
        said += [f"learner {learner.number}: {unexpected}" for unexpected in learner.unexpected]
    return said


def main() -> int:
    if len(sys.argv) not in (2, 3):
        print("usage: ags_faults.py BINARY [SEED]", file=sys.stderr)
        return 2
    binary = Path(sys.argv[1]).resolve()
    seed = int(sys.argv[2]) if len(sys.argv) == 3 else secrets.randbelow(1_000_000)
    print(f"seed {seed}", flush=True)
    began = time.monotonic()
    is_up, is_over = Event(), Event()
    is_up.set()
    kinds = Faults(RESPONSES, general=TOKEN_RESPONSES, silence=2)
    with App() as app, KeysetServer() as keysets, FaultyFront(seed, kinds, AgsPlatform) as front:
        tools = TOOLS
        for name, value in {
            "KEYSETS": keysets.origin,
            "LMS": front.lms.origin,
            "TOKEN": TOKEN,
        }.items():
            tools = tools.replace(f"@{name}@", value)
        platform: AgsPlatform = front.lms
        with Gateway(binary, app, 'state = "./state"', timeout="1s", tools=tools) as gateway:
            keyset = f"{gateway.origin}/.well-known/jwks/library.json"
            platform.keys = jwt.PyJWKClient(keyset, cache_jwk_set=True, lifespan=3600)
            # The platform fetches the keyset before the gateway crashes.
            platform.keys.get_jwk_set()
            everybody = learners(gateway, front, keysets, seed)
            with ThreadPoolExecutor(LEARNERS + 2) as pool:
                killer = pool.submit(kill_at_random, gateway, is_up, is_over, seed)
                denier = pool.submit(deny_and_end, platform, everybody, is_over)
                works = [pool.submit(work, learner, is_up, is_over) for learner in everybody]
                failed = [str(one.exception()) for one in works if one.exception()]
                is_over.set()
            if killer.exception() or denier.exception():
                print(
                    f"the gateway did not start again: {killer.exception() or denier.exception()}"
                )
                return 1
            crashes = killer.result()
            # Queued grades must survive one more crash.
            restart(gateway)
            front.stop_faults()
            recovered = time.monotonic()
            # A delivered grade is still queued if the response was lost.
            while queue(gateway) and time.monotonic() < recovered + TIMEOUT:
                time.sleep(0.2)
            states = {
                learner.number: {at: learner.state(at) for at in learner.queued}
                for learner in everybody
            }
            failed += faults(everybody, front, states)
            failed += [f"`lti-gateway grades` lists: {line}" for line in queue(gateway)]
            gateway.forbid(SECRET, *platform.issued)
            for learner in everybody:
                gateway.forbid(*(digits for digits, _ in learner.sent))
            failed += [f"the log has {said}" for said in gateway.leaks()]
    missed = [
        response for response in {*RESPONSES, *TOKEN_RESPONSES} if not front.responses[response]
    ]
    failed += [f"no {response!r} occurred: the run is too short" for response in missed]
    queued = sum(len(learner.queued) for learner in everybody)
    refused = sum(len(learner.refused) for learner in everybody)
    dead = sum(list(each.values()).count("refused") for each in states.values())
    answered = sum(len(learner.answered) for learner in everybody)
    sent = sum(len(learner.sent) for learner in everybody)
    failed += (
        [] if refused or dead else ["no grade was refused for its scope: the run is too short"]
    )
    tokens, scores = len(platform.issued), platform.answers["scores 200"]
    print(f"grades: {sent} sent, {answered} with a response, {queued} queued")
    print(f"without the scope: {refused} grades refused at once, {dead} queued ones refused")
    print(f"the gateway: {crashes + 1} crashes, {tokens} tokens for {scores} accepted scores")
    print(f"the platform: {dict(front.responses.most_common())} {dict(platform.answers)}")
    passed = "no grade was lost, and no older grade overtook a newer one"
    print("\n".join(["", *failed]) if failed else passed)
    recovery = time.monotonic() - recovered
    print(f"{recovered - began:.0f} s of faults, then {recovery:.0f} s until every grade arrived")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

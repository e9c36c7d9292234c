"""Uses the services of real platforms: grades, members and links.

    python tests/real_input/advantage.py target/debug/lti-gateway [WORD]

Open edX's own code serves its URLs of LTI 1.3 from a database; lti1p3platform and oauthlib are the
other platforms. With a word, it runs the cases whose sentence contains it. `GATEWAY_LOG` names a
file for the log. The last line of the output is `N passed, N failed`.
"""

import os
import sys
from pathlib import Path

sys.dont_write_bytecode = True
TESTS = Path(__file__).resolve().parents[1]
# Modules of this directory have precedence over modules of the other tests.
sys.path += [str(TESTS), str(TESTS / "examples")]

import content_item_cases  # noqa: E402
import course_staff_cases  # noqa: E402
import edx_grades_cases  # noqa: E402
import edx_links_cases  # noqa: E402
import edx_members_cases  # noqa: E402
import library_services_cases  # noqa: E402
import registration_cases  # noqa: E402
from advantage_gateway import AdvantageGateway  # noqa: E402
from case import Case, conclude  # noqa: E402

LAST = Case(
    "the log has no secret, token, signature, name, email, user id, score or message with a person",
    AdvantageGateway.assert_private,
)


def main() -> int:
    if len(sys.argv) not in (2, 3):
        print("usage: advantage.py BINARY [WORD]", file=sys.stderr)
        return 2
    word = sys.argv[2] if len(sys.argv) == 3 else ""
    cases = (
        edx_grades_cases.cases
        + edx_members_cases.cases
        + edx_links_cases.cases
        + library_services_cases.cases
        + course_staff_cases.cases
        + content_item_cases.cases
        + registration_cases.cases
    )
    with AdvantageGateway(Path(sys.argv[1]).resolve()) as gateway:
        chosen = [case for case in cases if word in case.sentence]
        results = [case.passes(gateway) for case in [*chosen, LAST]]
        if file := os.environ.get("GATEWAY_LOG"):
            Path(file).write_text(gateway.log())
        return conclude(results)


if __name__ == "__main__":
    sys.exit(main())

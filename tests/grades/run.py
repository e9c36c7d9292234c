"""Sends grades through the gateway to edX's own code, and runs the examples of docs/grades.md.

    python tests/grades/run.py target/debug/lti-gateway

The program of examples/adder must be in the same directory. The last line is `N passed, N failed`.
"""

import sys
from pathlib import Path

sys.dont_write_bytecode = True
# Modules of this directory have precedence over modules of the other tests.
TESTS = Path(__file__).resolve().parents[1]
sys.path += [str(TESTS), str(TESTS / "examples"), str(TESTS / "real_input")]

import adder_cases  # noqa: E402
import edx_cases  # noqa: E402
import page_cases  # noqa: E402
import upgrade_cases  # noqa: E402
from case import Case, conclude  # noqa: E402
from stage import Stage  # noqa: E402


def reveals_nothing(stage: Stage) -> None:
    found = stage.gateway.leaks()
    assert not found, f"the output contains {found}"


LAST = Case(
    "the output contains no secret, token, signature, name, user id, sourcedid or comment",
    reveals_nothing,
)


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: run.py BINARY", file=sys.stderr)
        return 2
    with Stage(Path(sys.argv[1]).resolve()) as stage:
        cases = edx_cases.cases + page_cases.cases + adder_cases.cases + upgrade_cases.cases
        return conclude([case.passes(stage) for case in [*cases, LAST]])


if __name__ == "__main__":
    sys.exit(main())

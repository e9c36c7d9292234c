"""Checks the files for servers and containers, and launches through nginx and Caddy.

    python tests/deploy/run.py target/release/lti-gateway

The program must be a release build: a debug build is always in development. The last line of the
output is `N passed, N failed`.
"""

import sys
from pathlib import Path

sys.dont_write_bytecode = True
tests = Path(__file__).resolve().parents[1]
sys.path += [str(tests), str(tests / "docs"), str(tests / "examples"), str(tests / "soak")]

import container_cases  # noqa: E402
import front_cases  # noqa: E402
import page_cases  # noqa: E402
import service_cases  # noqa: E402
import workflow_cases  # noqa: E402
from case import conclude  # noqa: E402
from stage import Stage  # noqa: E402


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: run.py BINARY", file=sys.stderr)
        return 2
    with Stage(Path(sys.argv[1]).resolve()) as stage:
        cases = [
            *container_cases.cases,
            *service_cases.cases,
            *workflow_cases.cases,
            *page_cases.cases,
            *front_cases.cases,
        ]
        return conclude([case.passes(stage) for case in cases])


if __name__ == "__main__":
    sys.exit(main())

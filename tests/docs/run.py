"""Runs the commands of README.md and docs/ with the built programs.

    python tests/docs/run.py target/debug/lti-gateway target/release/lti-gateway

The last line of the output is `N passed, N failed`.
"""

import signal
import sys
from pathlib import Path

sys.dont_write_bytecode = True
TESTS = Path(__file__).resolve().parents[1]
sys.path += [str(TESTS), str(TESTS / "examples")]

import pages  # noqa: E402
from cases import cases  # noqa: E402
from case import conclude  # noqa: E402


def main() -> int:
    if len(sys.argv) != 3:
        print("usage: run.py DEBUG-BINARY RELEASE-BINARY", file=sys.stderr)
        return 2
    # A shell starts background jobs with SIGINT ignored, and their children inherit that. The cases
    # end programs with SIGINT.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    debug, release = (Path(path).resolve() for path in sys.argv[1:])
    return conclude(
        [case.passes(None) for case in pages.cases]
        + [case.passes(release, debug.parent) for case in cases]
    )


if __name__ == "__main__":
    sys.exit(main())

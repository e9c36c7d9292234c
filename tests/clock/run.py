"""Sets the clock of the built program while it runs, with Debian's libfaketime.

    python tests/clock/run.py target/release/lti-gateway

A debug build runs in development mode, a release build in production mode. Takes less than a
minute. The last line is `N passed, N failed`.
"""

import sys
from pathlib import Path

sys.dont_write_bytecode = True
# Modules of this directory have precedence over modules of the other tests.
TESTS = Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / name) for name in (".", "grades", "examples", "real_input")]

from case import Case, conclude  # noqa: E402
from cases import cases  # noqa: E402
from clocked import Scene  # noqa: E402


def passes(case: Case, binary: Path) -> bool:
    """Runs a case with a new gateway."""

    def check(binary: Path) -> None:
        with Scene(binary) as scene:
            case.check(scene)

    return Case(case.sentence, check).passes(binary)


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: run.py BINARY", file=sys.stderr)
        return 2
    binary = Path(sys.argv[1]).resolve()
    return conclude([passes(case, binary) for case in cases])


if __name__ == "__main__":
    sys.exit(main())

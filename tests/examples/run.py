"""Compares docs/upstreams.md with the gateway: programs, tables and code blocks.

    python tests/examples/run.py target/debug/lti-gateway

The programs verify assertions of real launches, and forged ones. The last line of the output is
`N passed, N failed`.
"""

import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.append(str(Path(__file__).resolve().parents[1]))

import page_cases  # noqa: E402
import program_cases  # noqa: E402
import tls_cases  # noqa: E402
from case import conclude  # noqa: E402
from stage import Stage  # noqa: E402


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: run.py BINARY", file=sys.stderr)
        return 2
    with Stage(Path(sys.argv[1]).resolve()) as stage:
        cases = page_cases.cases + program_cases.cases + tls_cases.cases
        return conclude([case.passes(stage) for case in cases])


if __name__ == "__main__":
    sys.exit(main())

"""Launches the gateway with what platforms really send.

    python tests/real_input/run.py target/debug/lti-gateway

The platforms' own code signs (Open edX's LTI block; oauthlib and python-oauth2, which others use), over HTTP,
to the built program; a library reads what platforms import. Closes with the line `N passed, N failed`.
"""

import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.append(str(Path(__file__).resolve().parents[1]))

import cartridge_cases  # noqa: E402
import edx_cases  # noqa: E402
import explain_cases  # noqa: E402
import oauth_cases  # noqa: E402
import public_url_cases  # noqa: E402
from case import Case, conclude  # noqa: E402
from gateway import Gateway  # noqa: E402


def keeps_secrets(gateway: Gateway) -> None:
    said = gateway.indiscretions()
    assert not said, f"it said {said}"


def stops(gateway: Gateway) -> None:
    code = gateway.stop()
    assert code == 0, f"exit code {code}"


LAST = [
    Case(
        "its output holds no secret, signature, cookie, name or e-mail of any of these launches",
        keeps_secrets,
    ),
    Case("it stops with exit code 0 when told to", stops),
]


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: run.py BINARY", file=sys.stderr)
        return 2
    binary = Path(sys.argv[1]).resolve()
    results = []
    for cases, settings in [
        (edx_cases.cases + oauth_cases.cases + explain_cases.cases, {}),
        (public_url_cases.cases + cartridge_cases.cases, public_url_cases.SETTINGS),
    ]:
        with Gateway(binary, **settings) as gateway:
            results += [case.passes(gateway) for case in [*cases, *LAST]]
    return conclude(results)


if __name__ == "__main__":
    sys.exit(main())

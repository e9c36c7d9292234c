"""Launches tools with the code of real platforms.

    python tests/real_input/run.py target/debug/lti-gateway

Open edX's LTI block, oauthlib and python-oauth2 sign launches, which go to the built program over
HTTP. Open edX's consumer and lti1p3platform launch by LTI 1.3. PyJWT and jwcrypto use the keysets. A
library of platforms reads the cartridges. The last line of the output is `N passed, N failed`.
"""

import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.append(str(Path(__file__).resolve().parents[1]))

import cartridge_cases  # noqa: E402
import edx13_cases  # noqa: E402
import edx_cases  # noqa: E402
import explain_cases  # noqa: E402
import keyset_cases  # noqa: E402
import oauth_cases  # noqa: E402
import platform13_cases  # noqa: E402
import public_url_cases  # noqa: E402
from case import Case, conclude  # noqa: E402
from gateway import Gateway  # noqa: E402
from platform_gateway import OTHER_SECRET, SECRET, PlatformGateway  # noqa: E402


def keeps_secrets(gateway: Gateway) -> None:
    leaks = gateway.leaks()
    assert not leaks, f"the log contains {leaks}"


def stops(gateway: Gateway) -> None:
    code = gateway.stop()
    assert code == 0, f"exit code {code}"


LAST = [
    Case(
        "the log contains no secret, signature, cookie, name or email of these launches",
        keeps_secrets,
    ),
    Case("SIGTERM stops the gateway with exit code 0", stops),
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
    for cases, secrets in [
        (edx13_cases.cases + platform13_cases.cases + keyset_cases.cases, [SECRET]),
        (keyset_cases.rotation_cases, [OTHER_SECRET, SECRET]),
    ]:
        with PlatformGateway(binary, secrets, CANVAS_PEM=keyset_cases.CANVAS_PEM) as gateway:
            results += [case.passes(gateway) for case in [*cases, *LAST]]
    return conclude(results)


if __name__ == "__main__":
    sys.exit(main())

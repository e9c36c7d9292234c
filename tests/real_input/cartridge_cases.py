"""Validates cartridges with the standard's schema, and reads them with a library of platforms."""

from pathlib import Path

from case import Cases
from gateway import Gateway
from lti import ToolConfig
from lxml import etree
from public_url_cases import PUBLIC_URL

SCHEMA = etree.RelaxNG(file=Path(__file__).parent / "cartridge.rng")

cases = Cases()


def cartridge_of(gateway: Gateway, tool: str) -> bytes:
    # The `Host` that a proxy in front sends to the gateway.
    host = {"Host": f"localhost:{gateway.port}"}
    status, headers, body = gateway.ask("GET", f"/tools/{tool}/config.xml", host)
    assert status == 200, f"{status}, expected 200"
    assert headers["Content-Type"] == "application/xml", headers["Content-Type"]
    return body


@cases.each(
    "the cartridge is valid by the schema of Common Cartridge", ("open", "staff", "odd", "hosted")
)
def valid(gateway, tool):
    document = etree.fromstring(cartridge_of(gateway, tool))
    assert SCHEMA.validate(document), SCHEMA.error_log
    # The schema rejects an invalid document.
    document.remove(document.find("{*}title"))
    assert not SCHEMA.validate(document), "a cartridge without a title is valid"


def read(gateway: Gateway, tool: str) -> dict:
    """The values that the library finds, without the empty ones."""
    config = vars(ToolConfig.create_from_xml(cartridge_of(gateway, tool)))
    [(platform, extensions)] = config.pop("extensions").items()
    return {name: value for name, value in config.items() if value} | {platform: dict(extensions)}


@cases.case("a library reads title, description and URL character for character")
def odd(gateway):
    url = f"{PUBLIC_URL}/a&b='c'/quiz"
    icon = f"{PUBLIC_URL}/static/odd.svg"
    found, expected = (
        read(gateway, "odd"),
        {
            "title": "Ünï & <b>\"quoted\"</b> 'x' ]]> 👩‍🚀",
            "description": "<!-- & --> &amp;",
            "launch_url": url,
            "secure_launch_url": url,
            "icon": icon,
            "secure_icon": icon,
            "vendor_code": "lti-gateway",
            "vendor_name": "tools.example",
            "canvas.instructure.com": {"tool_id": "odd", "privacy_level": "name_only"},
        },
    )
    assert found == expected, found


@cases.case("a library reads the domain and the privacy level of a tool with its own host")
def hosted(gateway):
    icon = "https://pictures.example/icon?a=1&b=2"
    found, expected = (
        read(gateway, "hosted"),
        {
            "title": "Hosted",
            "launch_url": "https://hosted.example/",
            "secure_launch_url": "https://hosted.example/",
            "icon": icon,
            "secure_icon": icon,
            "vendor_code": "lti-gateway",
            "vendor_name": "tools.example",
            "canvas.instructure.com": {
                "tool_id": "hosted",
                "privacy_level": "public",
                "domain": "hosted.example",
            },
        },
    )
    assert found == expected, found

"""Open edX's own consumer of LTI 1.3 (lti-consumer-xblock), unchanged.

It writes the login and signs the launch. The tests provide what edX's database has: passports,
configurations and the data of a launch.
"""

from dataclasses import dataclass, field

import edx  # noqa: F401  The settings of Django, which the consumer reads.
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from keyset_server import KeysetServer
from lti_consumer.data import Lti1p3LaunchData
from lti_consumer.lti_1p3.consumer import LtiAdvantageConsumer
from lti_consumer.lti_1p3.key_handlers import PlatformKeyHandler
from lti_consumer.utils import get_lti_1p3_context_types_claim
from visitor import query_of

CONTEXT_ID = "course-v1:UniX+CS-101+2026_T1"
DEPLOYMENT_ID = "1"


def new_key() -> str:
    """A private key as PEM, as edX makes one for each passport."""
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()


@dataclass
class Passport:
    """What blocks share: client, key and keyset URL. It is a row of edX's database."""

    client_id: str
    keyset_path: str
    key_id: str = "8d1f6a0e-2c2b-4d4b-9f55-1c7a54c2f0f1"
    key: str = field(default_factory=new_key, repr=False)


@dataclass
class Person13:
    user_id: str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
    role: str | None = "student"
    name: str | None = "Filippa Quillfeather"
    email: str | None = "filippa@quillfeather.example"
    username: str | None = "filippa_q"

    def personal_values(self) -> list[str]:
        named = [self.name, self.email, self.username]
        return [value for value in named if value]


@dataclass
class Block13:
    """An LTI 1.3 block in a course."""

    site: "EdxSite"
    passport: Passport
    launch_url: str
    login_url: str
    person: Person13 = field(default_factory=Person13)
    resource_link_id: str = edx.RESOURCE_LINK_ID
    config_id: str = "6e0f4d0c-0b3e-4f0b-8a1f-6d1c5f0e7a11"
    context_id: str | None = CONTEXT_ID
    context_types: list[str] | None = field(default_factory=lambda: ["course_offering"])
    context_title: str | None = "UniX - Introduction to Testing"
    context_label: str | None = CONTEXT_ID
    custom: dict = field(default_factory=dict)
    return_url: str | None = None
    message_type: str = "LtiResourceLinkRequest"
    # The gateway's keyset, which edX fetches.
    tool_keyset_url: str | None = None
    # The URL of deep linking, in whose redirect URIs edX has it, too.
    deep_linking_url: str | None = None
    # A picked item: its URL and its custom parameters take the place of the block's.
    item: tuple[str, dict] | None = None
    # Orders the roles, which edX sends in any order.
    ordered_roles: list[str] | None = None
    has_grades: bool = True

    def __post_init__(self):
        redirect_uris = [self.launch_url, self.deep_linking_url or self.launch_url]
        self.consumer = LtiAdvantageConsumer(
            iss=self.site.issuer,
            lti_oidc_url=self.login_url,
            lti_launch_url=self.launch_url,
            client_id=self.passport.client_id,
            deployment_id=DEPLOYMENT_ID,
            rsa_key=self.passport.key,
            rsa_key_id=self.passport.key_id,
            redirect_uris=redirect_uris,
            tool_keyset_url=self.tool_keyset_url,
        )
        base = f"{self.site.issuer}/api/lti_consumer/v1/lti/5"
        if self.has_grades:
            self.consumer.enable_ags(f"{base}/lti-ags", f"{base}/lti-ags/1", True)
            self.consumer.enable_nrps(f"{base}/memberships")
        if self.deep_linking_url:
            self.consumer.enable_deep_linking(self.deep_linking_url, f"{base}/lti-dl/response")

    def preflight_url(self) -> str:
        """The URL of the login, to which edX redirects the browser."""
        self.data = Lti1p3LaunchData(
            user_id="23",
            external_user_id=self.person.user_id,
            user_role=self.person.role,
            config_id=self.config_id,
            resource_link_id=self.resource_link_id,
            preferred_username=self.person.username,
            name=self.person.name,
            email=self.person.email,
            launch_presentation_document_target="iframe",
            launch_presentation_return_url=self.return_url,
            message_type=self.message_type,
            context_id=self.context_id,
            context_type=self.context_types,
            context_title=self.context_title,
            context_label=self.context_label,
            custom_parameters=self.custom,
        )
        return self.consumer.prepare_preflight_url(self.data)

    def response(self, url: str) -> tuple[str, dict[str, str]]:
        """Responds to the gateway's redirect as edX's `launch_gate_endpoint` does: the URL and the
        form of the launch."""
        assert url.partition("?")[0] == self.site.auth_url, url
        query = query_of(url)
        person, data, consumer = self.person, self.data, self.consumer
        assert query["login_hint"] == person.user_id, query
        consumer.set_user_data(
            user_id=data.external_user_id,
            role=data.user_role,
            full_name=data.name,
            email_address=data.email,
            preferred_username=data.preferred_username,
        )
        if self.ordered_roles is not None:
            claims = consumer.lti_claim_user_data
            roles = "https://purl.imsglobal.org/spec/lti/claim/roles"
            assert sorted(self.ordered_roles) == sorted(claims[roles]), claims[roles]
            claims[roles] = self.ordered_roles
        consumer.set_resource_link_claim(data.resource_link_id)
        consumer.set_launch_presentation_claim(
            document_target=data.launch_presentation_document_target,
            return_url=data.launch_presentation_return_url,
        )
        types = data.context_type and get_lti_1p3_context_types_claim(data.context_type)
        consumer.set_context_claim(data.context_id, types, data.context_title, data.context_label)
        if data.custom_parameters:
            consumer.set_custom_parameters(data.custom_parameters)
        if self.item:
            consumer.set_dl_content_launch_parameters(*self.item)
        return query["redirect_uri"], consumer.generate_launch_request(query)


class EdxSite:
    """An Open edX with two passports. The gateway knows their client ids and keysets."""

    def __init__(self, keysets: KeysetServer):
        self.issuer = keysets.origin
        self.auth_url = f"{keysets.origin}/api/lti_consumer/v1/launch/"
        base = "/api/lti_consumer/v1/public_keysets"
        self.passport = Passport("0a7c1b3e-5d1e-4b7a-9a57-8f1d2f6f4c11", f"{base}/5c9e")
        self.other_passport = Passport(
            "b4d2f6a0-91c7-4a6b-8f0f-0c8d8b1a2e22", f"{base}/7d1a", "other-key-of-edx"
        )
        for passport in (self.passport, self.other_passport):
            keysets.serve(passport.keyset_path, lambda passport=passport: _keyset(passport))


def _keyset(passport: Passport) -> dict:
    return PlatformKeyHandler(passport.key, passport.key_id).get_public_jwk()

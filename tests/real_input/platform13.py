"""A platform that is made with lti1p3platform, which shares no code with edX's consumer."""

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import serialization
from edx13 import Person13, new_key
from keyset_server import KeysetServer
from lti1p3platform.ltiplatform import LTI1P3PlatformConfAbstract
from lti1p3platform.message_launch import LTIAdvantageMessageLaunchAbstract
from lti1p3platform.oidc_login import OIDCLoginAbstract
from lti1p3platform.registration import Registration
from visitor import query_of

CLIENT_ID = "library-client"
DEPLOYMENT_ID = "library-deployment"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"


class Configuration(LTI1P3PlatformConfAbstract):
    """The one registration of the platform."""

    def init_platform_config(self, registration: Registration) -> None:
        self._registration = registration

    def get_registration_by_params(self, **kwargs) -> Registration:
        return self._registration


class Login(OIDCLoginAbstract):
    def set_lti_message_hint(self, **kwargs) -> None:
        self._lti_message_hint = kwargs["hint"]

    def get_redirect(self, url: str) -> str:
        return url


@dataclass
class Query:
    """What the library reads of a request."""

    get_data: dict[str, str]


class MessageLaunch(LTIAdvantageMessageLaunchAbstract):
    def render_launch_form(self, launch_data, **kwargs) -> tuple[str, dict[str, str]]:
        fields = {name: launch_data[name] for name in ("state", "id_token")}
        return launch_data["launch_url"], fields


@dataclass
class Course:
    """A link to a tool in a course."""

    launch_url: str
    login_url: str
    person: Person13 = field(default_factory=Person13)
    roles: list[str] = field(default_factory=lambda: [f"{MEMBERSHIP}#Learner"])
    # The library sends it back unread. It may have any characters.
    hint: str = '{"cmid":7,"launchid":"a b&c=d"}'
    custom: dict = field(default_factory=dict)
    return_url: str | None = None
    # Changes what the library sends: the services, and more claims.
    prepare: Callable[[MessageLaunch], None] | None = None
    # The launch is a request for links, which go there, with this data.
    links_to: str | None = None
    data: str | None = None
    # The query of the URL of its members.
    members: str = ""


class LibraryPlatform:
    def __init__(self, keysets: KeysetServer):
        self.issuer = f"{keysets.origin}/library"
        self.auth_url = f"{keysets.origin}/library/auth"
        self.key = new_key()
        self.registration = Registration()
        public = self.public_key()
        self.registration.set_iss(self.issuer).set_client_id(CLIENT_ID)
        self.registration.set_deployment_id(DEPLOYMENT_ID)
        self.registration.set_platform_public_key(public).set_platform_private_key(self.key)
        self.configuration = Configuration(registration=self.registration)
        keysets.serve("/library/jwks", self.configuration.get_jwks)

    def public_key(self) -> str:
        key = serialization.load_pem_private_key(self.key.encode(), None).public_key()
        return key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()

    def preflight_url(self, course: Course) -> str:
        self.registration.set_launch_url(course.launch_url)
        self.registration.set_oidc_login_url(course.login_url)
        login = Login(None, self.configuration)
        login.set_lti_message_hint(hint=course.hint)
        return login.initiate_login(course.person.user_id)

    def response(self, course: Course, url: str) -> tuple[str, dict[str, str]]:
        """Responds to the gateway's redirect: the URL and the form of the launch."""
        assert url.partition("?")[0] == self.auth_url, url
        query = query_of(url)
        assert query.pop("a") == "b", "the query of auth_url is lost"
        assert query["lti_message_hint"] == course.hint, query["lti_message_hint"]
        person = course.person
        assert query["login_hint"] == person.user_id, query
        launch = MessageLaunch(Query(query), self.configuration)
        launch.set_user_data(
            person.user_id, course.roles, person.name, person.email, person.username
        )
        launch.set_resource_link_claim("link-1", "Read it & answer", "Week 1: <Units>")
        launch.set_launch_context_claim("course-1", ["CourseSection"], "Größe & Maß", "GM")
        launch.set_launch_presentation_claim("iframe", course.return_url)
        launch.set_custom_parameters_claim(course.custom)
        launch.set_ags(f"{self.issuer}/lineitems", f"{self.issuer}/lineitems/1")
        launch.set_nrps(f"{self.issuer}/members{course.members}")
        if course.links_to:
            self.registration.set_deeplink_launch_url(course.launch_url)
            launch.set_dl(course.links_to, extra_data=course.data)
        if course.prepare:
            course.prepare(launch)
        try:
            return launch.lti_launch()
        finally:
            self.registration.set_deeplink_launch_url(None)

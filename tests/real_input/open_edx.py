"""Open edX with its database and its URLs of LTI 1.3, served over HTTPS.

edX's code is unchanged: models, views, signals, the block, and the page that posts a launch. The
tests provide what edx-platform provides: users and their external ids, courses, the gradebook, and
who may edit a course. TLS ends in front of edX, which therefore writes `http` links.
"""

import http.client
import itertools
import json
import logging
import uuid
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from threading import RLock, Thread
from typing import Self
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import edx
from browser import Form
from certificate import Certificate
from cryptography.hazmat.primitives import serialization
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.test import Client
from edx13 import new_key
from edx_platform.models import ExternalId, UserProfile
from lti_consumer import models
from lti_consumer.api import config_id_for_block, get_lti_1p3_content_url, get_lti_1p3_launch_info
from lti_consumer.exceptions import LtiError
from lti_consumer.lti_1p3.key_handlers import PlatformKeyHandler
from lti_consumer.lti_xblock import LtiConsumerXBlock
from lti_consumer.models import (
    CourseAllowPIISharingInLTIFlag,
    Lti1p3Passport,
    LtiAgsLineItem,
    LtiAgsScore,
    LtiConfiguration,
    LtiDlContentItem,
)
from lti_consumer.plugin import compat
from lti_consumer.utils import get_lti_nrps_context_membership_url
from opaque_keys.edx.keys import CourseKey, UsageKey
from openedx_filters import PipelineStep
from running import TIMEOUT
from xblock.field_data import DictFieldData
from xblock.fields import ScopeIds

# edX's responses contain the reason of a refusal, so its log is not needed.
logging.getLogger("lti_consumer").setLevel(logging.CRITICAL)
logging.getLogger("django").setLevel(logging.CRITICAL)

COURSE = "course-v1:UniX+CS-101+2026_T1"
FILTER = "org.openedx.xblock.lti_consumer.configuration.listed.v1"


@dataclass
class Learner:
    """A user of edX. `role` is edx-platform's name of the role in the course."""

    user: User
    external_id: str
    name: str
    role: str = "student"

    @property
    def email(self) -> str:
        return self.user.email

    def personal_values(self) -> list[str]:
        return [self.external_id, self.name, *self.name.split(), self.email, self.user.username]


@dataclass
class Placement:
    """A block in a course. `fields` are those that an author sets in Studio."""

    usage: UsageKey
    fields: dict
    due: datetime | None = None
    graceperiod: timedelta | None = None

    @property
    def course(self) -> CourseKey:
        return self.usage.course_key


@dataclass
class Published:
    """A grade that edX has published to its gradebook."""

    usage: UsageKey
    user: User
    value: float | None
    maximum: float | None
    comment: str | None = None


@dataclass
class Request:
    """A request of a tool or a browser, and edX's response."""

    method: str
    path: str
    headers: dict[str, str]
    content: bytes
    status: int
    answer: bytes
    sent: dict[str, str] = field(default_factory=dict)


class CourseBlock13(LtiConsumerXBlock):
    """The block, with values that come from edx-platform's database otherwise."""

    course = edx.Course([])
    due = None
    graceperiod = None


class Runtime(edx.LmsRuntime):
    """The runtime of edx-platform: publishes grades."""

    def __init__(self, site: "OpenEdx", learner: Learner | None):
        services = {"rebind_user": self}
        if learner:
            services["user"] = Session(learner)
        super().__init__(site.origin, services)
        self._site = site

    def rebind_noauth_module_to_user(self, block, user) -> None:
        pass

    def publish(self, block, event_type, event_data):
        assert event_type == "grade", event_type
        user = User.objects.get(pk=event_data["user_id"])
        usage = block.scope_ids.usage_id
        published = Published(usage, user, event_data["value"], event_data["max_value"])
        self._site.published.append(published)
        self._site.graded_blocks[id(published)] = block


class Session(edx.LoggedIn):
    """The user service of the runtime."""

    def __init__(self, learner: Learner):
        person = edx.Person(learner.name, learner.email, learner.user.username, learner.role)
        super().__init__(person)
        self._learner = learner

    def get_current_user(self):
        user = super().get_current_user()
        user.opt_attrs["edx-platform.user_id"] = self._learner.user.id
        return user

    def get_external_user_id(self, kind: str) -> str:
        assert kind == "lti", kind
        return self._learner.external_id


class Reusable(PipelineStep):
    """The plugin with the reusable configurations of a school."""

    configurations: dict[str, dict] = {}

    def run_filter(self, context, config_id, configurations):
        return {
            "context": context,
            "config_id": config_id,
            "configurations": {**configurations, **self.configurations},
        }


settings.OPEN_EDX_FILTERS_CONFIG = {
    FILTER: {"fail_silently": False, "pipeline": [f"{__name__}.Reusable"]}
}


class Quiet(WSGIRequestHandler):
    def setup(self):
        # The server thread of one connection at a time does the handshake.
        self.request.settimeout(TIMEOUT)
        self.request.do_handshake()
        super().setup()

    def log_message(self, *_):
        pass


class Server(WSGIServer):
    allow_reuse_address = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # The gateway has closed the connection.


class OpenEdx:
    """One edX per process, because its settings are global."""

    def __init__(self, certificate: Certificate):
        self.published: list[Published] = []
        self.graded_blocks: dict[int, CourseBlock13] = {}
        self.requests: list[Request] = []
        self.members: dict[CourseKey, list[Learner]] = {}
        self.largest_course = 1000
        self.page_size: int | None = None
        self._placements: dict[UsageKey, Placement] = {}
        self._numbers = itertools.count(1)
        # Holds while a view or a test uses the database.
        self._turn = RLock()
        self._server = Server(("127.0.0.1", 0), Quiet)
        self._server.socket = certificate.for_server().wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._tls = certificate.for_client()
        self.origin = f"https://localhost:{self._server.server_port}"
        settings.LMS_ROOT_URL = settings.LTI_BASE = settings.LTI_API_BASE = self.origin
        call_command("migrate", verbosity=0, run_syncdb=True)
        self._provide_platform()
        self._application = get_wsgi_application()
        self._server.set_app(self._respond)

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._server.server_close()

    @contextmanager
    def database(self):
        """A test's access to the database."""
        with self._turn:
            yield

    # What an administrator and an author do.

    def passport(self, passport_id: str, client_id: str, keyset_url: str) -> Lti1p3Passport:
        with self._turn:
            return Lti1p3Passport.objects.create(
                passport_id=uuid.UUID(passport_id),
                lti_1p3_client_id=client_id,
                lti_1p3_internal_private_key=new_key(),
                lti_1p3_internal_private_key_id=str(uuid.uuid4()),
                lti_1p3_tool_keyset_url=keyset_url,
            )

    def keyset_url(self, passport_id: str) -> str:
        """The URL that Studio shows below a block with this passport."""
        return f"{self.origin}/api/lti_consumer/v1/public_keysets/{passport_id}"

    def enroll(self, role: str = "student", course: str = COURSE, **fields) -> Learner:
        """A new user with a role in a course."""
        number = next(self._numbers)
        name = fields.get("name", f"Quentin-{number} Quillfeather-{number}")
        username = fields.get("username", f"quillfeather_{number}")
        email = fields.get("email", f"quillfeather-{number}@members.example")
        with self._turn:
            user = User.objects.create(username=username, email=email)
            UserProfile.objects.create(user=user, name=name)
            external_id = str(ExternalId.objects.create(user=user).external_user_id)
        learner = Learner(user, external_id, name, role)
        self.members.setdefault(CourseKey.from_string(course), []).append(learner)
        return learner

    def share_persons(self, course: str = COURSE) -> None:
        """Lets tools of the course have names and email addresses of its members."""
        with self._turn:
            CourseAllowPIISharingInLTIFlag.objects.create(
                course_id=CourseKey.from_string(course), enabled=True
            )

    def place(
        self, launch_url: str, login_url: str, passport: Lti1p3Passport, **fields
    ) -> Placement:
        """A new block. `fields` override those that a tool needs."""
        course = fields.pop("course", COURSE).removeprefix("course-v1:")
        times = {name: fields.pop(name) for name in ("due", "graceperiod") if name in fields}
        usage = f"block-v1:{course}+type@lti_consumer+block@{next(self._numbers):032x}"
        placement = Placement(
            UsageKey.from_string(usage),
            {
                "display_name": "Exercise",
                "lti_version": "lti_1p3",
                "lti_1p3_launch_url": launch_url,
                "lti_1p3_oidc_url": login_url,
                "lti_1p3_tool_key_mode": "keyset_url",
                "lti_1p3_tool_keyset_url": passport.lti_1p3_tool_keyset_url,
                "lti_1p3_passport_id": str(passport.passport_id),
                "has_score": True,
                "ask_to_send_username": True,
                "ask_to_send_full_name": True,
                "ask_to_send_email": True,
                **fields,
            },
            **times,
        )
        self._placements[placement.usage] = placement
        return placement

    def store_configuration(self, placement: Placement, passport: Lti1p3Passport, ags: str) -> None:
        """Moves the block's configuration to the database, with all services."""
        placement.fields |= {"config_type": "database"}
        launch_url = placement.fields["lti_1p3_launch_url"]
        with self._turn:
            LtiConfiguration.objects.create(
                location=placement.usage,
                version=LtiConfiguration.LTI_1P3,
                config_store=LtiConfiguration.CONFIG_ON_DB,
                lti_1p3_passport=passport,
                lti_1p3_oidc_url=placement.fields["lti_1p3_oidc_url"],
                lti_1p3_launch_url=launch_url,
                lti_advantage_enable_nrps=True,
                lti_advantage_deep_linking_enabled=True,
                lti_advantage_deep_linking_launch_url=launch_url,
                lti_advantage_ags_mode=ags,
            )

    def reuse(self, slug: str, client_id: str, launch_url: str, login_url: str, **fields) -> str:
        """Adds a reusable configuration of the school. Returns its id."""
        key = PlatformKeyHandler(new_key(), str(uuid.uuid4()))
        pem = key.key.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        Reusable.configurations[f"school:{slug}"] = {
            "version": LtiConfiguration.LTI_1P3,
            "lti_1p3_client_id": client_id,
            "lti_1p3_private_key": pem.decode(),
            "lti_1p3_private_key_id": key.key.key_id,
            "lti_1p3_public_jwk": key.get_public_jwk(),
            "lti_1p3_launch_url": launch_url,
            "lti_1p3_oidc_url": login_url,
            "lti_advantage_ags_mode": LtiConfiguration.LTI_ADVANTAGE_AGS_DECLARATIVE,
            "lti_advantage_enable_nrps": True,
            **fields,
        }
        return f"school:{slug}"

    def renew_key(self, passport: Lti1p3Passport) -> None:
        """Replaces edX's key of a passport, which ends the tokens that it has signed."""
        with self._turn:
            Lti1p3Passport.objects.filter(pk=passport.pk).update(
                lti_1p3_internal_private_key=new_key(),
                lti_1p3_internal_private_key_id=str(uuid.uuid4()),
                lti_1p3_internal_public_jwk="",
            )

    def store_scores(self, placement: Placement, learners: list[Learner], score: float) -> None:
        """Stores a score of each learner, as another run of the tool did."""
        [column] = self.columns(placement)
        with self._turn:
            for learner in learners:
                LtiAgsScore.objects.create(
                    line_item=column,
                    timestamp=datetime.now(UTC),
                    score_given=score,
                    score_maximum=1,
                    comment=f"for {learner.name}",
                    activity_progress=LtiAgsScore.COMPLETED,
                    grading_progress=LtiAgsScore.FULLY_GRADED,
                    user_id=learner.external_id,
                )

    def configuration(self, placement: Placement) -> LtiConfiguration:
        with self._turn:
            config_id = config_id_for_block(self._block(placement.usage))
            return LtiConfiguration.objects.get(config_id=config_id)

    # What a browser does.

    def launch_url(self, placement: Placement, learner: Learner) -> str:
        """The URL to which the block's page sends the browser."""
        with self._turn:
            block = self._block(placement.usage, learner)
            return get_lti_1p3_content_url(block.get_lti_1p3_launch_data())

    def deep_linking_url(self, placement: Placement, learner: Learner) -> str:
        """The URL of the link below the block in Studio."""
        with self._turn:
            block = self._block(placement.usage, learner)
            return get_lti_1p3_launch_info(block.get_lti_1p3_launch_data())[
                "deep_linking_launch_url"
            ]

    def form(self, url: str) -> Form:
        """The launch in edX's response to the gateway's redirect."""
        status, _, page = self.ask("GET", url)
        assert status == 200, f"{status} from edX: {page}"
        return Form.from_page(page)

    def log_in(self, learner: Learner) -> dict[str, str]:
        """The cookie header of a browser with a session at edX."""
        with self._turn:
            client = Client()
            client.force_login(learner.user)
        return {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}

    def ask(
        self, method: str, url: str, headers: Mapping[str, str] = {}, content: str | None = None
    ) -> tuple[int, http.client.HTTPMessage, str]:
        parts = urlsplit(url)
        assert f"{parts.scheme}://{parts.netloc}" == self.origin, f"{url} is not at {self.origin}"
        port = self._server.server_port
        connection = http.client.HTTPSConnection(
            "localhost", port, context=self._tls, timeout=TIMEOUT
        )
        try:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, content, dict(headers))
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()
        finally:
            connection.close()

    # What edX has stored.

    def grade(self, placement: Placement, learner: Learner) -> Published | None:
        """The newest published grade."""
        found = [
            each
            for each in self.published
            if each.usage == placement.usage and each.user == learner.user
        ]
        for each in found:
            each.comment = self.graded_blocks[id(each)].score_comment
        return found[-1] if found else None

    def scores(self, placement: Placement, learner: Learner) -> list[LtiAgsScore]:
        """The learner's rows of the service, of all columns of the block."""
        with self._turn:
            columns = LtiAgsLineItem.objects.filter(resource_link_id=placement.usage)
            scores = LtiAgsScore.objects.filter(line_item__in=columns, user_id=learner.external_id)
            return list(scores)

    def columns(self, placement: Placement) -> list[LtiAgsLineItem]:
        with self._turn:
            return list(LtiAgsLineItem.objects.filter(resource_link_id=placement.usage))

    def items(self, placement: Placement) -> list[LtiDlContentItem]:
        """What an author has picked for this block."""
        configuration = self.configuration(placement)
        with self._turn:
            return list(LtiDlContentItem.objects.filter(lti_configuration=configuration))

    def requested(self, end: str) -> list[Request]:
        """The requests whose path, without query, ends so."""
        return [each for each in self.requests if each.path.partition("?")[0].endswith(end)]

    def access_tokens(self) -> list[str]:
        """All tokens that edX has issued."""
        answers = [each.answer for each in self.requests if "/v1/token/" in each.path]
        return [json.loads(answer).get("access_token", "") for answer in answers]

    # edx-platform.

    def _provide_platform(self) -> None:
        # edX pages only if the URL has a limit, and other platforms always.
        models.get_lti_nrps_context_membership_url = self._members_url
        compat.load_enough_xblock = self._block
        compat.save_xblock = lambda block: None
        compat.load_block_as_user = self._block
        compat.get_user_from_external_user_id = self._user
        compat.batch_get_or_create_externalids = lambda users: {
            user.id: ExternalId.objects.get(user=user) for user in users
        }
        compat.get_course_members = self._course_members
        compat.get_course_by_id = lambda key: edx.Course([])
        compat.user_has_studio_write_access = self._may_edit
        compat.user_course_access = compat.user_has_access = lambda *_, **__: True

    def _block(self, location: UsageKey, learner: Learner | None = None) -> CourseBlock13:
        if isinstance(location, str):
            location = UsageKey.from_string(location)
        placement = self._placements[location]
        scope_ids = ScopeIds("user", "lti_consumer", location, location)
        block = CourseBlock13(
            Runtime(self, learner), DictFieldData(dict(placement.fields)), scope_ids
        )
        block.due, block.graceperiod = placement.due, placement.graceperiod
        return block

    def _members_url(self, configuration_id: int) -> str:
        url = get_lti_nrps_context_membership_url(configuration_id)
        return f"{url}?limit={self.page_size}" if self.page_size else url

    def _user(self, external_id: str) -> User:
        try:
            return ExternalId.objects.get(external_user_id=external_id).user
        except ExternalId.DoesNotExist as error:
            raise LtiError("Invalid User") from error
        except ValidationError as error:
            raise LtiError("Invalid userID") from error

    def _course_members(self, course: CourseKey) -> dict[int, dict]:
        members = self.members.get(course, [])
        if len(members) > self.largest_course:
            raise LtiError(f"NRPS is not available for {course}")
        return {
            each.user.id: {
                "id": each.user.id,
                "username": each.user.username,
                "email": each.email,
                "name": each.name,
                "enrollment_mode": "audit",
                "roles": [each.role],
            }
            for each in members
        }

    def _may_edit(self, user: User, course: CourseKey) -> bool:
        staff = [
            each for each in self.members.get(course, []) if each.role in ("staff", "instructor")
        ]
        return user in [each.user for each in staff]

    def _respond(self, environ: dict, start_response) -> list[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        content = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = BytesIO(content)
        query = environ.get("QUERY_STRING")
        path = environ["PATH_INFO"] + (f"?{query}" if query else "")
        headers = {
            name[5:].replace("_", "-").title(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        headers["Content-Type"] = environ.get("CONTENT_TYPE", "")
        seen = Request(environ["REQUEST_METHOD"], path, headers, content, 0, b"")

        def start(status, sent, *more):
            seen.status, seen.sent = int(status.split()[0]), dict(sent)
            return start_response(status, sent, *more)

        with self._turn:
            seen.answer = b"".join(self._application(environ, start))
        self.requests.append(seen)
        return [seen.answer]

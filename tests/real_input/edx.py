"""Open edX's own LTI block (lti-consumer-xblock), unchanged.

Its launch handler signs the launch, and its template writes the form. The tests provide only the
surroundings of the block: settings, course, user, and the switches of edx-platform, which are off.
"""

import sys
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import ModuleType

import django
from django.conf import settings

PLATFORM_NAME = "Università di Prova & Söhne"
settings.configure(
    PLATFORM_NAME=PLATFORM_NAME,
    USE_I18N=True,
    USE_TZ=True,
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django.contrib.sessions",
        "lti_consumer",
        "edx_platform",
    ],
    # Each thread has its own connection to this database.
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": "file:edx?mode=memory&cache=shared",
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "crum.CurrentRequestUserMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    ROOT_URLCONF="edx_platform.urls",
    USAGE_ID_PATTERN=r"(?P<usage_id>(?:i4x://?[^/]+/[^/]+/[^/]+/[^@]+(?:@[^/]+)?)|(?:[^/]+))",
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="of the tests",
    SERVICE_VARIANT="lms",
    LOGGING_CONFIG=None,
)
django.setup()


class CourseWaffleFlag:
    """A feature switch of edx-platform."""

    def __init__(self, name: str, module: str):
        pass

    def is_enabled(self, course_key) -> bool:
        return False


for name in (
    "openedx",
    "openedx.core",
    "openedx.core.djangoapps",
    "openedx.core.djangoapps.waffle_utils",
):
    sys.modules[name] = ModuleType(name)
sys.modules["openedx.core.djangoapps.waffle_utils"].CourseWaffleFlag = CourseWaffleFlag

# These imports need the settings and the switches.
from lti_consumer.lti_1p1.consumer import LtiConsumer1p1  # noqa: E402
from lti_consumer.lti_xblock import LtiConsumerXBlock  # noqa: E402
from opaque_keys.edx.keys import UsageKey  # noqa: E402
from xblock.field_data import DictFieldData  # noqa: E402
from xblock.fields import ScopeIds  # noqa: E402
from xblock.reference.user_service import UserService, XBlockUser  # noqa: E402
from xblock.test.tools import TestRuntime  # noqa: E402

from browser import Form  # noqa: E402

LMS = "https://lms.example"
USAGE = UsageKey.from_string(
    "block-v1:UniX+CS-101+2026_T1+type@lti_consumer+block@31de800015cf4afb973356dbe81496df"
)
RESOURCE_LINK_ID = str(USAGE)
CONTEXT_ID = "course-v1:UniX+CS-101+2026_T1"


@dataclass
class Person:
    """A logged-in user. `role` is edx-platform's name of the role."""

    full_name: str = "Filippa Quillfeather"
    email: str = "filippa@quillfeather.example"
    username: str = "filippa_q"
    role: str = "student"
    anonymous_id: str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
    language: str | None = "de-at"


@dataclass
class Course:
    """A course with its LTI passports (`id:key:secret`)."""

    lti_passports: list[str]
    display_name_with_default: str = "Introduction to Testing"
    display_org_with_default: str = "UniX"


@dataclass
class Block:
    """An LTI block with its settings. By default it shares name, user name and email."""

    launch_url: str
    key: str
    secret: str
    custom_parameters: list[str] = field(default_factory=list)
    display_name: str = "LTI Consumer"
    has_score: bool = False
    weight: float = 1.0
    accept_grades_past_due: bool = True
    due: datetime | None = None
    graceperiod: timedelta | None = None
    shares_person: bool = True
    person: Person = field(default_factory=Person)
    course_title: str = "Introduction to Testing"
    course_org: str = "UniX"
    lms: str = LMS
    usage: UsageKey = USAGE
    # Its outcome URL, if that is not edX's own.
    outcome_url: str | None = None

    def launch(self) -> Form:
        """The form that a user's browser sends when it opens the block."""
        runtime = LmsRuntime(self.lms, services={"user": LoggedIn(self.person)})
        response = self.seen_by(runtime).lti_launch_handler(None)
        assert response.status_code == 200, response.text
        return Form.from_page(response.text)

    def seen_by(self, runtime: "LmsRuntime") -> "CourseBlock":
        """edX's block in this runtime."""
        fields = {
            "launch_url": self.launch_url,
            "lti_id": "the-tool",
            "custom_parameters": self.custom_parameters,
            "display_name": self.display_name,
            "has_score": self.has_score,
            "weight": self.weight,
            "accept_grades_past_due": self.accept_grades_past_due,
            "ask_to_send_username": self.shares_person,
            "ask_to_send_full_name": self.shares_person,
            "ask_to_send_email": self.shares_person,
        }
        scope_ids = ScopeIds("user", "lti_consumer", self.usage, self.usage)
        passports = ["other:some-key:some-secret", f"the-tool:{self.key}:{self.secret}"]
        block = CourseBlock(runtime, DictFieldData(fields), scope_ids)
        block.course = Course(passports, self.course_title, self.course_org)
        block.due, block.graceperiod = self.due, self.graceperiod
        block.outcome_url = self.outcome_url
        return block


class CourseBlock(LtiConsumerXBlock):
    """The block, with values that come from edx-platform's database otherwise."""

    course = None
    due = None
    graceperiod = None
    outcome_url = None

    @property
    def outcome_service_url(self):
        return self.outcome_url or super().outcome_service_url

    def get_lti_consumer(self):
        # As LtiConfiguration does if the block stores the configuration.
        return LtiConsumer1p1(self.launch_url, *self.lti_provider_key_secret)


class LmsRuntime(TestRuntime):
    def __init__(self, lms: str, services: dict):
        super().__init__(services=services)
        self._lms = lms

    def handler_url(self, block, handler_name, suffix="", query="", thirdparty=False):
        handler = "handler_noauth" if thirdparty else "handler"
        usage = block.scope_ids.usage_id
        return f"{self._lms}/courses/{usage.context_key}/xblock/{usage}/{handler}/{handler_name}/?"


class LoggedIn(UserService):
    """The user service of the runtime."""

    def __init__(self, person: Person):
        super().__init__()
        self._person = person

    def get_current_user(self) -> XBlockUser:
        person = self._person
        user = XBlockUser(is_current_user=True, emails=[person.email], full_name=person.full_name)
        user.opt_attrs = {
            "edx-platform.is_authenticated": True,
            "edx-platform.username": person.username,
            "edx-platform.user_role": person.role,
            "edx-platform.anonymous_user_id": person.anonymous_id,
            "edx-platform.user_preferences": {"pref-lang": person.language}
            if person.language
            else {},
        }
        return user

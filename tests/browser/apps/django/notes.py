"""A Django project in one file, as tutorials write it: a form on its front page with Django's CSRF
check, static files, a download, a link to a new window and the admin.

    python notes.py runserver 127.0.0.1:9000
    gunicorn --bind 127.0.0.1:9000 notes:application

BASE is its path below the host (FORCE_SCRIPT_NAME), DATABASE its file. `notes.py prepare` creates
the database and the user `admin` with the password `admin`.
"""

import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path

BASE = os.environ.get("BASE", "")
HERE = Path(__file__).parent

settings.configure(
    DEBUG=True,
    SECRET_KEY="the app's own",
    ALLOWED_HOSTS=["127.0.0.1", ".localhost"],
    ROOT_URLCONF=__name__,
    FORCE_SCRIPT_NAME=BASE or None,
    STATIC_URL="static/",
    STATIC_ROOT=os.environ.get("STATIC"),
    STATICFILES_DIRS=[HERE / "static"],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ.get("DATABASE", ":memory:"),
        }
    },
    INSTALLED_APPS=[
        "whitenoise.runserver_nostatic",
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.staticfiles",
    ],
    MIDDLEWARE=[
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [HERE / "templates"],
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    WHITENOISE_USE_FINDERS=True,
    # gunicorn reads X-Forwarded-Proto itself, runserver does not.
    SECURE_PROXY_SSL_HEADER=(
        ("HTTP_X_FORWARDED_PROTO", "https") if os.environ.get("SECURE") else None
    ),
)
django.setup()

from django.contrib import admin  # noqa: E402

notes: dict[str, list[str]] = {}


def index(request):
    user = request.session.setdefault("user", request.headers.get("X-Forwarded-User"))
    if request.method == "POST":
        notes.setdefault(user, []).append(request.POST["note"])
        return redirect("index")
    return render(request, "notes.html", {"user": user, "notes": notes.get(user, [])})


def download(request):
    text = "\n".join(["Notes:", *notes.get(request.session.get("user"), [])])
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def about(request):
    return HttpResponse(f"<h1>About {request.session.get('user')}</h1>")


def up(_):
    return HttpResponse("up")


urlpatterns = [
    path("", index, name="index"),
    path("notes.txt", download, name="download"),
    path("about/", about, name="about"),
    path("up", up),
    path("admin/", admin.site.urls),
]

application = get_wsgi_application()


def prepare():
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    User.objects.create_superuser("admin", password="admin")


if __name__ == "__main__":
    if sys.argv[1:] == ["prepare"]:
        prepare()
    else:
        execute_from_command_line(sys.argv)

"""A relying party that uses mozilla-django-oidc, run as a process: `/` signs the user in and shows the stored user.

ISSUER, CLIENT_ID, CLIENT_SECRET and PORT come from the environment. The library does not read the discovery document.
"""

import os
import secrets
import tempfile
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import include, path
from werkzeug.serving import run_simple

ISSUER = os.environ["ISSUER"]
folder = tempfile.TemporaryDirectory()

settings.configure(
    SECRET_KEY=secrets.token_hex(32),
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "mozilla_django_oidc"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder.name}/users.sqlite3"}},
    AUTHENTICATION_BACKENDS=["tests.interop.django_backend.NamedUsers"],
    OIDC_RP_CLIENT_ID=os.environ["CLIENT_ID"],
    OIDC_RP_CLIENT_SECRET=os.environ["CLIENT_SECRET"],
    OIDC_RP_SIGN_ALGO="RS256",
    OIDC_RP_SCOPES="openid profile email",
    OIDC_OP_AUTHORIZATION_ENDPOINT=f"{ISSUER}/oauth2/authorize",
    OIDC_OP_TOKEN_ENDPOINT=f"{ISSUER}/oauth2/token",
    OIDC_OP_USER_ENDPOINT=f"{ISSUER}/oidc/userinfo",
    OIDC_OP_JWKS_ENDPOINT=f"{ISSUER}/jwks.json",
    LOGIN_REDIRECT_URL="/",
)


def live(request: HttpRequest) -> HttpResponse:
    return HttpResponse("live")


def home(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    if not user.is_authenticated:
        return redirect("oidc_authentication_init")
    return JsonResponse({"name": user.first_name, "email": user.email, "sub": user.username})


urlpatterns = [path("", home), path("live", live), path("oidc/", include("mozilla_django_oidc.urls"))]

if __name__ == "__main__":
    django.setup()
    call_command("migrate", verbosity=0)
    run_simple("127.0.0.1", int(os.environ["PORT"]), get_wsgi_application())

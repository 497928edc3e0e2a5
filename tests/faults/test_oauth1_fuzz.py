"""No malformed request to an OAuth 1.0a endpoint gets a 5xx response (S26), on either database.

A normal run sends a sample. `OAUTH1_FUZZ=50000 make test ARGS=tests/faults/test_oauth1_fuzz.py` sends all requests.
A 503 is an error too, except for two problems that OSLC clients expect with status 503. Both need a valid signature.
"""

import io
import os
from collections import Counter
from dataclasses import replace
from itertools import cycle

import pytest

from authserver.context import SYSTEM
from authserver.domain.clients import client_secrets, clients
from authserver.domain.clients.metadata import ClientMetadata
from tests.support import forms, oauth1_grammar
from tests.support.consumer import register
from tests.support.relying_party import RelyingParty
from tests.support.sample_users import PASSWORD

COUNT = int(os.environ.get("OAUTH1_FUZZ", "1500"))
PARTS = 2
COOKIE = "authserver_session"
EXPECTED_503 = ("consumer_key_refused", "user_refused")


@pytest.mark.parametrize("part", range(PARTS))
def test_malformed_requests_get_no_5xx(services, app, sample_users, part):
    sent = Counter()
    browsers = cycle(["", cookie(app, "alice"), cookie(app, "admin")])
    malformed_requests = oauth1_grammar.requests(
        part, COUNT // PARTS, signers(services, app), basic(services, app)
    )
    for request in malformed_requests:
        request.headers["Cookie"] = next(browsers)
        status, body = deliver(app, request)
        sent[status] += 1
        is_server_error = status >= 500 and not (status == 503 and any(word in body for word in EXPECTED_503))
        assert not is_server_error, f"{status} for {request!r}:\n{body[:2000]}"
    assert sum(sent.values()) == COUNT // PARTS
    assert {200, 400, 401} <= set(sent), sent


def cookie(app, username):
    """Return the Cookie header of a signed-in user."""
    browser = app.test_client()
    forms.submit(browser, browser.get("/sign-in"), "login-submit", username=username, password=PASSWORD)
    return f"{COOKIE}={browser.get_cookie(COOKIE).value}"


def signers(services, app):
    """Return signers for consumers in every status, with and without a token and temporary credentials."""
    ready = register(services, app, allows_1_0=True, allows_prefix=True)
    approved = register(services, app, callbacks=())
    temporary = ready.with_token(ready.request_token())
    temporary.authorize()
    return [
        ready,
        approved,
        temporary,
        ready.get_token_credentials(),
        register(services, app, is_approved=False),
        replace(ready, place="BODY"),
        replace(ready, place="QUERY"),
        replace(ready, method="PLAINTEXT"),
        replace(ready, secret="wrong"),
        replace(ready, key="nobody"),
    ]


def basic(services, app):
    """Return the Authorization header of a resource server that may verify requests."""
    registration = ClientMetadata(
        kind="oauth2",
        name="The model server",
        grant_types=("client_credentials",),
        response_types=(),
        may_verify_requests=True,
    )
    with services.database.transaction() as db:
        client = clients.register(db, SYSTEM, registration, source="console")
        secret = client_secrets.generate(db, SYSTEM, services.vault, client)
        clients.approve(db, SYSTEM, client, revision=client.revision)
        return RelyingParty(app, client.client_key, secret).basic["Authorization"]


def deliver(app, request):
    """Call the application as a WSGI server does. Client libraries cannot send these requests."""
    environ = {
        "REQUEST_METHOD": request.verb,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path,
        "QUERY_STRING": as_wsgi(request.query),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.1",
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "HTTP_HOST": "localhost",
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = as_wsgi(value)
    statuses = []
    response = app.wsgi_app(environ, lambda status, headers, exc_info=None: statuses.append(int(status[:3])))
    body = b"".join(response).decode("utf-8", "replace")
    if hasattr(response, "close"):
        response.close()
    return statuses[-1], body


def as_wsgi(text):
    """Return text in the form that WSGI uses for bytes: one character per byte."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")

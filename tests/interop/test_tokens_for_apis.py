"""An application that a user signed in to calls the APIs of docs/how-to/protect-an-api.md. test_apis.py tests rejections."""

from dataclasses import replace

import pytest
import requests

from tests.interop.applications import AUTHLIB, JWT_APIS, OPAQUE_APIS, RESOURCE
from tests.interop.compatibility import Check, Toolchain, shows
from tests.support import apis, page_actions, parties
from tests.support.servers import free_port

pytestmark = [pytest.mark.interop, pytest.mark.browser]


def parameters(applications):
    """Return the parameters of a test. Those that need Go or Java are marked."""
    built = {Toolchain.GO, Toolchain.JAVA}
    return [
        pytest.param(one, id=one.name, marks=[pytest.mark.toolchain] if one.program[0] in built else [])
        for one in applications
    ]


@pytest.fixture(scope="module")
def server(shared_servers):
    server = shared_servers.get("sqlite")
    server.add_user("alice")
    server.command("resources", "add", RESOURCE, "--name", "Models API", "--scope", apis.SCOPE)
    return server


def sign_in(page, server, settings):
    """Sign in to an application whose client has these settings. Return the user's subject and the access token."""
    port = free_port()
    client = parties.create_client(server, replace(AUTHLIB, settings=settings), port)
    scope = f"openid profile email {apis.SCOPE}"
    with parties.start_as(server, AUTHLIB, client, port, SCOPE=scope) as application:
        subject = page_actions.sign_in_to(page, application, AUTHLIB)["sub"]
        tokens = requests.get(f"{application.url}tokens", timeout=10).json()
    return subject, tokens["access_token"]


def check_api(page, server, api):
    """Call the API with the token of a user, with the token of a client that is not for the API, and with others."""
    options = [option for setting in api.callers for option in setting.options]
    stranger = apis.add_client(server, "Stranger", "--scope", apis.SCOPE, *options[2:])
    subject, token = sign_in(page, server, api.callers)
    with parties.start_api(server, api) as party:
        called = apis.Api(party.url.rstrip("/"))
        answer = called.get(token)
        assert answer.status_code == 200, (answer.text, dict(answer.headers))
        assert answer.json()["sub"] == subject
        assert called.status(apis.token_of(server, stranger)) == 401
        assert [called.status(other) for other in ("", "nonsense")] == [401, 401]


@pytest.mark.parametrize("api", parameters(OPAQUE_APIS))
@shows(Check.OPAQUE, *OPAQUE_APIS)
def test_api_accepts_opaque_tokens_of_users(page, server, api):
    check_api(page, server, api)


@pytest.mark.parametrize("api", parameters(JWT_APIS))
@shows(Check.JWT, *JWT_APIS)
def test_api_accepts_jwts_of_users(page, server, api):
    check_api(page, server, api)

"""The APIs of docs/how-to/protect-an-api.md accept and reject tokens as the guide says."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import apis
from tests.support.apis import RESOURCE, SCOPE, Api
from tests.support.servers import LiveServer

pytestmark = [pytest.mark.interop, pytest.mark.only_on("sqlite")]

APPLICATION = ("--scope", "print", "--option", f'resources=["{RESOURCE}"]')
JWT = ("--option", "access_token_signed_response_alg=RS256")


@pytest.fixture(scope="module")
def server(shared_servers: Any) -> LiveServer:
    """A server with the resource and its clients."""
    server: LiveServer = shared_servers.get("sqlite")
    server.run("resources", "add", RESOURCE, "--name", "Models API", "--scope", SCOPE)
    return server


@pytest.fixture(params=["python", "node"])
def opaque_api(request: pytest.FixtureRequest, server: LiveServer) -> Iterator[Api]:
    command = apis.python("api_opaque") if request.param == "python" else apis.node("api_opaque")
    client = apis.add_client(server, "Models API", "--option", f'serves=["{RESOURCE}"]')
    with apis.running(server, command, client) as api:
        yield api


@pytest.fixture(params=["python", "node"])
def jwt_api(request: pytest.FixtureRequest, server: LiveServer) -> Iterator[Api]:
    command = apis.python("api_jwt") if request.param == "python" else apis.node("api_jwt")
    with apis.running(server, command, {}) as api:
        yield api


def test_opaque_tokens(server: LiveServer, opaque_api: Api) -> None:
    """RFC 7662: the API asks the server. It accepts a token for it that has the scope."""
    client = apis.add_client(server, "Application", *APPLICATION)
    assert opaque_api.get(apis.token_of(server, client)).json()["sub"] == client["client_key"]
    assert opaque_api.status(apis.token_of(server, client, scope="print")) == 403
    other = apis.add_client(server, "Another application", "--scope", SCOPE)
    assert opaque_api.status(apis.token_of(server, other)) == 401, "the token is not for the API"
    assert [opaque_api.status(token) for token in ("", "nonsense")] == [401, 401]


def test_jwts(server: LiveServer, jwt_api: Api) -> None:
    """RFC 9068, section 4: the API checks signature, issuer, audience and scope by itself."""
    client = apis.add_client(server, "Application", *APPLICATION, *JWT)
    assert jwt_api.get(apis.token_of(server, client)).json()["sub"] == client["client_key"]
    assert jwt_api.status(apis.token_of(server, client, scope="print")) == 403
    other = apis.add_client(server, "Another application", "--scope", SCOPE, *JWT)
    assert jwt_api.status(apis.token_of(server, other)) == 401, "the token is not for the API"
    assert [jwt_api.status(token) for token in ("", "nonsense")] == [401, 401]

"""oauthlib's clients get tokens by the password and client credentials grants, through requests-oauthlib."""

import os
from collections.abc import Iterator

import pytest
from oauthlib.oauth2 import BackendApplicationClient, InvalidGrantError, LegacyApplicationClient
from requests_oauthlib import OAuth2Session

from tests.interop.applications import OAUTHLIB_CLIENT_CREDENTIALS, OAUTHLIB_PASSWORD
from tests.interop.compatibility import Application, Check, shows
from tests.support import parties
from tests.support.sample_users import PASSWORD
from tests.support.servers import LiveServer

pytestmark = [pytest.mark.interop, pytest.mark.only_on("sqlite")]


@pytest.fixture(autouse=True)
def _allow_plain_http() -> Iterator[None]:
    """Let oauthlib use plain http, which is safe on loopback."""
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    yield
    del os.environ["OAUTHLIB_INSECURE_TRANSPORT"]


def add_client(server: LiveServer, application: Application) -> tuple[str, str]:
    client = parties.create_client(server, application)
    return client["client_key"], client["client_secret"]


@shows(Check.PASSWORD, OAUTHLIB_PASSWORD)
@shows(Check.REFRESH, OAUTHLIB_PASSWORD)
def test_password_grant(live_server: LiveServer) -> None:
    live_server.add_user("alice", password=PASSWORD)
    key, secret = add_client(live_server, OAUTHLIB_PASSWORD)
    db = OAuth2Session(client=LegacyApplicationClient(key, scope="openid profile"))
    url = f"{live_server.url}/oauth2/token"
    token = db.fetch_token(url, username="alice", password=PASSWORD, client_id=key, client_secret=secret)
    assert token["refresh_token"]
    assert db.get(f"{live_server.url}/oidc/userinfo").json()["name"] == "Alice Adams"
    refreshed = db.refresh_token(url, auth=(key, secret))
    assert refreshed["access_token"] != token["access_token"]
    with pytest.raises(InvalidGrantError):
        db.fetch_token(url, username="alice", password="wrong", client_id=key, client_secret=secret)


@shows(Check.CLIENT_CREDENTIALS, OAUTHLIB_CLIENT_CREDENTIALS)
def test_client_credentials_grant(live_server: LiveServer) -> None:
    key, secret = add_client(live_server, OAUTHLIB_CLIENT_CREDENTIALS)
    db = OAuth2Session(client=BackendApplicationClient(key, scope="read"))
    token = db.fetch_token(f"{live_server.url}/oauth2/token", client_id=key, client_secret=secret)
    assert token["scope"] == ["read"]
    assert "refresh_token" not in token
    form = {"token": token["access_token"]}
    response = db.post(
        f"{live_server.url}/oauth2/introspect", data=form, auth=(key, secret), withhold_token=True
    )
    assert response.json()["active"] is True

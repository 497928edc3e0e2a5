"""S4, S16: a client that no administrator has approved cannot cause a request of the server to another host."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from authserver.app import create_app
from authserver.protocol.oidc import backchannel_logout
from authserver.protocol.services import Services
from authserver.settings import Settings
from tests.support import assertions
from tests.support.assertions import Signer
from tests.support.documents import DocumentServer
from tests.support.logout import logout_receiver, party, sign_out
from tests.support.registrant import Registrant, find_pending_change
from tests.support.relying_party import RelyingParty, approve, assert_error, disapprove, register, stored

ENDPOINTS = ["/oauth2/token", "/oauth2/revoke", "/oauth2/introspect", "/oauth2/device_authorization"]
KEY_CLIENT: dict[str, Any] = {
    "kind": "oauth2",
    "auth_method": "private_key_jwt",
    "grant_types": ("client_credentials", "urn:ietf:params:oauth:grant-type:device_code"),
    "redirect_uris": (),
    "response_types": (),
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Allow requests to loopback."""
    networks = Settings(fetch_networks="127.0.0.0/8").fetch_networks
    return settings.model_copy(update={"fetch_networks": networks})


@pytest.fixture
def server() -> Iterator[DocumentServer]:
    """The server of the client's documents."""
    with DocumentServer({"keys": []}) as started:
        yield started


def signer(app: Flask, services: Services, url: str, *, is_approved: bool = True) -> Signer:
    details = {"jwks_uri": url, "token_endpoint_auth_signing_alg": "ES256"}
    key, _ = register(services, is_approved=is_approved, details=details, **KEY_CLIENT)
    return Signer(app, key, assertions.generate(), header={"kid": "one"})


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("status", ["pending", "disapproved"])
def test_keys_of_an_unapproved_client_are_not_fetched(
    app: Flask, services: Services, server: DocumentServer, path: str, status: str
) -> None:
    """S4: the approval is checked before the assertion, at every endpoint where clients authenticate."""
    client = signer(app, services, server.url, is_approved=status == "disapproved")
    if status == "disapproved":
        disapprove(services, client.client_key)
    assert_error(client.token(path=path, token="x"), "unauthorized_client")
    assert server.request_count == 0


def test_assertion_of_an_unapproved_client_is_not_consumed(
    app: Flask, services: Services, server: DocumentServer
) -> None:
    """S4: a pending client stores nothing. After the approval, the same assertion is accepted."""
    client = signer(app, services, server.url, is_approved=False)
    server.document = {"keys": [assertions.public(client.key, kid="one")]}
    assertion = client.assertion()
    assert_error(client.token(assertion), "unauthorized_client")
    approve(services, client.client_key)
    assert client.token(assertion).status_code == 200


def pairwise(url: str) -> dict[str, str]:
    return {"subject_type": "pairwise", "sector_identifier_uri": url}


@pytest.mark.parametrize("path", ["/oauth2/register", "/api/oidc/register"])
def test_registration_does_not_fetch_the_sector_identifier(
    app: Flask, server: DocumentServer, path: str
) -> None:
    """S16: an anonymous registration causes no request. The document is fetched at the approval."""
    metadata = {"redirect_uris": ["https://client.example/cb"], **pairwise(server.url)}
    assert app.test_client().post(path, json=metadata).status_code == 201
    assert server.request_count == 0


def test_change_of_a_pending_client_does_not_fetch(app: Flask, server: DocumentServer) -> None:
    """S16: neither does a change by a pending client (RFC 7592, 2.2)."""
    pending = Registrant.new(app)
    assert pending.put(**pairwise(server.url)).status_code == 200
    assert server.request_count == 0


def test_change_that_waits_for_approval_does_not_fetch(
    app: Flask, services: Services, server: DocumentServer
) -> None:
    """S16: neither does a change by an approved client, because nobody has approved the new URL."""
    approved = Registrant.new(app)
    approve(services, approved.key)
    assert approved.put(**pairwise(server.url)).status_code == 200
    assert find_pending_change(services, approved.key) is not None
    assert server.request_count == 0


def test_registration_that_is_approved_at_once_fetches(settings: Settings, server: DocumentServer) -> None:
    """OpenID Connect Registration, 5: sector_identifier_uri MUST list every redirect URI, before the client is used."""
    app = create_app(settings.model_copy(update={"registration": "approved"}))
    metadata = {"redirect_uris": ["https://client.example/cb"], "scope": "openid", **pairwise(server.url)}
    server.document = ["https://client.example/other"]
    rejected = app.test_client().post("/oauth2/register", json=metadata)
    assert_error(rejected, "invalid_client_metadata")
    assert "does not list https://client.example/cb" in rejected.get_json()["error_description"]
    server.document = metadata["redirect_uris"]
    accepted = app.test_client().post("/oauth2/register", json=metadata)
    services = app.extensions["authserver"]
    assert stored(services, accepted.get_json()["client_id"]).is_approved
    assert server.request_count == 2
    services.database.engine.dispose()


def test_logout_notice_is_not_sent_to_a_client_disapproved_meanwhile(
    rp: RelyingParty, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S4: the approval is checked for each request, not once for all notices that are due."""
    monkeypatch.setattr(backchannel_logout, "ThreadPoolExecutor", lambda _: ThreadPoolExecutor(1))
    with logout_receiver() as receiver:
        parties = [party(rp, services, name, backchannel_logout_uri=receiver.url) for name in ("One", "Two")]
        for one in parties:
            one.tokens()
        sign_out(rp)
        post = services.fetcher.post

        def post_and_disapprove(url: str, form: dict[str, str]) -> int:
            for one in parties:
                disapprove(services, one.key)
            return post(url, form)

        monkeypatch.setattr(services.fetcher, "post", post_and_disapprove)
        services.logout_notifier.deliver()
        assert len(receiver.received) == 1

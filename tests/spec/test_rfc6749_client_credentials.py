"""RFC 6749, section 4.4: the client credentials grant."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from authserver.domain.audit import AuditEvent
from authserver.domain.clients.clients import Client
from authserver.protocol.services import Services
from tests.support.error_log import recorded
from tests.support.relying_party import RelyingParty, approve, assert_error, disapprove, register

CLIENT_CREDENTIALS: dict[str, Any] = {
    "kind": "oauth2",
    "grant_types": ("client_credentials",),
    "redirect_uris": (),
    "response_types": (),
    "scopes": ("read", "write", "profile"),
}


@pytest.fixture
def service(app: Flask, services: Services) -> RelyingParty:
    return RelyingParty(app, *register(services, **CLIENT_CREDENTIALS))


def request_token(service: RelyingParty, **form: str) -> Any:
    return service.token(grant_type="client_credentials", **form)


def test_client_gets_its_token(service: RelyingParty) -> None:
    """4.4.3: an access token, and a refresh token SHOULD NOT be included."""
    response = request_token(service, scope="write read")
    document = response.get_json()
    assert set(document) == {"access_token", "token_type", "expires_in", "scope"}
    assert (document["token_type"], document["expires_in"], document["scope"]) == (
        "Bearer",
        900,
        "write read",
    )
    assert response.headers["Cache-Control"] == "no-store"


def test_no_refresh_token_is_issued(app: Flask, services: Services) -> None:
    """4.4.3: a refresh token SHOULD NOT be included, even if the client is registered for refresh tokens."""
    grants = ("client_credentials", "refresh_token", "authorization_code")
    party = RelyingParty(app, *register(services, grant_types=grants))
    assert "refresh_token" not in request_token(party).get_json()


def test_default_scope_is_returned(service: RelyingParty) -> None:
    """3.3: the response contains the scope if it differs from the request. The default has no scopes about users."""
    assert request_token(service).get_json()["scope"] == "read write"


def test_scope_beyond_the_registration_is_rejected(service: RelyingParty) -> None:
    """3.3, S14: the server rejects the request and does not reduce the scope."""
    assert_error(request_token(service, scope="read admin"), "invalid_scope")


USER_SCOPES = ("openid", "profile", "email", "address", "phone", "offline_access")


@pytest.mark.both_databases
@pytest.mark.parametrize("kind", ["oauth2", "oidc"])
@pytest.mark.parametrize("scope", USER_SCOPES)
def test_scope_about_a_user_is_rejected(app: Flask, services: Services, scope: str, kind: str) -> None:
    """3.3, 5.2: a scope without a user is invalid: invalid_scope, even if the client is registered for it."""
    scopes = (*USER_SCOPES, "read")
    party = RelyingParty(app, *register(services, **CLIENT_CREDENTIALS | {"kind": kind, "scopes": scopes}))
    response = request_token(party, scope=f"read {scope}")
    assert_error(response, "invalid_scope")
    row = recorded(services, response)
    assert (row.cause, row.received, row.expected) == ("scope-needs-user", f"read {scope}", "read")
    assert request_token(party, scope="read").get_json()["scope"] == "read"


def test_unregistered_scope_about_a_user_has_the_same_cause(
    service: RelyingParty, services: Services
) -> None:
    """5.2: registering the scope would not help, so the error does not suggest it."""
    assert recorded(services, request_token(service, scope="openid")).cause == "scope-needs-user"


def test_client_must_be_registered_for_the_grant(rp: RelyingParty) -> None:
    """5.2: unauthorized_client."""
    assert_error(rp.token(grant_type="client_credentials"), "unauthorized_client")


def test_client_must_authenticate(service: RelyingParty) -> None:
    """4.4: the grant MUST only be used by confidential clients."""
    assert_error(
        service.token({}, grant_type="client_credentials", client_id=service.key), "invalid_client", 401
    )


def test_public_client_cannot_use_the_grant(app: Flask) -> None:
    """4.4: the grant MUST only be used by confidential clients."""
    metadata = {"client_name": "Robot", "grant_types": ["client_credentials"]}
    requested = metadata | {"token_endpoint_auth_method": "none"}
    assert_error(app.test_client().post("/oauth2/register", json=requested), "invalid_client_metadata")
    assert app.test_client().post("/oauth2/register", json=metadata).status_code == 201


def test_stored_public_client_cannot_use_the_grant(app: Flask, services: Services) -> None:
    """4.4: the grant MUST only be used by confidential clients, even if a public client is registered for it."""
    key, _ = register(services, **CLIENT_CREDENTIALS)
    with services.database.transaction() as db:
        db.execute(update(Client).where(Client.client_key == key).values(auth_method="none"))
    response = RelyingParty(app, key).token({}, grant_type="client_credentials", client_id=key)
    assert_error(response, "unauthorized_client")


def test_pending_client_is_rejected(app: Flask, services: Services) -> None:
    """S4: a pending client is rejected at every endpoint."""
    assert_error(
        request_token(RelyingParty(app, *register(services, is_approved=False, **CLIENT_CREDENTIALS))),
        "unauthorized_client",
    )


def test_disapproval_stops_the_client_and_its_tokens(service: RelyingParty, services: Services) -> None:
    """S3: a new approval does not restore old tokens."""
    token = request_token(service).get_json()["access_token"]
    disapprove(services, service.key)
    assert_error(request_token(service), "unauthorized_client")
    approve(services, service.key)
    response = service.browser.post("/oauth2/introspect", data={"token": token}, headers=service.basic)
    assert response.get_json() == {"active": False}
    fresh = request_token(service).get_json()["access_token"]
    response = service.browser.post("/oauth2/introspect", data={"token": fresh}, headers=service.basic)
    assert response.get_json()["sub"] == service.key


def test_userinfo_rejects_the_token(app: Flask, services: Services) -> None:
    """The token belongs to the client. There is no user."""
    service = RelyingParty(app, *register(services, **CLIENT_CREDENTIALS))
    assert service.userinfo(request_token(service).get_json()["access_token"]).status_code == 403


def grants(services: Services) -> int:
    with services.database.transaction(write=False) as db:
        statement = select(func.count()).where(AuditEvent.event == "authorization:grant")
        return db.scalar(statement) or 0


def test_one_audit_event_covers_all_equal_tokens(service: RelyingParty, services: Services) -> None:
    """I4: every token has an audit event, but the trail does not grow with each token."""
    for scope in ("read", "read", "read write", "write read"):
        assert request_token(service, scope=scope).status_code == 200
    assert grants(services) == 2


def test_audit_event_names_the_request(service: RelyingParty, services: Services) -> None:
    """I4: the audit trail, the log and the response contain the same request id."""
    response = request_token(service, scope="read")
    with services.database.transaction(write=False) as db:
        recorded = select(AuditEvent.request_id).where(AuditEvent.event == "authorization:grant")
        assert db.scalars(recorded).one() == response.headers["X-Request-Id"]


def test_concurrent_requests_share_one_audit_event(service: RelyingParty, services: Services) -> None:
    """I4 under load: fifty concurrent first requests produce fifty tokens and one audit event."""
    with ThreadPoolExecutor(10) as pool:
        responses = list(pool.map(lambda _: request_token(service, scope="read").get_json(), range(50)))
    assert len({document["access_token"] for document in responses}) == 50
    assert grants(services) == 1

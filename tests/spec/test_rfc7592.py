"""RFC 7592: a client reads, changes and deletes its registration. Its changes wait for approval (S2)."""

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from authserver.app import create_app
from authserver.context import SYSTEM
from authserver.domain import audit, scopes
from authserver.domain.clients import clients
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from authserver.settings import Settings
from tests.support import entered_secrets
from tests.support.error_log import reference_of
from tests.support.moving_clock import MovingClock
from tests.support.registrant import Registrant, approve_change, discard_change, find_pending_change
from tests.support.relying_party import approve, disapprove, stored

NEW_URIS = ["https://client.example/new"]
METHODS = ("GET", "PUT", "DELETE")


@pytest.fixture
def pending(app: Flask) -> Registrant:
    """A client that waits for approval."""
    return Registrant.new(app)


@pytest.fixture
def approved(app: Flask, services: Services, alice: User) -> Registrant:
    """A client that an administrator has approved."""
    registrant = Registrant.new(app)
    approve(services, registrant.key)
    return registrant


def test_reading_returns_the_registered_metadata(pending: Registrant) -> None:
    """2.1: 200 with the client information response. 3: it contains the configuration URL and the access token."""
    response = pending.manage("GET")
    assert (response.status_code, response.content_type) == (200, "application/json")
    assert response.headers["Cache-Control"] == "no-store"
    expected = {
        name: value for name, value in pending.registration.items() if not name.startswith("client_secret")
    }
    assert response.get_json() == expected


@pytest.mark.parametrize("name", ["client_id", "registration_client_uri", "registration_access_token"])
def test_change_returns_the_client_information(pending: Registrant, name: str) -> None:
    """2.2, 3: the response to a change also contains registration_client_uri and registration_access_token."""
    response = pending.put(client_name="New name").get_json()
    assert response[name]
    if name != "registration_access_token":
        assert response[name] == pending.registration[name]
        return
    pending.registration[name] = response[name]
    assert pending.registered()["client_name"] == "New name"


TOKENS = ("", "x", "asg_1_" + "A" * 43, "asg_zzzzzzzzzzzz_" + "A" * 43, "asg_0_" + "A" * 43, "asa_1_" + "A" * 43,
          "asg_" + "1" * 90)  # fmt: skip


def test_invalid_token_is_rejected(pending: Registrant) -> None:
    """2, 2.1: 401 for a missing or invalid token (RFC 6750), whether the client exists or not."""
    unknown = replace(
        pending,
        registration=pending.registration
        | {"registration_client_uri": "http://localhost/oauth2/register/no"},
    )
    for method, token in itertools.product(METHODS, TOKENS):
        responses = [registrant.manage(method, token, json={}) for registrant in (pending, unknown)]
        assert [response.status_code for response in responses] == [401, 401]
        assert responses[0].get_json() == responses[1].get_json()
        assert responses[0].headers["WWW-Authenticate"].startswith("Bearer ")
    assert pending.manage("GET").status_code == 200


def test_error_contains_its_reference(pending: Registrant) -> None:
    """RFC 6750, 3: the reference is in the challenge and in the body."""
    for method in METHODS:
        response = pending.manage(method, "nonsense", json={})
        description = response.get_json()["error_description"]
        assert description.endswith(f"(reference {reference_of(response)})")
        assert f'error_description="{description}"' in response.headers["WWW-Authenticate"]


def test_token_is_bound_to_one_client(app: Flask, pending: Registrant) -> None:
    """1.3: the token is bound to its client."""
    other = Registrant.new(app)
    for method in METHODS:
        response = pending.manage(
            method, other.registration["registration_access_token"], json={"client_id": other.key}
        )
        assert response.status_code == 401


def test_token_is_accepted_in_the_header_only(pending: Registrant) -> None:
    """RFC 6750, 2, RFC 9700: a token in the query is not accepted."""
    token = pending.registration["registration_access_token"]
    assert pending.manage("GET", "", query_string={"access_token": token}).status_code in {400, 401}


def test_registration_token_is_not_an_access_token(approved: Registrant) -> None:
    """S7: each type of value has its own namespace."""
    assert approved.rp.userinfo(approved.registration["registration_access_token"]).status_code == 401
    access_token = approved.rp.tokens()["access_token"]
    assert approved.manage("GET", access_token).status_code == 401


@pytest.mark.both_databases
def test_odd_client_ids_are_unknown(app: Flask, pending: Registrant) -> None:
    """2.1: 401 for a client that does not exist. S26: no input causes a 5xx."""
    headers = {"Authorization": f"Bearer {pending.registration['registration_access_token']}"}
    for key in ("%00", "%ED%A0%80", "a" * 3000, "<key>", "..", "%2e", "\u00e9"):
        assert app.test_client().get(f"/oauth2/register/{key}", headers=headers).status_code == 401


def test_pending_client_is_changed_immediately(pending: Registrant, services: Services) -> None:
    """2.2: 200 with the metadata as registered now. The administrator's review shows the new values."""
    response = pending.put(redirect_uris=NEW_URIS, client_name="New name")
    assert response.status_code == 200, response.text
    assert response.get_json()["redirect_uris"] == NEW_URIS
    row = stored(services, pending.key)
    assert (row.redirect_uris, row.name, row.status) == (NEW_URIS, "New name", "pending")
    assert find_pending_change(services, pending.key) is None


def test_omitted_fields_are_removed(app: Flask, services: Services) -> None:
    """2.2: values MUST replace, not augment. Omitted, null and empty fields are removed or get their default."""
    registrant = Registrant.new(app, logo_uri="https://client.example/l.png", contacts=["a@b.example"],
                                grant_types=["authorization_code", "refresh_token"], default_max_age=60)  # fmt: skip
    document = registrant.put(contacts=None, policy_uri="").get_json()
    for name in ("logo_uri", "contacts", "default_max_age", "policy_uri"):
        assert name not in document
    assert document["grant_types"] == ["authorization_code"]


@pytest.mark.both_databases
def test_client_id_and_secret_must_match(pending: Registrant) -> None:
    """2.2: client_id MUST be the client's own. client_secret, if present, MUST match, so a client cannot choose it."""
    secret = pending.registration["client_secret"]
    assert pending.put(client_secret=secret).status_code == 200
    for metadata in ({"client_id": None}, {"client_id": "other"}, {"client_id": 7}, {"client_id": [pending.key]},
                     {"client_secret": "chosen by the client"}, {"client_secret": 7}, {"client_secret": secret[:-1]},
                     {"client_secret": "\ud800"}):  # fmt: skip
        response = pending.put(**metadata)
        assert (response.status_code, response.get_json()["error"]) == (400, "invalid_client_metadata")


def test_read_only_fields_are_rejected(pending: Registrant) -> None:
    """2.2: the request MUST NOT include these four fields."""
    for name in (
        "registration_access_token",
        "registration_client_uri",
        "client_secret_expires_at",
        "client_id_issued_at",
    ):
        response = pending.put(**{name: pending.registration[name]})
        assert (response.status_code, response.get_json()["error"]) == (400, "invalid_client_metadata")


@pytest.mark.both_databases
def test_invalid_change_is_rejected(approved: Registrant, services: Services) -> None:
    """2.2, S26: the rules of registration apply, and a rejected request changes nothing."""
    bad: tuple[dict[str, Any], ...] = (
           {"redirect_uris": ["javascript:alert(1)"]}, {"redirect_uris": "x"}, {"jwks": 7}, {"client_name": "\x00"},
           {"grant_types": ["implicit"]}, {"software_statement": "x"}, {"redirect_uris": []}, {"scope": ["a"]})  # fmt: skip
    for metadata in bad:
        assert approved.put(**metadata).status_code == 400, metadata
    for body in (b"", b"[]", b"[" * 5000):
        assert approved.manage("PUT", data=body, content_type="application/json").status_code == 400
    assert find_pending_change(services, approved.key) is None


def test_change_of_an_approved_client_waits(approved: Registrant, services: Services) -> None:
    """S2: the approved revision continues to work, and the new one does not work until an administrator approves it."""
    rp, new = approved.rp, replace(approved.rp, redirect_uri=NEW_URIS[0])
    refresh = rp.tokens()
    response = approved.put(redirect_uris=NEW_URIS, client_name="Bank")
    assert response.status_code == 200
    assert response.get_json()["registration_status"] == "change_pending"
    assert response.get_json()["redirect_uris"] == approved.registration["redirect_uris"]
    assert approved.registered()["client_name"] == "My Example"
    assert rp.userinfo(refresh["access_token"]).status_code == 200
    assert "code=" in rp.authorized().location
    assert new.authorize().status_code == 400
    approve_change(services, approved.key)
    assert approved.registered()["redirect_uris"] == NEW_URIS
    assert approved.registered()["registration_status"] == "approved"
    assert "code=" in new.authorized().location
    assert rp.authorize().status_code == 400


def test_minor_changes_wait_as_well(approved: Registrant, services: Services) -> None:
    """S2: every change by an approved client waits, because users rely on its name."""
    for metadata in (
        {"client_name": "Bank"},
        {"logo_uri": "https://client.example/l.png"},
        {"contacts": ["a@b.c"]},
    ):
        assert approved.put(**metadata).get_json()["registration_status"] == "change_pending"
    assert stored(services, approved.key).name == "My Example"


def test_later_change_replaces_an_earlier_one(approved: Registrant, services: Services) -> None:
    """2.2: a change replaces the one before. Sending the current registration withdraws the change."""
    approved.put(redirect_uris=NEW_URIS)
    approved.put(client_name="Bank")
    change = find_pending_change(services, approved.key)
    assert change is not None
    assert change.after["redirect_uris"] == approved.registration["redirect_uris"]
    assert change.after["name"] == "Bank"
    assert approved.put().get_json()["registration_status"] == "approved"
    assert find_pending_change(services, approved.key) is None


def test_discarded_change_is_removed(approved: Registrant, services: Services) -> None:
    """S2: the approved registration stays."""
    approved.put(redirect_uris=NEW_URIS)
    discard_change(services, approved.key)
    assert approved.registered()["registration_status"] == "approved"
    assert approved.registered()["redirect_uris"] == approved.registration["redirect_uris"]


def test_client_cannot_set_administrator_fields(approved: Registrant, services: Services) -> None:
    """S16: trust, PKCE and the permissions of resource servers survive a change, and cannot be requested."""
    with services.database.transaction() as db:
        client = clients.get(db, approved.key)
        client.is_pkce_required = True
        client.details = client.details | {"resources": ["https://api.example"], "may_verify_requests": True}
    approved.put(
        client_name="Bank", is_trusted=True, resources=["https://other.example"], pkce_required=False
    )
    approve_change(services, approved.key)
    row = stored(services, approved.key)
    assert (row.name, row.is_pkce_required, row.is_trusted) == ("Bank", True, False)
    assert (row.details["resources"], row.details["may_verify_requests"]) == (["https://api.example"], True)


def test_client_may_keep_a_redirect_uri_of_an_administrator(approved: Registrant, services: Services) -> None:
    """2.2: the client sends its complete metadata. It can keep a scheme without a dot, but not add another one."""
    uri = "cursor://app/cb"
    with services.database.transaction() as db:
        clients.get(db, approved.key).redirect_uris = [*NEW_URIS, uri]
    assert approved.put(client_name="New", redirect_uris=[*NEW_URIS, uri]).status_code == 200
    approve_change(services, approved.key)
    assert approved.registered()["redirect_uris"] == [*NEW_URIS, uri]
    assert approved.put(redirect_uris=[uri, "vscode://app/cb"]).get_json()["error"] == "invalid_redirect_uri"


def is_accepted_in_body(registrant: Registrant) -> bool:
    form = {"grant_type": "authorization_code", "code": "x", "client_id": registrant.key}
    response = registrant.rp.token({}, **form, client_secret=registrant.rp.secret)
    return bool(response.get_json()["error"] == "invalid_grant")


@pytest.mark.parametrize("sent", ["client_secret_basic", None])
@pytest.mark.parametrize("registered", ["client_secret_basic", None])
def test_default_method_in_a_change_changes_nothing(
    app: Flask, services: Services, registered: str | None, sent: str | None
) -> None:
    """2.2: a client sends back the metadata that it received. client_secret_basic is also the default of the response."""
    registrant = Registrant.new(app, token_endpoint_auth_method=registered)
    approve(services, registrant.key)
    document = registrant.put(token_endpoint_auth_method=sent).get_json()
    assert document["registration_status"] == "approved"
    assert is_accepted_in_body(registrant) is (registered is None)


def test_change_restricts_the_method(approved: Registrant, services: Services) -> None:
    """2.2: a client that names client_secret_post in a change can no longer use the header, once approved."""
    approved.put(token_endpoint_auth_method="client_secret_post")
    approve_change(services, approved.key)
    assert approved.rp.token(grant_type="authorization_code", code="x").status_code == 401
    assert is_accepted_in_body(approved)


def test_new_secret_works_after_approval_of_its_method(approved: Registrant, services: Services) -> None:
    """2.2: the server can issue a secret. S2: it works when the method that needs it is approved, not before."""
    response = approved.put(token_endpoint_auth_method="client_secret_jwt").get_json()
    secret = response["client_secret"]
    assert (response["client_secret_expires_at"], secret != approved.registration["client_secret"]) == (
        0,
        True,
    )
    assert (
        replace(approved.rp, secret=secret).token(grant_type="authorization_code", code="x").status_code
        == 401
    )
    assert approved.rp.redeem(approved.rp.code()).status_code == 200
    approve_change(services, approved.key)
    assert approved.registered()["token_endpoint_auth_method"] == "client_secret_jwt"
    assert "client_secret" not in approved.put(token_endpoint_auth_method="client_secret_post").get_json()
    approve_change(services, approved.key)
    code = approved.rp.code()
    form = {
        "client_id": approved.key,
        "client_secret": secret,
        "code": code,
        "grant_type": "authorization_code",
    }
    response = approved.rp.token(
        {},
        **form,
        redirect_uri=approved.rp.redirect_uri,
        code_verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    )
    assert response.status_code == 200, response.text


def test_changes_are_recorded(approved: Registrant, services: Services) -> None:
    """S22: the audit trail names the actor, the values before and after, and the decision."""
    approved.put(client_name="Bank")
    approve_change(services, approved.key)
    approved.put(client_name="Bank of England")
    discard_change(services, approved.key)
    client_id = stored(services, approved.key).id
    with services.database.transaction(write=False) as db:
        events, _ = audit.page_of_events(db, audit.EventFilter(client_id=client_id))
    assert [event.event for event in events[:4]] == [
        "client:discard-change", "client:ask-change", "client:approve-change", "client:ask-change",
    ]  # fmt: skip
    event = events[3]
    assert event.before is not None
    assert event.after is not None
    assert (event.before["name"], event.after["name"]) == ("My Example", "Bank")
    assert (event.actor_name, event.address, event.channel) == ("the client itself", "127.0.0.1", "machine")


def test_deletion_invalidates_everything(approved: Registrant, services: Services) -> None:
    """2.3: 204. The server MUST invalidate everything that it issued, and a later use of the token returns 401."""
    rp = approved.rp
    tokens, code = rp.tokens(), rp.code()
    response = approved.manage("DELETE")
    assert (response.status_code, response.data) == (204, b"")
    assert "Content-Length" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"
    for method in METHODS:
        assert approved.manage(method, json={}).status_code == 401
    assert rp.userinfo(tokens["access_token"]).status_code == 401
    assert rp.redeem(code).status_code == 401
    assert rp.authorize().status_code == 400
    with services.database.transaction(write=False) as db:
        assert clients.find(db, approved.key) is None


def test_pending_client_can_be_deleted(pending: Registrant) -> None:
    """2.3: the client can delete itself before it is approved."""
    assert pending.manage("DELETE").status_code == 204
    assert pending.manage("GET").status_code == 401


def test_disapproved_client_cannot_manage_its_registration(approved: Registrant, services: Services) -> None:
    """2.1: 403 if the client may not read its record. S3: from its next request on."""
    approved.put(client_name="Bank")
    disapprove(services, approved.key)
    for method in METHODS:
        response = approved.manage(method, json={"client_id": approved.key})
        assert response.status_code == 403
        assert "My Example" not in response.text
    assert stored(services, approved.key).name == "My Example"
    approved.registration["registration_access_token"] = "asg_1_" + "A" * 43
    assert approved.manage("GET").status_code == 401


def test_other_methods_are_rejected(pending: Registrant) -> None:
    """2: the endpoint supports GET, PUT and DELETE."""
    for method in ("POST", "PATCH", "OPTIONS"):
        response = pending.manage(method)
        assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD, PUT, DELETE")


def test_changes_are_rate_limited(
    approved: Registrant, services: Services, moving_clock: MovingClock
) -> None:
    """S16, S28: each change adds a row to the audit trail."""
    limit = services.settings.registrations
    statuses = [approved.put(client_name=f"Name {number}").status_code for number in range(limit + 1)]
    assert statuses == [200] * limit + [429]
    assert approved.manage("GET").status_code == 200
    moving_clock.advance(timedelta(hours=1), seconds=1)
    assert approved.put(client_name="Later").status_code == 200


def test_guesses_at_a_typed_secret_are_limited(approved: Registrant, services: Services) -> None:
    """2.2: client_secret MUST match. S20: guesses at a typed secret count here as at the token endpoint."""
    entered_secrets.enter(services, approved.key, "a secret that somebody typed", is_only=False)
    limit = services.settings.client_secret_attempts
    statuses = [approved.put(client_secret=f"guess {number}").status_code for number in range(limit + 1)]
    assert statuses == [400] * limit + [429]
    assert approved.put(client_secret="a secret that somebody typed").status_code == 200


def test_immediate_approval_excludes_trusted_clients(
    settings: Settings, services: Services, sample_users: Any
) -> None:
    """For certification runs: changes take effect immediately, except those of trusted clients, whose users are not
    asked for consent.
    """
    app = create_app(settings.model_copy(update={"registration": "approved"}))
    registrant = Registrant.new(app)
    assert registrant.put(redirect_uris=NEW_URIS).get_json()["redirect_uris"] == NEW_URIS
    with services.database.transaction() as db:
        clients.get(db, registrant.key).is_trusted = True
    response = registrant.put(redirect_uris=["https://evil.example/cb"]).get_json()
    assert (response["redirect_uris"], response["registration_status"]) == (NEW_URIS, "change_pending")
    app.extensions["authserver"].database.engine.dispose()


@pytest.mark.parametrize(("is_open", "status"), [(True, "approved"), (False, "change_pending")])
def test_closed_scope_waits_for_approval(
    settings: Settings, services: Services, sample_users: Any, is_open: bool, status: str
) -> None:
    """S14: a client that was approved immediately requests more. An administrator decides who gets such a scope."""
    with services.database.transaction() as db:
        scopes.add(db, SYSTEM, name="models.read", words="Read your models", is_open=is_open)
    app = create_app(settings.model_copy(update={"registration": "approved"}))
    registrant = Registrant.new(app, scope="openid")
    response = registrant.put(scope="openid models.read").get_json()
    assert response["registration_status"] == status
    assert ("models.read" in response["scope"].split()) is is_open
    app.extensions["authserver"].database.engine.dispose()


def test_closing_registration_keeps_existing_clients(settings: Settings, pending: Registrant) -> None:
    """With registration closed, registered clients still manage their registration."""
    app = create_app(settings.model_copy(update={"registration": "closed"}))
    with_closed_registration = replace(pending, app=app)
    assert with_closed_registration.registered()["client_name"] == "My Example"
    assert with_closed_registration.manage("DELETE").status_code == 204
    app.extensions["authserver"].database.engine.dispose()


def test_edits_by_administrator_and_client_are_merged(approved: Registrant, services: Services) -> None:
    """S2, S22: the approved registration contains the client's change and the later edit of the administrator."""
    approved.put(client_name="Bank")
    with services.database.transaction() as db:
        clients.get(db, approved.key).is_trusted = True
    approve_change(services, approved.key)
    row = stored(services, approved.key)
    assert (row.name, row.is_trusted) == ("Bank", True)

"""RFC 8252, section 8.6: the consent of users to native applications, which other applications can impersonate."""

import pytest
from flask import Flask

from authserver.context import SYSTEM
from authserver.domain.authorizations import consents
from authserver.domain.clients import clients
from authserver.domain.diagnostics import error_log
from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, edit, register, response_parameters

LOOPBACK = ["http://127.0.0.1/cb", "http://[::1]/cb", "http://localhost/cb"]
NOT_REMEMBERED = 'id="not-remembered"'


def native(app: Flask, services: Services, redirect_uri: str, **registration: object) -> RelyingParty:
    key, _ = register(services, redirect_uris=(redirect_uri,), auth_method="none", **registration)
    return RelyingParty(app, key, redirect_uri=redirect_uri)


def recorded_cause(services: Services, parameters: dict[str, str]) -> str:
    reference = parameters["error_description"].rpartition(" ")[2].strip(".)")
    with services.database.transaction(write=False) as db:
        found = error_log.find(db, reference)
    assert found is not None
    return str(found.cause)


@pytest.mark.parametrize(
    ("redirect_uri", "cause"),
    [(uri, "consent-on-loopback") for uri in LOOPBACK] + [("com.example.app:/cb", "consent-without-https")],
)
def test_silent_request_names_the_cause(app, services, sample_users, redirect_uri, cause) -> None:
    """8.6: the server SHOULD NOT process such requests without the user. The error says why the consent is not enough."""
    rp = native(app, services, redirect_uri)
    rp.authorized()
    response = response_parameters(rp.authorize(prompt="none"))
    assert response["error"] == "consent_required"
    assert "no secret and its redirect URI is not https" in response["error_description"]
    assert recorded_cause(services, response) == cause


@pytest.mark.parametrize("redirect_uri", LOOPBACK)
def test_administrator_can_have_consent_remembered_on_loopback(
    app, services, sample_users, redirect_uri
) -> None:
    """8.6: an administrator who accepts the risk makes silent renewal possible."""
    rp = native(app, services, redirect_uri, remember_consent_on_loopback=True)
    rp.authorized()
    assert "code" in response_parameters(rp.authorize(prompt="none"))


def test_remembered_consent_covers_only_the_granted_scopes(app, services, sample_users) -> None:
    """OpenID Connect Core, 3.1.2.1: new scopes need consent, which prompt=none cannot ask for."""
    rp = native(app, services, LOOPBACK[0], remember_consent_on_loopback=True)
    rp.authorized(scope="openid")
    response = response_parameters(rp.authorize(scope="openid email", prompt="none"))
    assert (response["error"], recorded_cause(services, response)) == ("consent_required", "consent-required")


def test_setting_does_not_apply_to_private_use_schemes(app, services, sample_users) -> None:
    """8.6: any application can claim a private-use scheme, so the setting for loopback does not cover it."""
    rp = native(app, services, "com.example.app:/cb", remember_consent_on_loopback=True)
    rp.authorized()
    assert response_parameters(rp.authorize(prompt="none"))["error"] == "consent_required"


def test_withdrawn_consent_is_not_remembered(app, services, sample_users) -> None:
    """S9: a user can withdraw the consent of such a client like any other."""
    rp = native(app, services, LOOPBACK[0], remember_consent_on_loopback=True)
    rp.authorized()
    with services.database.transaction() as db:
        consents.withdraw(db, SYSTEM, sample_users["alice"].id, clients.get(db, rp.key))
    assert response_parameters(rp.authorize(prompt="none"))["error"] == "consent_required"


def test_setting_takes_effect_with_the_next_request(app, services, sample_users) -> None:
    """8.6: turning the setting off applies to consents that were given before."""
    rp = native(app, services, LOOPBACK[0], remember_consent_on_loopback=True)
    rp.authorized()
    edit(services, rp.key, details={})
    assert response_parameters(rp.authorize(prompt="none"))["error"] == "consent_required"


def test_consent_page_says_that_it_appears_every_time(app, services, sample_users) -> None:
    """8.6: users learn why the application asks again."""
    rp = native(app, services, LOOPBACK[0])
    assert NOT_REMEMBERED in rp.sign_in(rp.authorize()).text
    edit(services, rp.key, details={"remember_consent_on_loopback": True})
    assert NOT_REMEMBERED not in rp.authorize().text


def test_client_cannot_register_the_setting(app: Flask) -> None:
    """S16: only an administrator weakens the protection of users."""
    metadata = {"redirect_uris": [LOOPBACK[0]], "remember_consent_on_loopback": True}
    response = app.test_client().post("/oauth2/register", json=metadata)
    assert response.status_code == 201
    assert "remember_consent_on_loopback" not in response.get_json()

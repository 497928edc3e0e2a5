"""A client that authenticates with a key, or not at all, cannot use an earlier secret (S15)."""

from typing import Any

import pytest
from flask import Flask

from authserver.context import SYSTEM
from authserver.domain.clients import client_secrets, clients
from authserver.errors import InvalidInput
from authserver.protocol.services import Services
from tests.support import assertions
from tests.support.assertions import Signer
from tests.support.relying_party import RelyingParty, assert_error, edit, register
from tests.support.table import table

ENDPOINTS = ("/oauth2/token", "/oauth2/revoke", "/oauth2/introspect", "/oauth2/device_authorization")
GRANTS = ("authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code")
FORM = {"grant_type": "refresh_token", "refresh_token": "x", "token": "x", "scope": "openid"}


@pytest.fixture(params=["none", "private_key_jwt"])
def party(app: Flask, services: Services, request: pytest.FixtureRequest) -> RelyingParty:
    """A client that signed with its secret before, and is now registered for another method."""
    registration = register(services, auth_method="client_secret_jwt", grant_types=GRANTS)
    keys = {"jwks": {"keys": [assertions.public(assertions.generate())]}}
    details: dict[str, Any] = keys if request.param == "private_key_jwt" else {}
    edit(services, registration[0], auth_method=request.param, details=details)
    return RelyingParty(app, *registration)


@table("path", ENDPOINTS)
def test_secret_in_the_header_is_rejected(party: RelyingParty, path: str) -> None:
    assert_error(party.browser.post(path, data=FORM, headers=party.basic), "invalid_client", 401)


@table("path", ENDPOINTS)
def test_secret_in_the_body_is_rejected(party: RelyingParty, path: str) -> None:
    form = FORM | {"client_id": party.key, "client_secret": party.secret}
    assert_error(party.browser.post(path, data=form), "invalid_client", 401)


@table("path", ENDPOINTS)
def test_signature_with_the_secret_is_rejected(party: RelyingParty, path: str) -> None:
    signer = Signer.with_secret(party.app, party.key, party.secret)
    form = FORM | {"client_assertion_type": assertions.TYPE, "client_assertion": signer.assertion()}
    assert_error(party.browser.post(path, data=form), "invalid_client", 401)


@pytest.mark.only_on("sqlite")
def test_no_new_secret_is_generated(services: Services, party: RelyingParty) -> None:
    with services.database.transaction() as db:
        client = clients.get(db, party.key)
        with pytest.raises(InvalidInput, match="without a secret"):
            client_secrets.generate(db, SYSTEM, services.vault, client)


@pytest.mark.only_on("sqlite")
def test_no_new_secret_is_accepted(services: Services, party: RelyingParty) -> None:
    typed = "a secret that a person chose"
    with services.database.transaction() as db:
        client = clients.get(db, party.key)
        with pytest.raises(InvalidInput, match="without a secret"):
            client_secrets.add_entered(
                db,
                SYSTEM,
                services.vault,
                client,
                client_secrets.hash_entered_secret(services.passwords, typed),
            )

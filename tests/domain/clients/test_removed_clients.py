"""Ids of removed clients are not reused."""

import pytest
from flask import Flask
from sqlalchemy import text

from authserver.context import SYSTEM
from authserver.domain.clients import clients
from authserver.domain.orm import Base
from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, assert_error, register

ALONE = {"kind": "oauth2", "grant_types": ("client_credentials",), "redirect_uris": (), "response_types": ()}


def remove(services: Services, key: str) -> None:
    with services.database.transaction() as db:
        clients.remove(db, SYSTEM, clients.get(db, key))


def test_new_client_is_not_confused_with_a_removed_one(app: Flask, services: Services) -> None:
    """I2, S26: a reused id would attach the cached registration and secret to the next client."""
    first = RelyingParty(app, *register(services, scopes=("first",), **ALONE))
    assert first.token(grant_type="client_credentials").status_code == 200
    remove(services, first.key)
    second = RelyingParty(app, *register(services, scopes=("second",), **ALONE))
    assert second.token(grant_type="client_credentials").get_json()["scope"] == "second"
    second.secret = first.secret
    assert_error(second.token(grant_type="client_credentials"), "invalid_client", 401)


@pytest.mark.only_on("sqlite")
def test_autoincrement_in_migrations_matches_the_models(services: Services) -> None:
    """The migrations create the tables, so a check of the models is not enough."""
    counted = {
        name
        for name, table in Base.metadata.tables.items()
        if table.dialect_options["sqlite"]["autoincrement"]
    }
    with services.database.reading() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'"))
        assert set(tables.scalars()) == counted
    assert {"clients", "client_secrets", "user_sessions", "authorizations"} <= counted

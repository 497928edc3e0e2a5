"""Clients: what is remembered of one that was removed never serves for another."""

import pytest
from flask import Flask
from sqlalchemy import text

from authserver.context import SYSTEM
from authserver.domain.clients import clients
from authserver.domain.orm import Base
from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, refused, register

ALONE = {"kind": "oauth2", "grant_types": ("client_credentials",), "redirect_uris": (), "response_types": ()}


def remove(services: Services, key: str) -> None:
    with services.database.transaction() as db:
        clients.remove(db, SYSTEM, clients.get(db, key))


def test_the_next_client_is_not_taken_for_a_removed_one(app: Flask, services: Services) -> None:
    """I2, S26: a database that gives ids out again must not bring a registration and its secret back."""
    first = RelyingParty(app, *register(services, scopes=("first",), **ALONE))
    assert first.token(grant_type="client_credentials").status_code == 200
    remove(services, first.key)
    second = RelyingParty(app, *register(services, scopes=("second",), **ALONE))
    assert second.token(grant_type="client_credentials").get_json()["scope"] == "second"
    second.secret = first.secret
    refused(second.token(grant_type="client_credentials"), "invalid_client", 401)


@pytest.mark.only_on("sqlite")
def test_the_tables_count_on_as_their_records_say(services: Services) -> None:
    """The migrations are what makes the tables."""
    counted = {
        name
        for name, table in Base.metadata.tables.items()
        if table.dialect_options["sqlite"]["autoincrement"]
    }
    with services.database.reading() as connection:
        made = connection.execute(text("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'"))
        assert set(made.scalars()) == counted
    assert {"clients", "client_secrets", "user_sessions", "authorizations"} <= counted

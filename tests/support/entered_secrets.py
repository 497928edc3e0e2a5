"""Clients whose secret an administrator entered."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count

from flask import Flask
from sqlalchemy import select, update

from authserver.context import SYSTEM
from authserver.domain.clients import client_secrets, clients
from authserver.domain.clients.client_secrets import ClientSecret
from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, register

SECRET = "a secret that a person chose"


def enter(services: Services, client_key: str, secret: str, *, is_only: bool = True) -> None:
    """Add an entered secret to a client."""
    hashed = client_secrets.hash_entered_secret(services.passwords, secret)
    with services.database.transaction() as db:
        client = clients.get(db, client_key)
        client_secrets.add_entered(db, SYSTEM, services.vault, client, hashed)
        if is_only:
            client_secrets.expire_others(db, SYSTEM, client, after=timedelta(0))


def party(app: Flask, services: Services, secret: str = SECRET, **registration: object) -> RelyingParty:
    """Register a client that has only an entered secret."""
    registered = RelyingParty(app, register(services, **registration)[0], secret)  # type: ignore[arg-type]
    enter(services, registered.key, secret)
    return registered


def stored(services: Services, client_key: str) -> ClientSecret:
    """Return the newest secret of a client."""
    with services.database.transaction(write=False) as db:
        client = clients.get(db, client_key)
        return db.scalars(
            select(ClientSecret).where(ClientSecret.client_id == client.id).order_by(ClientSecret.id.desc())
        ).first()  # type: ignore[return-value]


def forget_hints(services: Services) -> None:
    """Turn all secrets into those of an older version, which stored no hints."""
    with services.database.transaction() as db:
        db.execute(update(ClientSecret).where(ClientSecret.form == "argon2").values(hint=None, pepper_id=""))


def guesses_with_hint(services: Services, client_key: str) -> Iterator[str]:
    """Yield wrong secrets that have the hint of the client's secret."""
    row = stored(services, client_key)
    for number in count():
        guess = f"a guess with the number {number}"
        if client_secrets.hint_of(services.vault, row.stored, guess, row.pepper_id) == row.hint:
            yield guess

"""Consumer keys that a program asked for by itself (Jazz's requestKey): pending until an administrator decides.

How many may ask and wait, and for how long, is in ``unapproved``.
"""

from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from authserver.context import Actor
from authserver.domain import text_rules, throttles
from authserver.domain.clients import client_secrets, clients, pending_clients, registrations
from authserver.domain.clients.clients import Client
from authserver.domain.clients.registrations import Registration
from authserver.domain.keys.vault import Vault
from authserver.domain.oauth1 import consumers
from authserver.domain.oauth1.consumers import ConsumerOptions
from authserver.domain.throttles import Bucket
from authserver.errors import InvalidInput
from authserver.settings import Settings
from authserver.vocabulary import ClientKind


def bucket(vault: Vault, settings: Settings, address: str) -> Bucket:
    """Return what is counted for requests from an address."""
    return pending_clients.bucket(
        vault, "request-key", throttles.network_of(address), settings.consumer_requests
    )


def add(db: Session, actor: Actor, vault: Vault, document: dict[str, Any]) -> Client:
    """Register a pending consumer from what a program sent; raises InvalidInput, or Throttled when too many wait."""
    name, secret = _name(document, actor), _secret(document)
    pending_clients.check_room(db, pending_clients.REQUESTED)
    # Trust that an anonymous caller asks for is a wish, shown to the administrator and never applied.
    consumer = ConsumerOptions(wants_trust=document.get("trusted") in (True, "true"))
    registration = Registration(kind=ClientKind.OAUTH1, name=name, details=consumer.details())
    client = clients.register(db, actor, registration, source=pending_clients.REQUESTED)
    client_secrets.set_requested(db, actor, vault, client, secret)
    return client


def approve(
    db: Session,
    actor: Actor,
    client: Client,
    *,
    revision: int,
    is_trusted: bool,
    allows_1_0: bool,
    callbacks: list[str],
) -> None:
    """Let a requested consumer be used, with what the administrator decided about it; raises Conflict, InvalidInput."""
    options = replace(consumers.options_of(client.details), allows_1_0=allows_1_0, wants_trust=False)
    wanted = replace(
        registrations.registration_of(client),
        redirect_uris=tuple(callbacks),
        is_trusted=is_trusted,
        details={**client.details, **options.details()},
    )
    clients.edit(db, actor, client, wanted, revision=revision)
    clients.approve(db, actor, client, revision=client.revision)


def _name(document: dict[str, Any], actor: Actor) -> str:
    name = document.get("name")
    if name is None or name == "":
        return f"Consumer at {actor.address or 'an unknown host'}"
    if not isinstance(name, str):
        raise InvalidInput({"name": "name must be a string."})
    return text_rules.clean_line("name", "name", name)


def _secret(document: dict[str, Any]) -> str:
    secret = document.get("secret")
    if not isinstance(secret, str) or not secret:
        raise InvalidInput({"secret": "secret must be a string that is not empty."})
    return secret

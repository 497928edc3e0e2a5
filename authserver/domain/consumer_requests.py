"""Consumer keys that a program asked for by itself (Jazz's requestKey): pending until an administrator decides, and
deleted when nobody does. Asking is anonymous, so it is limited by network and in number."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from authserver import clock
from authserver.context import SYSTEM, Actor
from authserver.domain import client_secrets, clients, consumers, texts, throttles
from authserver.domain.clients import Client
from authserver.domain.consumers import Consumer
from authserver.domain.registrations import Registration
from authserver.domain.throttles import Bucket
from authserver.domain.vault import Vault
from authserver.errors import InvalidInput, Throttled
from authserver.settings import Settings
from authserver.terms import Kind, Status

SOURCE = "requestKey"
MAX_PENDING = 1000
_WINDOW = timedelta(hours=1)


def bucket(vault: Vault, settings: Settings, address: str) -> Bucket:
    """Return what is counted for requests from an address."""
    network = throttles.network_of(address)
    return throttles.bucket(vault, "request-key", network, limit=settings.consumer_requests, window=_WINDOW)


def add(session: Session, actor: Actor, vault: Vault, document: dict[str, Any]) -> Client:
    """Register a pending consumer from what a program sent; raises InvalidInput, or Throttled when too many wait."""
    name, secret = _name(document, actor), _secret(document)
    if _count_waiting(session) >= MAX_PENDING:
        raise Throttled(retry_after=3600)
    # Trust that an anonymous caller asks for is a wish, shown to the administrator and never applied.
    consumer = Consumer(wants_trust=document.get("trusted") in (True, "true"))
    registration = Registration(kind=Kind.OAUTH1, name=name, details=consumer.details())
    client = clients.register(session, actor, registration, source=SOURCE)
    client_secrets.set_requested(session, actor, vault, client, secret)
    return client


def approve(
    session: Session,
    actor: Actor,
    client: Client,
    *,
    revision: int,
    is_trusted: bool,
    allows_1_0: bool,
    callbacks: list[str],
) -> None:
    """Let a requested consumer be used, with what the administrator decided about it; raises Conflict, InvalidInput."""
    options = replace(consumers.of(client.details), allows_1_0=allows_1_0, wants_trust=False)
    wanted = Registration(
        kind=Kind.OAUTH1,
        name=client.name,
        redirect_uris=tuple(callbacks),
        is_trusted=is_trusted,
        details={**client.details, **options.details()},
    )
    clients.edit(session, actor, client, wanted, revision=revision)
    clients.approve(session, actor, client, revision=client.revision)


def purge(session: Session, settings: Settings) -> int:
    """Delete requested consumers that nobody has decided about in time; return how many."""
    before = clock.now() - settings.consumer_request_lifetime
    overdue = list(
        session.scalars(_waiting(select(Client)).where(Client.created_at < before).limit(MAX_PENDING))
    )
    for client in overdue:
        clients.remove(session, SYSTEM, client)
    return len(overdue)


def _waiting(statement: Any) -> Any:
    # One that was approved once and is pending again for a change of its own is nobody's leftover.
    return statement.where(
        Client.status == Status.PENDING, Client.source == SOURCE, Client.decided_at.is_(None)
    )


def _count_waiting(session: Session) -> int:
    return int(session.scalar(_waiting(select(func.count()).select_from(Client))) or 0)


def _name(document: dict[str, Any], actor: Actor) -> str:
    name = document.get("name")
    if name is None or name == "":
        return f"Consumer at {actor.address or 'an unknown host'}"
    if not isinstance(name, str):
        raise InvalidInput({"name": "name must be a string."})
    return texts.clean("name", "name", name)


def _secret(document: dict[str, Any]) -> str:
    secret = document.get("secret")
    if not isinstance(secret, str) or not secret:
        raise InvalidInput({"secret": "secret must be a string that is not empty."})
    return secret

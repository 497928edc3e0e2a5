"""Consumer keys that applications request (the requestKey endpoint of IBM Jazz).

The consumer stays pending until an administrator decides about it. The limits on requests are in ``pending_clients``.
"""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from authserver.context import Actor
from authserver.domain import text_rules, throttles
from authserver.domain.clients import client_secrets, clients, pending_clients, registrations
from authserver.domain.clients.clients import Client
from authserver.domain.clients.redirect_uris import UriRules
from authserver.domain.oauth1 import consumers
from authserver.domain.oauth1.consumers import ConsumerOptions
from authserver.domain.throttles import Bucket
from authserver.domain.vault import Vault
from authserver.errors import InvalidInput
from authserver.settings import Settings
from authserver.vocabulary import ClientKind


def bucket(vault: Vault, settings: Settings, address: str) -> Bucket:
    """Return the rate limit for requests from the network of an IP address."""
    return pending_clients.bucket(
        vault, "request-key", throttles.network_of(address), settings.consumer_requests
    )


def add(db: Session, actor: Actor, settings: Settings, vault: Vault, document: dict[str, Any]) -> Client:
    """Register a pending consumer from the JSON object of a request; raises InvalidInput."""
    name, secret = _name(document, actor), _secret(document)
    pending_clients.make_room(db, settings, pending_clients.REQUESTED, actor.address)
    # An anonymous caller may request trust. The administrator sees the request, but the server never acts on it.
    consumer = ConsumerOptions(wants_trust=document.get("trusted") in (True, "true"))
    metadata = registrations.validate({"kind": ClientKind.OAUTH1, "name": name, **consumer.details()})
    client = clients.register(db, actor, metadata, source=pending_clients.REQUESTED)
    client_secrets.add_requested(db, actor, vault, client, secret)
    return client


@dataclass(frozen=True)
class Decision:
    """The settings that an administrator chooses when approving a requested consumer."""

    is_trusted: bool
    allows_1_0: bool
    callbacks: tuple[str, ...]


def approve(
    db: Session, actor: Actor, client: Client, decision: Decision, uri_rules: UriRules, *, revision: int
) -> None:
    """Approve a requested consumer with the administrator's settings; raises Conflict or InvalidInput."""
    clients.check_revision(client, revision)
    options = replace(consumers.options_of(client.details), allows_1_0=decision.allows_1_0, wants_trust=False)
    changes = {"redirect_uris": decision.callbacks, "is_trusted": decision.is_trusted, **options.details()}
    wanted = registrations.validate_change(client, changes, uri_rules)
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
        raise InvalidInput({"secret": "secret must be a non-empty string."})
    return secret

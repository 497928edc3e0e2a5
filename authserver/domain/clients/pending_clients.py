"""Limits on clients that registered themselves and wait for an administrator's decision.

Registration is anonymous. Therefore the registrations per network and the number of pending clients are limited, and a
client is deleted if no administrator decides about it in time. There is one waiting list for each source. A network has
a share of it. If the list is full, a new client replaces the oldest client of the network with the most clients, so that
one network cannot keep the others out. ``oauth1.consumer_requests`` registers OAuth 1.0a consumers,
``self_registration`` all other clients.
"""

from collections import defaultdict
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from authserver import clock, logs
from authserver.context import SYSTEM
from authserver.domain import throttles
from authserver.domain.clients import clients
from authserver.domain.clients.clients import Client
from authserver.domain.orm import ROW_LOCK, lock
from authserver.domain.throttles import Bucket
from authserver.domain.vault import Vault
from authserver.settings import Settings
from authserver.vocabulary import ClientStatus

REQUESTED = "requestKey"
REGISTERED = "registration"
SOURCES = (REQUESTED, REGISTERED)
MAX_PENDING = 1000
WINDOW = timedelta(hours=1)

log = logs.get("registration")


def bucket(vault: Vault, action: str, who: str, limit: int) -> Bucket:
    """Return the bucket for the hourly limit of an action by a network or a client."""
    return throttles.bucket(vault, action, who, limit=limit, window=WINDOW)


def make_room(db: Session, settings: Settings, source: str, address: str) -> None:
    """Delete pending clients of a source so that one more fits, from the network of an IP address.

    Call this before the transaction locks any row.
    """
    # Registrations wait for each other, so that concurrent ones cannot exceed the limits.
    lock(db, f"pending-clients-{source}")
    purge(db, settings)
    network = throttles.network_of(address[:64])
    waiting = _waiting_by_network(db, source)
    while len(waiting[network]) >= settings.pending_clients_per_network:
        _remove_oldest(db, waiting, network)
    while sum(map(len, waiting.values())) >= MAX_PENDING:
        _remove_oldest(db, waiting, _largest(waiting, network))


def purge(db: Session, settings: Settings) -> int:
    """Delete clients that have been pending for too long; return their number."""
    before = clock.now() - settings.consumer_request_lifetime
    overdue = _undecided(select(Client), SOURCES).where(Client.created_at < before).order_by(Client.id)
    # Several nodes can purge at the same time. Each skips the rows that another node has locked.
    found = list(db.scalars(overdue.limit(MAX_PENDING).with_for_update(skip_locked=True)))
    for client in found:
        clients.remove(db, SYSTEM, client)
    return len(found)


def _waiting_by_network(db: Session, source: str) -> dict[str, list[int]]:
    """Return the ids of the pending clients of each network, oldest first."""
    found = _undecided(select(Client.id, Client.registered_from), (source,)).order_by(Client.id)
    waiting: dict[str, list[int]] = defaultdict(list)
    for client_id, address in db.execute(found):
        waiting[throttles.network_of(address)].append(client_id)
    return waiting


def _largest(waiting: dict[str, list[int]], network: str) -> str:
    """Return the network with the most clients, counting the new client of ``network``."""

    def rank(name: str) -> tuple[int, bool, int]:
        # Of several such networks, prefer the one that registers the new client, then the one that has waited longest.
        return len(waiting[name]) + (name == network), name == network, -waiting[name][0]

    return max((name for name in waiting if waiting[name]), key=rank)


def _remove_oldest(db: Session, waiting: dict[str, list[int]], network: str) -> None:
    """Delete the oldest client of a network, and remove it from ``waiting``."""
    oldest = waiting[network].pop(0)
    found = _undecided(select(Client), SOURCES).where(Client.id == oldest)
    # A client that another transaction has locked is being decided about, changed or deleted. It does not count any more.
    client = db.scalars(found.with_for_update(skip_locked=True, **ROW_LOCK)).one_or_none()
    if client is not None:
        clients.remove(db, SYSTEM, client)
        log.warning(
            "pending client replaced", client=client.client_key, network=network, source=client.source
        )


def _undecided(statement: Any, sources: tuple[str, ...]) -> Any:
    # A client that an administrator has already decided about is kept, even if it is pending again.
    return statement.where(
        Client.status == ClientStatus.PENDING, Client.source.in_(sources), Client.decided_at.is_(None)
    )

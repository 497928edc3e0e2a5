"""Clients that asked to be registered by themselves, and about which nobody has decided yet.

Asking is anonymous, so it is limited by network and in number, and what nobody decides about is deleted. Consumer keys
of OAuth 1.0a are asked for in ``consumer_requests``, clients of OAuth 2.0 in ``client_registrations``.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from authserver import clock
from authserver.context import SYSTEM
from authserver.domain import throttles
from authserver.domain.clients import clients
from authserver.domain.clients.clients import Client
from authserver.domain.keys.vault import Vault
from authserver.domain.throttles import Bucket
from authserver.errors import Throttled
from authserver.settings import Settings
from authserver.vocabulary import ClientStatus

REQUESTED = "requestKey"
REGISTERED = "registration"
SOURCES = (REQUESTED, REGISTERED)
MAX_WAITING = 1000
_WINDOW = timedelta(hours=1)


def bucket(vault: Vault, action: str, who: str, limit: int) -> Bucket:
    """Return what is counted within an hour for a network or a client."""
    return throttles.bucket(vault, action, who, limit=limit, window=_WINDOW)


def check_room(db: Session, source: str) -> None:
    """Raise Throttled when so many of a source wait that no administrator could look at one more."""
    waiting = _waiting(select(func.count()).select_from(Client), (source,))
    if int(db.scalar(waiting) or 0) >= MAX_WAITING:
        raise Throttled(retry_after=3600)


def purge(db: Session, settings: Settings) -> int:
    """Delete those that nobody has decided about in time; return how many."""
    before = clock.now() - settings.consumer_request_lifetime
    overdue = _waiting(select(Client), SOURCES).where(Client.created_at < before).order_by(Client.id)
    # Several nodes do this at the same time: each takes what no other has in hand.
    found = list(db.scalars(overdue.limit(MAX_WAITING).with_for_update(skip_locked=True)))
    for client in found:
        clients.remove(db, SYSTEM, client)
    return len(found)


def _waiting(statement: Any, sources: tuple[str, ...]) -> Any:
    # One that was decided about and is pending again is nobody's leftover.
    return statement.where(
        Client.status == ClientStatus.PENDING, Client.source.in_(sources), Client.decided_at.is_(None)
    )

"""Limits on clients that registered themselves and wait for an administrator's decision.

Registration is anonymous. Therefore the registrations per network and the number of pending clients are limited, and a
client is deleted if no administrator decides about it in time.
``oauth1.consumer_requests`` registers OAuth 1.0a consumers, ``self_registration`` all other clients.
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
from authserver.domain.throttles import Bucket
from authserver.domain.vault import Vault
from authserver.errors import Throttled
from authserver.settings import Settings
from authserver.vocabulary import ClientStatus

REQUESTED = "requestKey"
REGISTERED = "registration"
SOURCES = (REQUESTED, REGISTERED)
MAX_PENDING = 1000
_WINDOW = timedelta(hours=1)


def bucket(vault: Vault, action: str, who: str, limit: int) -> Bucket:
    """Return the bucket for the hourly limit of an action by a network or a client."""
    return throttles.bucket(vault, action, who, limit=limit, window=_WINDOW)


def check_pending_limit(db: Session, source: str) -> None:
    """Raise Throttled if too many clients of a source are pending."""
    pending = _undecided(select(func.count()).select_from(Client), (source,))
    if int(db.scalar(pending) or 0) >= MAX_PENDING:
        text = "Too many clients are waiting for approval. Ask an administrator, or try again in an hour."
        raise Throttled(retry_after=3600, text=text)


def purge(db: Session, settings: Settings) -> int:
    """Delete clients that have been pending for too long; return their number."""
    before = clock.now() - settings.consumer_request_lifetime
    overdue = _undecided(select(Client), SOURCES).where(Client.created_at < before).order_by(Client.id)
    # Several nodes can purge at the same time. Each skips the rows that another node has locked.
    found = list(db.scalars(overdue.limit(MAX_PENDING).with_for_update(skip_locked=True)))
    for client in found:
        clients.remove(db, SYSTEM, client)
    return len(found)


def _undecided(statement: Any, sources: tuple[str, ...]) -> Any:
    # A client that an administrator has already decided about is kept, even if it is pending again.
    return statement.where(
        Client.status == ClientStatus.PENDING, Client.source.in_(sources), Client.decided_at.is_(None)
    )

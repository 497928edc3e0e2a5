"""Consents: the scopes that a user has granted to a client, until the user withdraws them.

A consent covers the client that the user saw. If an administrator changes the client's name, adds an origin to its
redirect URIs, or disapproves it, the consent no longer counts, and the user is asked again.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, cast, select
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship

from authserver import clock
from authserver.context import Actor
from authserver.domain import audit
from authserver.domain.audit import Event
from authserver.domain.authorizations import authorizations
from authserver.domain.clients import redirect_uris
from authserver.domain.clients.clients import Client
from authserver.domain.orm import ROW_LOCK, Base, Id, lock
from authserver.domain.text_rules import NAME_LENGTH


class Consent(Base):
    """The consent of one user to one client, as the client was at that time.

    ``client_origins`` are the origins or schemes of its redirect URIs. The three columns are None in rows that an older
    version has written, which may run at the same time as this one. Such a consent does not count.
    """

    __tablename__ = "consents"
    __table_args__ = (UniqueConstraint("user_id", "client_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    scopes: Mapped[list[str]]
    granted_at: Mapped[datetime]
    client_name: Mapped[str | None] = mapped_column(String(NAME_LENGTH))
    client_epoch: Mapped[int | None]
    client_origins: Mapped[list[str] | None]
    client: Mapped[Client] = relationship(lazy="raise")


def find(db: Session, user_id: int, client_id: int) -> Consent | None:
    """Return the consent of a user to a client, or None. Read it from the database even if it is already loaded."""
    return db.scalars(
        select(Consent).where(Consent.user_id == user_id, Consent.client_id == client_id),
        execution_options={"populate_existing": True},
    ).one_or_none()


def find_covering(db: Session, user_id: int, client_id: int) -> Consent | None:
    """Return the consent of a user to a client if it covers the client as it is now, or None."""
    row, client = find(db, user_id, client_id), db.get_one(Client, client_id)
    return row if row is not None and _covers(row, client) else None


def is_outdated(db: Session, user_id: int, client_id: int) -> bool:
    """Return whether the user has consented to the client, but the client has changed since then."""
    row = find(db, user_id, client_id)
    return row is not None and not _covers(row, db.get_one(Client, client_id))


def remember(db: Session, user_id: int, client_id: int, scopes: tuple[str, ...]) -> None:
    """Add scopes to the consent of a user to a client. If the client has changed, the scopes replace the earlier ones."""
    lock(db, f"consent:{user_id}:{client_id}")
    row, client = find(db, user_id, client_id), db.get_one(Client, client_id)
    if row is None:
        row = Consent(user_id=user_id, client_id=client_id, scopes=[])
        db.add(row)
    kept = row.scopes if _covers(row, client) else []
    row.scopes = sorted({*kept, *scopes})
    row.granted_at = clock.now()
    row.client_name = client.name
    row.client_epoch = client.epoch
    row.client_origins = redirect_uris.origins_and_schemes_of(client.redirect_uris)
    db.flush()


def remove_scope(db: Session, scope: str) -> None:
    """Remove a scope from all consents, so that users are asked for it again."""
    named = cast(Consent.scopes, String).contains(scope, autoescape=True)
    affected = select(Consent).where(named).order_by(Consent.id).with_for_update(**ROW_LOCK)
    for row in db.scalars(affected, execution_options={"populate_existing": True}):
        row.scopes = [name for name in row.scopes if name != scope]
    db.flush()


def consents_of_user(db: Session, user_id: int) -> list[Consent]:
    """Return a user's consents with their clients, sorted by the client's name."""
    rows = db.scalars(
        select(Consent)
        .where(Consent.user_id == user_id)
        .join(Client)
        .options(joinedload(Consent.client))
        .order_by(Client.name)
    )
    return list(rows)


def withdraw(db: Session, actor: Actor, user_id: int, client: Client) -> None:
    """Delete a user's consent to a client and revoke the user's authorizations of this client."""
    lock(db, f"consent:{user_id}:{client.id}")
    row = find(db, user_id, client.id)
    before = {"scopes": row.scopes} if row else None
    if row is not None:
        db.delete(row)
    authorizations.revoke_of_user_and_client(db, user_id, client.id)
    db.flush()
    audit.record(db, actor, Event.CONSENT_WITHDRAW, subject=client, user_id=user_id, before=before)


def _covers(row: Consent, client: Client) -> bool:
    origins = redirect_uris.origins_and_schemes_of(client.redirect_uris)
    is_same = row.client_name == client.name and row.client_epoch == client.epoch
    return is_same and set(origins) <= set(row.client_origins or ())

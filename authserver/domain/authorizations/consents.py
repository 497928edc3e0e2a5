"""Consents: the scopes that a user has granted to a client, until the user withdraws them."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, cast, select
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship

from authserver import clock
from authserver.context import Actor
from authserver.domain import audit
from authserver.domain.audit import Event
from authserver.domain.authorizations import authorizations
from authserver.domain.clients.clients import Client
from authserver.domain.orm import ROW_LOCK, Base, Id, lock


class Consent(Base):
    """The consent of one user to one client."""

    __tablename__ = "consents"
    __table_args__ = (UniqueConstraint("user_id", "client_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    scopes: Mapped[list[str]]
    granted_at: Mapped[datetime]
    client: Mapped[Client] = relationship(lazy="raise")


def find(db: Session, user_id: int, client_id: int) -> Consent | None:
    """Return the consent of a user to a client, or None. Read it from the database even if it is already loaded."""
    return db.scalars(
        select(Consent).where(Consent.user_id == user_id, Consent.client_id == client_id),
        execution_options={"populate_existing": True},
    ).one_or_none()


def remember(db: Session, user_id: int, client_id: int, scopes: tuple[str, ...]) -> None:
    """Add scopes to the consent of a user to a client."""
    lock(db, f"consent:{user_id}:{client_id}")
    row = find(db, user_id, client_id)
    if row is None:
        row = Consent(user_id=user_id, client_id=client_id, scopes=[])
        db.add(row)
    row.scopes = sorted({*row.scopes, *scopes})
    row.granted_at = clock.now()
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

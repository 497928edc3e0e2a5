"""Clients: the applications that sign users in, and whether administrators have approved them.

``metadata`` defines what a client can be registered with, and ``client_secrets`` stores its secrets. ``epoch`` is
incremented when everything issued to the client must stop working. ``revision`` is incremented with every change. A
cached registration is used only at the revision that the current request has read, and an administrator approves
exactly the revision that was shown.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ForeignKey, String, Table, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, validates

from authserver import clock
from authserver.context import Actor
from authserver.domain import audit, lock_order, revisions, text_rules
from authserver.domain.audit import Event
from authserver.domain.clients import name_skeletons, redirect_uris, registrations
from authserver.domain.clients.metadata import ClientMetadata
from authserver.domain.diagnostics import error_log
from authserver.domain.orm import NEVER_REUSE_IDS, Base, Id
from authserver.errors import InvalidInput, NotFound
from authserver.messages import message
from authserver.vocabulary import ClientStatus

IN_USE = timedelta(days=30)
"""Removing a client that had a sign-in within this time requires typing its name."""

OBSERVED_SIGN_INS = 20
"""The number of latest sign-ins with PKCE after which the console suggests to require it."""

_UNKNOWN = "There is no client with this key."
CHANGED = message("Someone else changed this client. Reload the page to see the current version.")
_ORIGIN_LENGTH = 300  # longer than any host name can be


class Client(Base):
    """A registered client. The lists are stored as JSON, because no query under load filters by their entries."""

    __tablename__ = "clients"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    client_key: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(10), index=True)
    name: Mapped[str] = mapped_column(String(text_rules.NAME_LENGTH))
    status: Mapped[str] = mapped_column(String(12), index=True)
    epoch: Mapped[int] = mapped_column(default=0)
    revision: Mapped[int] = mapped_column(default=1)
    redirect_uris: Mapped[list[str]]
    grant_types: Mapped[list[str]]
    response_types: Mapped[list[str]]
    scopes: Mapped[list[str]]
    auth_method: Mapped[str] = mapped_column(String(30))
    is_pkce_required: Mapped[bool]
    is_trusted: Mapped[bool] = mapped_column(default=False)
    details: Mapped[dict[str, Any]]
    source: Mapped[str] = mapped_column(String(20))
    registered_by: Mapped[str] = mapped_column(String(200))
    registered_from: Mapped[str] = mapped_column(String(64))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(index=True)
    updated_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(String(200), default="")
    last_sign_in_at: Mapped[datetime | None]
    # The number of latest sign-ins in a row with a code challenge, up to OBSERVED_SIGN_INS.
    pkce_sign_ins: Mapped[int | None]
    skeleton: Mapped[str | None] = mapped_column(String(name_skeletons.LENGTH), index=True)

    # The mapper increments the revision with every change, and rejects a write that is based on an older revision.
    __mapper_args__ = {"version_id_col": revision}

    @validates("name")
    def _keep_skeleton(self, _column: str, name: str) -> str:
        self.skeleton = name_skeletons.skeleton_of(name)
        return name

    @property
    def is_approved(self) -> bool:
        """Whether the client may be used."""
        return self.status == ClientStatus.APPROVED

    @property
    def always_sends_pkce(self) -> bool:
        """Whether the client sent PKCE in its latest sign-ins although it need not."""
        return not self.is_pkce_required and (self.pkce_sign_ins or 0) >= OBSERVED_SIGN_INS

    @property
    def is_in_use(self) -> bool:
        """Whether a user has signed in to the client recently."""
        return self.last_sign_in_at is not None and clock.now() - self.last_sign_in_at < IN_USE


class ClientOrigin(Base):
    """A web origin of a client's redirect URIs, stored so that clients can be looked up by origin (``web_origins``)."""

    __tablename__ = "client_origins"

    origin: Mapped[str] = mapped_column(String(_ORIGIN_LENGTH), primary_key=True)
    client_id: Mapped[int] = mapped_column(
        ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True, index=True
    )


def find(db: Session, client_key: str) -> Client | None:
    """Return the client with a key, or None."""
    if not client_key or len(client_key) > 64 or not client_key.isascii() or not client_key.isprintable():
        return None
    return db.scalars(select(Client).where(Client.client_key == client_key)).one_or_none()


def get(db: Session, client_key: str) -> Client:
    """Return the client with a key; raises NotFound."""
    client = find(db, client_key)
    if client is None:
        raise NotFound(_UNKNOWN)
    return client


def register(
    db: Session, actor: Actor, metadata: ClientMetadata, *, source: str, owner_id: int | None = None
) -> Client:
    """Add a pending client with a generated key."""
    now = clock.now()
    client = Client(
        client_key=secrets.token_hex(16),
        status=ClientStatus.PENDING,
        source=source,
        registered_by=actor.name[:200],
        registered_from=actor.address[:64],
        owner_id=owner_id,
        created_at=now,
        updated_at=now,
        **registrations.columns_of_metadata(metadata),
    )
    db.add(client)
    db.flush()
    store_origins(db, client.id, client.redirect_uris)
    audit.record(db, actor, Event.CLIENT_CREATE, subject=client, after=describe(client))
    return client


def edit(
    db: Session,
    actor: Actor,
    client: Client,
    metadata: ClientMetadata,
    *,
    revision: int,
    event: Event = Event.CLIENT_EDIT,
) -> None:
    """Replace a client's metadata with immediate effect; raises Conflict if ``revision`` is not the current one."""
    check_revision(client, revision)
    before = describe(client)
    for column, value in registrations.columns_of_metadata(metadata).items():
        setattr(client, column, value)
    client.updated_at = clock.now()
    save(db)
    store_origins(db, client.id, client.redirect_uris)
    audit.record(db, actor, event, subject=client, before=before, after=describe(client))


def approve(db: Session, actor: Actor, client: Client, *, revision: int) -> None:
    """Approve the client at this revision; raises Conflict if the client has changed since."""
    _decide(db, actor, client, ClientStatus.APPROVED, Event.CLIENT_APPROVE, revision)


def disapprove(db: Session, actor: Actor, client: Client, *, revision: int) -> None:
    """Disapprove the client: reject its requests from now on, and permanently invalidate everything issued to it."""
    check_revision(client, revision)
    client.epoch += 1
    _decide(db, actor, client, ClientStatus.DISAPPROVED, Event.CLIENT_DISAPPROVE, revision)


def remove(db: Session, actor: Actor, client: Client, *, typed_name: str | None = None) -> None:
    """Delete a client and everything issued to it.

    Raises InvalidInput if the typed name is wrong, and NotFound if another transaction has removed the client.
    """
    if typed_name is not None and client.is_in_use and typed_name.strip() != client.name:
        raise InvalidInput({"typed_name": "Type the name exactly as shown."})
    before = describe(client)
    if not lock_order.delete_with_dependents(db, cast("Table", Client.__table__), client.id):
        raise NotFound(_UNKNOWN)
    error_log.remove_errors(db, client.id)
    audit.record(db, actor, Event.CLIENT_REMOVE, subject=client, before=before)


def check_revision(client: Client, revision: int) -> None:
    """Raise Conflict if the client has another revision than this one."""
    revisions.check_revision(client, revision, CHANGED)


def touch(client: Client) -> None:
    """Increment the client's revision, because a record that belongs to it (such as a secret) has changed."""
    client.updated_at = clock.now()


def save(db: Session) -> None:
    """Flush the changes; raises Conflict if another transaction has changed the client."""
    revisions.save_revision(db, CHANGED)


def record_sign_in_time(db: Session, client_id: int) -> None:
    """Record the time of a sign-in to a client, without incrementing its revision."""
    signed_in = update(Client).where(Client.id == client_id).values(last_sign_in_at=clock.now())
    db.execute(signed_in, execution_options={"synchronize_session": False})


def has_sign_in(db: Session) -> bool:
    """Return whether any client has ever had a sign-in."""
    return db.scalar(select(Client.id).where(Client.last_sign_in_at.is_not(None)).limit(1)) is not None


def store_origins(db: Session, client_id: int, uris: Iterable[str]) -> None:
    """Replace the stored web origins of a client with those of its redirect URIs."""
    stored = set(db.scalars(select(ClientOrigin.origin).where(ClientOrigin.client_id == client_id)))
    wanted = {origin for origin in redirect_uris.web_origins_of(uris) if len(origin) <= _ORIGIN_LENGTH}
    if gone := stored - wanted:
        db.execute(
            delete(ClientOrigin).where(ClientOrigin.client_id == client_id, ClientOrigin.origin.in_(gone))
        )
    db.add_all(ClientOrigin(origin=origin, client_id=client_id) for origin in sorted(wanted - stored))
    db.flush()


def describe(client: Client) -> dict[str, Any]:
    """Return the values of a client for the audit trail. They never include a secret."""
    facts = {"client_key": client.client_key, "kind": client.kind, "name": client.name}
    columns = registrations.columns_of(registrations.stored_values(client))
    return facts | {"status": client.status} | registrations.audit_facts(columns)


def _decide(
    db: Session, actor: Actor, client: Client, status: ClientStatus, event: Event, revision: int
) -> None:
    check_revision(client, revision)
    before = describe(client)
    client.status = status
    client.decided_at = clock.now()
    client.decided_by = actor.name[:200]
    save(db)
    audit.record(db, actor, event, subject=client, before=before, after=describe(client))

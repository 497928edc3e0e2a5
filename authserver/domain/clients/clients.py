"""Clients: the software that signs users in, and its standing with the administrators.

Their secrets live in ``client_secrets``, the rules for redirect URIs in ``redirect_uris``. ``epoch`` rises when
everything made for the client so far must stop working; ``revision`` rises with every change, so that a cached policy
is used only for the revision that the same statement read, and an administrator approves exactly what was shown.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, validates

from authserver import clock
from authserver.context import Actor
from authserver.domain import audit, revisions, text_rules
from authserver.domain.audit import Event
from authserver.domain.clients import name_skeletons, registrations, web_origins
from authserver.domain.clients.registrations import Registration
from authserver.domain.diagnostics import error_log
from authserver.domain.orm import NEVER_REUSE_IDS, Base, Id
from authserver.errors import InvalidInput, NotFound
from authserver.messages import message
from authserver.vocabulary import ClientStatus

IN_USE = timedelta(days=30)
"""A client that signed somebody in within this time is not removed without its name being typed."""

CHANGED = message("Someone else changed this client. Reload the page to see the current version.")


class Client(Base):
    """A registered client; the lists are JSON because no query looks into them."""

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
    skeleton: Mapped[str | None] = mapped_column(String(name_skeletons.LENGTH), index=True)

    # The mapper raises the revision with every change and refuses a write that is based on an older one.
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
    def is_in_use(self) -> bool:
        """Whether somebody has signed in to the client lately."""
        return self.last_sign_in_at is not None and clock.now() - self.last_sign_in_at < IN_USE


def find(db: Session, client_key: str) -> Client | None:
    """Return the client with that key."""
    if not client_key or len(client_key) > 64 or not client_key.isascii() or not client_key.isprintable():
        return None
    return db.scalars(select(Client).where(Client.client_key == client_key)).one_or_none()


def get(db: Session, client_key: str) -> Client:
    """Return the client with that key; raises NotFound."""
    client = find(db, client_key)
    if client is None:
        raise NotFound("There is no client with this key.")
    return client


def register(
    db: Session, actor: Actor, registration: Registration, *, source: str, owner_id: int | None = None
) -> Client:
    """Add a pending client with a generated key; raises InvalidInput when a field is wrong."""
    registration = registrations.validate(registration)
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
        **registration.columns(),
    )
    db.add(client)
    db.flush()
    web_origins.write(db, client.id, client.redirect_uris)
    audit.record(db, actor, Event.CLIENT_CREATE, subject=client, after=describe(client))
    return client


def edit(
    db: Session,
    actor: Actor,
    client: Client,
    registration: Registration,
    *,
    revision: int,
    event: Event = Event.CLIENT_EDIT,
) -> None:
    """Change what a client is registered for, live at once; raises InvalidInput, or Conflict for a stale revision."""
    check_revision(client, revision)
    registration = registrations.validate(registration, known_name=client.name)
    before = describe(client)
    for column, value in registration.columns().items():
        setattr(client, column, value)
    client.updated_at = clock.now()
    save(db)
    web_origins.write(db, client.id, client.redirect_uris)
    audit.record(db, actor, event, subject=client, before=before, after=describe(client))


def approve(db: Session, actor: Actor, client: Client, *, revision: int) -> None:
    """Let the client be used, exactly as the approving person saw it; raises Conflict for a stale revision."""
    _decide(db, actor, client, ClientStatus.APPROVED, Event.CLIENT_APPROVE, revision)


def disapprove(db: Session, actor: Actor, client: Client, *, revision: int) -> None:
    """Stop the client on its next request; all it has been given stays dead when it is approved again."""
    check_revision(client, revision)
    client.epoch += 1
    _decide(db, actor, client, ClientStatus.DISAPPROVED, Event.CLIENT_DISAPPROVE, revision)


def remove(db: Session, actor: Actor, client: Client, *, typed_name: str | None = None) -> None:
    """Delete a client and everything made for it, for good; raises InvalidInput for a name typed wrong."""
    if typed_name is not None and client.is_in_use and typed_name.strip() != client.name:
        raise InvalidInput({"typed_name": "Type the name exactly as it is shown."})
    before = describe(client)
    error_log.forget(db, client.id)
    # The row is locked before the audit trail, in the order of those who issue something to this client meanwhile.
    db.execute(delete(Client).where(Client.id == client.id))
    audit.record(db, actor, Event.CLIENT_REMOVE, subject=client, before=before)


def check_revision(client: Client, revision: int) -> None:
    """Raise Conflict when the client is not the one that was looked at."""
    revisions.check_revision(client, revision, CHANGED)


def touch(client: Client) -> None:
    """Mark a change of something that belongs to the client, such as a secret, as a new revision."""
    client.updated_at = clock.now()


def save(db: Session) -> None:
    """Write what has changed so far; raises Conflict when somebody else changed the client meanwhile."""
    revisions.save_revision(db, CHANGED)


def note_sign_in(db: Session, client_id: int) -> None:
    """Note that somebody has signed in to a client; not through the mapper, as it is no change and no new revision."""
    signed_in = update(Client).where(Client.id == client_id).values(last_sign_in_at=clock.now())
    db.execute(signed_in, execution_options={"synchronize_session": False})


def has_sign_in(db: Session) -> bool:
    """Return whether anybody has ever signed in to any client."""
    return db.scalar(select(Client.id).where(Client.last_sign_in_at.is_not(None)).limit(1)) is not None


def describe(client: Client) -> dict[str, Any]:
    """Return what the audit trail says of a client; never a secret."""
    columns = {name: getattr(client, name) for name in registrations.COLUMNS}
    facts = {"client_key": client.client_key, "kind": client.kind, "name": client.name}
    return facts | {"status": client.status} | registrations.describe_registration(columns)


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

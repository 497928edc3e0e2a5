"""Clients that registered themselves (RFC 7591): the token with which they manage that (RFC 7592), and what they ask for.

A change by the client itself waits for an administrator while what was approved goes on serving (S2). Every step raises
the client's revision, so that exactly the change that was shown is approved. How many may register is in ``unapproved``.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ForeignKey, LargeBinary, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.orm.exc import StaleDataError

from authserver import clock
from authserver.context import Actor
from authserver.domain import audit
from authserver.domain.audit import Event
from authserver.domain.clients import (
    client_links,
    client_secrets,
    clients,
    logout_uris,
    pending_clients,
    registrations,
    sign_in_requirements,
)
from authserver.domain.clients.clients import Client
from authserver.domain.clients.registrations import Registration
from authserver.domain.keys.vault import Vault
from authserver.domain.orm import Base
from authserver.domain.tokens import opaque_tokens
from authserver.domain.tokens.opaque_tokens import OpaqueToken
from authserver.errors import Conflict
from authserver.vocabulary import ClientStatus, TokenPrefix

OWN_DETAILS = (
    "id_token_signed_response_alg",
    "userinfo_signed_response_alg",
    "subject_type",
    "sector_identifier_uri",
    "token_endpoint_auth_signing_alg",
    "jwks",
    "jwks_uri",
    *logout_uris.NAMES,
    *client_links.NAMES,
    *sign_in_requirements.NAMES,
)
"""The details that a client may set for itself; all others are for administrators (S16)."""

_OWN_COLUMNS = ("name", "redirect_uris", "grant_types", "response_types", "scopes", "auth_method")
_PURPOSE = "wanted-secret"
_NOT_WAITING = "This change does not wait any more."


class ClientRegistration(Base):
    """What belongs to a client that registered itself; ``wanted`` is the change that waits, in columns of the client."""

    __tablename__ = "client_registrations"

    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    wanted: Mapped[dict[str, Any] | None]
    wanted_secret: Mapped[str] = mapped_column(String(300), default="")
    wanted_at: Mapped[datetime | None]
    wanted_from: Mapped[str] = mapped_column(String(64), default="")


class PendingChange(NamedTuple):
    """A change that waits: since when, from where, and how the audit trail describes before and after."""

    at: datetime
    address: str
    before: dict[str, Any]
    after: dict[str, Any]
    registration: Registration


def add(db: Session, actor: Actor, vault: Vault, registration: Registration) -> tuple[Client, str, str]:
    """Register a pending client; return it with its secret, empty if it has none, and its registration token."""
    pending_clients.check_room(db, pending_clients.REGISTERED)
    client = clients.register(db, actor, registration, source=pending_clients.REGISTERED)
    secret = (
        client_secrets.generate(db, actor, vault, client)
        if client_secrets.are_used(client.kind, client.auth_method)
        else ""
    )
    token_secret = opaque_tokens.new_secret()
    db.add(ClientRegistration(client_id=client.id, digest=opaque_tokens.digest(token_secret)))
    db.flush()
    return client, secret, opaque_tokens.format_token(TokenPrefix.REGISTRATION_TOKEN, client.id, token_secret)


def authenticate(db: Session, client_key: str, token: OpaqueToken, *, is_writing: bool) -> Client | None:
    """Return the client of a registration token when it has that key; for writing, nobody else changes it meanwhile."""
    client = db.get(Client, token.id, with_for_update=True if is_writing else None)
    row = db.get(ClientRegistration, token.id)
    if client is None or row is None or client.client_key != client_key:
        return None
    return client if opaque_tokens.matches(token, row.digest) else None


def merged(client: Client, wanted: Registration) -> Registration:
    """Return what a client asks to be, with all that only administrators decide as it is."""
    details = {name: value for name, value in client.details.items() if name not in OWN_DETAILS}
    return replace(
        wanted,
        kind=client.kind,
        is_pkce_required=client.is_pkce_required,
        is_trusted=client.is_trusted,
        details={**details, **wanted.details},
    )


def edit(db: Session, actor: Actor, vault: Vault, client: Client, registration: Registration) -> str:
    """Change a client at once; return the secret that the change makes necessary, or an empty text."""
    clients.edit(db, actor, client, registration, revision=client.revision)
    _forget(db, client)
    if not needs_secret(db, client, registration.auth_method):
        return ""
    return client_secrets.generate(db, actor, vault, client)


def propose(db: Session, actor: Actor, vault: Vault, client: Client, registration: Registration) -> str:
    """Let a change wait in place of any older one; return the secret that works once it is approved, or an empty text."""
    row = db.get_one(ClientRegistration, client.id)
    registration = registrations.validate(registration, known_name=client.name)
    before, after = clients.describe(client), _described(client, registration)
    _forget(db, client)
    clients.touch(client)
    if before == after:
        clients.save(db)
        return ""
    secret = opaque_tokens.new_secret() if needs_secret(db, client, registration.auth_method) else ""
    columns = registration.columns()
    own = {name: value for name, value in registration.details.items() if name in OWN_DETAILS}
    row.wanted = {name: columns[name] for name in _OWN_COLUMNS} | {"details": own}
    row.wanted_secret = vault.seal(_PURPOSE, secret.encode()) if secret else ""
    row.wanted_at, row.wanted_from = clock.now(), actor.address[:64]
    clients.save(db)
    audit.record(db, actor, Event.CLIENT_ASK_CHANGE, subject=client, before=before, after=after)
    return secret


def pending_change_of(db: Session, client: Client) -> PendingChange | None:
    """Return the change that waits for an administrator; that of a disapproved client rests."""
    row = db.get(ClientRegistration, client.id)
    if row is None or row.wanted is None or row.wanted_at is None or not client.is_approved:
        return None
    wanted = registrations.from_columns({"kind": client.kind, **row.wanted})
    registration = merged(client, wanted)
    after = _described(client, registration)
    return PendingChange(row.wanted_at, row.wanted_from, clients.describe(client), after, registration)


def clients_with_pending_changes(db: Session, *, limit: int) -> list[tuple[Client, datetime]]:
    """Return the clients whose changes wait, the longest waiting first, with the time since when."""
    rows = select(Client, ClientRegistration.wanted_at).join(
        ClientRegistration, ClientRegistration.client_id == Client.id
    )
    waits = (ClientRegistration.wanted_at.is_not(None), Client.status == ClientStatus.APPROVED)
    ordered = rows.where(*waits).order_by(ClientRegistration.wanted_at, Client.id).limit(limit)
    return [(client, at) for client, at in db.execute(ordered) if at is not None]


def approve_change(db: Session, actor: Actor, vault: Vault, client: Client, *, revision: int) -> None:
    """Let the change that was shown count from now on; raises Conflict, or InvalidInput when a rule forbids it now."""
    change = _locked(db, client, revision)
    sealed = _forget(db, client)
    clients.edit(db, actor, client, change.registration, revision=revision, event=Event.CLIENT_APPROVE_CHANGE)
    if sealed:
        client_secrets.store_generated(db, actor, vault, client, vault.open(_PURPOSE, sealed).decode())


def discard_change(db: Session, actor: Actor, client: Client, *, revision: int) -> None:
    """Drop the change that was shown; what is registered stays. Raises Conflict."""
    change = _locked(db, client, revision)
    _forget(db, client)
    clients.touch(client)
    clients.save(db)
    audit.record(
        db, actor, Event.CLIENT_DISCARD_CHANGE, subject=client, before=change.after, after=change.before
    )


def needs_secret(db: Session, client: Client, auth_method: str) -> bool:
    """Return whether a client lacks the secret that a method of authentication wants."""
    return client_secrets.are_used(client.kind, auth_method) and not client_secrets.has_usable(
        db, client, auth_method
    )


def _locked(db: Session, client: Client, revision: int) -> PendingChange:
    # The client's row is locked before the registration's, as by a client that changes or deletes itself.
    try:
        found = db.get(Client, client.id, with_for_update=True, populate_existing=True)
    except StaleDataError as error:
        raise Conflict(clients.CHANGED) from error
    change = pending_change_of(db, client) if found is not None else None
    clients.check_revision(client, revision)
    if change is None:
        raise Conflict(_NOT_WAITING)
    return change


def _forget(db: Session, client: Client) -> str:
    row = db.get(ClientRegistration, client.id)
    if row is None:
        return ""
    sealed = row.wanted_secret
    row.wanted, row.wanted_secret, row.wanted_at, row.wanted_from = None, "", None, ""
    return sealed


def _described(client: Client, registration: Registration) -> dict[str, Any]:
    return clients.describe(client) | registrations.describe_registration(registration.columns())

"""Self-registered clients (RFC 7591): their registration access token (RFC 7592) and their pending changes.

A change by the client itself waits for an administrator, while the approved registration stays in effect (S2).
Requesting or discarding a change increments the client's revision, so that an administrator approves exactly the change
that was shown. The limits on registrations are in ``pending_clients``.
"""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ForeignKey, LargeBinary, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.orm.exc import StaleDataError

from authserver import clock
from authserver.context import Actor
from authserver.domain import audit, opaque_tokens
from authserver.domain.audit import Event
from authserver.domain.clients import client_secrets, clients, pending_clients, registrations
from authserver.domain.clients.clients import Client
from authserver.domain.clients.metadata import BY_CLIENT, ClientMetadata
from authserver.domain.clients.redirect_uris import UriRules
from authserver.domain.opaque_tokens import OpaqueToken
from authserver.domain.orm import ROW_LOCK, Base
from authserver.domain.vault import Vault
from authserver.errors import Conflict
from authserver.settings import Settings
from authserver.vocabulary import AuthMethod, ClientStatus, TokenPrefix

_PURPOSE = "wanted-secret"
_DEFAULT_METHODS = {AuthMethod.SECRET, AuthMethod.BASIC}
_NOT_PENDING = "This change is no longer pending. Reload the page to see the current version."


class ClientRegistration(Base):
    """The registration access token and pending change of a client. ``pending`` has the requested column values."""

    __tablename__ = "client_registrations"

    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    pending: Mapped[dict[str, Any] | None] = mapped_column("wanted")
    pending_secret: Mapped[str] = mapped_column("wanted_secret", String(300), default="")
    requested_at: Mapped[datetime | None] = mapped_column("wanted_at")
    requested_from: Mapped[str] = mapped_column("wanted_from", String(64), default="")


class PendingChange(NamedTuple):
    """A change that waits for approval.

    ``at`` and ``address`` state when and from where it was requested. ``before`` and ``after`` are the values for the
    audit trail, and ``values`` are the fields that the change sets.
    """

    at: datetime
    address: str
    before: dict[str, Any]
    after: dict[str, Any]
    values: dict[str, Any]


def add(
    db: Session, actor: Actor, settings: Settings, vault: Vault, metadata: ClientMetadata
) -> tuple[Client, str, str]:
    """Register a pending client. Return it, its secret ("" if it uses none) and its registration access token."""
    pending_clients.make_room(db, settings, pending_clients.REGISTERED, actor.address)
    client = clients.register(db, actor, metadata, source=pending_clients.REGISTERED)
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
    """Return the client with that key if the registration access token is its own, or None.

    If ``is_writing``, lock the client's row.
    """
    client = db.get(Client, token.id, with_for_update=ROW_LOCK if is_writing else None)
    row = db.get(ClientRegistration, token.id)
    if client is None or row is None or client.client_key != client_key:
        return None
    return client if opaque_tokens.matches(token, row.digest) else None


def merged(client: Client, requested: ClientMetadata, uri_rules: UriRules) -> ClientMetadata:
    """Return the metadata that a client requests. Fields that only administrators set are kept. Raises InvalidInput."""
    own = _own_values(requested)
    # Registration responses contain client_secret_basic for both methods, so a client that sends its metadata back, or
    # omits the method, must not change it.
    if {client.auth_method, own["auth_method"]} <= _DEFAULT_METHODS:
        own["auth_method"] = client.auth_method
    return registrations.validate(
        _merge(client, own),
        known=registrations.stored_values(client),
        uri_rules=uri_rules,
    )


def edit(db: Session, actor: Actor, vault: Vault, client: Client, metadata: ClientMetadata) -> str:
    """Change a client immediately. Return a new secret if the change requires one, or an empty string."""
    clients.edit(db, actor, client, metadata, revision=client.revision)
    _clear_pending_change(db, client)
    if not needs_secret(db, client, metadata.auth_method):
        return ""
    return client_secrets.generate(db, actor, vault, client)


def propose(db: Session, actor: Actor, vault: Vault, client: Client, metadata: ClientMetadata) -> str:
    """Store a pending change, which replaces an earlier one.

    Return the secret that becomes valid with the approval, or an empty string.
    """
    row = db.get_one(ClientRegistration, client.id)
    before, after = clients.describe(client), _described(client, registrations.columns_of_metadata(metadata))
    _clear_pending_change(db, client)
    clients.touch(client)
    if before == after:
        clients.save(db)
        return ""
    secret = opaque_tokens.new_secret() if needs_secret(db, client, metadata.auth_method) else ""
    row.pending = registrations.columns_of(_own_values(metadata))
    row.pending_secret = vault.seal(_PURPOSE, secret.encode()) if secret else ""
    row.requested_at, row.requested_from = clock.now(), actor.address[:64]
    clients.save(db)
    audit.record(db, actor, Event.CLIENT_ASK_CHANGE, subject=client, before=before, after=after)
    return secret


def pending_change_of(db: Session, client: Client) -> PendingChange | None:
    """Return the change of an approved client that waits for an administrator, or None."""
    row = db.get(ClientRegistration, client.id)
    if row is None or row.pending is None or row.requested_at is None or not client.is_approved:
        return None
    values = _merge(client, registrations.values_of_columns(row.pending))
    after = _described(client, registrations.columns_of(values))
    return PendingChange(row.requested_at, row.requested_from, clients.describe(client), after, values)


def clients_with_pending_changes(db: Session, *, limit: int) -> list[tuple[Client, datetime]]:
    """Return the clients with pending changes and the time of each request, oldest first."""
    rows = select(Client, ClientRegistration.requested_at).join(
        ClientRegistration, ClientRegistration.client_id == Client.id
    )
    waits = (ClientRegistration.requested_at.is_not(None), Client.status == ClientStatus.APPROVED)
    ordered = rows.where(*waits).order_by(ClientRegistration.requested_at, Client.id).limit(limit)
    return [(client, at) for client, at in db.execute(ordered) if at is not None]


def changed_metadata(client: Client, change: PendingChange, uri_rules: UriRules) -> ClientMetadata:
    """Return the metadata of a client with the change; raises InvalidInput if a rule now forbids the change."""
    return registrations.validate(
        change.values,
        known=registrations.stored_values(client),
        uri_rules=uri_rules,
    )


def approve_change(
    db: Session, actor: Actor, vault: Vault, client: Client, uri_rules: UriRules, *, revision: int
) -> None:
    """Apply the change that was shown; raises Conflict, or InvalidInput if a rule now forbids the change."""
    change = _locked(db, client, revision)
    metadata = changed_metadata(client, change, uri_rules)
    sealed = _clear_pending_change(db, client)
    clients.edit(db, actor, client, metadata, revision=revision, event=Event.CLIENT_APPROVE_CHANGE)
    if sealed:
        client_secrets.store_generated(db, actor, vault, client, vault.open(_PURPOSE, sealed).decode())


def discard_change(db: Session, actor: Actor, client: Client, *, revision: int) -> None:
    """Discard the change that was shown; raises Conflict."""
    change = _locked(db, client, revision)
    _clear_pending_change(db, client)
    clients.touch(client)
    clients.save(db)
    audit.record(
        db, actor, Event.CLIENT_DISCARD_CHANGE, subject=client, before=change.after, after=change.before
    )


def needs_secret(db: Session, client: Client, auth_method: str) -> bool:
    """Return whether a client lacks the secret that an authentication method needs."""
    return client_secrets.are_used(client.kind, auth_method) and not client_secrets.has_usable(
        db, client, auth_method
    )


def _locked(db: Session, client: Client, revision: int) -> PendingChange:
    # Lock the client's row before the registration's, in the same order as requests of the client itself.
    try:
        found = db.get(Client, client.id, with_for_update=ROW_LOCK, populate_existing=True)
    except StaleDataError as error:
        raise Conflict(clients.CHANGED) from error
    change = pending_change_of(db, client) if found is not None else None
    clients.check_revision(client, revision)
    if change is None:
        raise Conflict(_NOT_PENDING)
    return change


def _clear_pending_change(db: Session, client: Client) -> str:
    row = db.get(ClientRegistration, client.id)
    if row is None:
        return ""
    sealed = row.pending_secret
    row.pending, row.pending_secret, row.requested_at, row.requested_from = None, "", None, ""
    return sealed


def _own_values(metadata: ClientMetadata) -> dict[str, Any]:
    values = registrations.values_of_columns(registrations.columns_of_metadata(metadata))
    return {name: value for name, value in values.items() if name in BY_CLIENT}


def _merge(client: Client, own: dict[str, Any]) -> dict[str, Any]:
    stored = registrations.stored_values(client)
    return {name: value for name, value in stored.items() if name not in BY_CLIENT} | own


def _described(client: Client, columns: dict[str, Any]) -> dict[str, Any]:
    return clients.describe(client) | registrations.audit_facts(columns)

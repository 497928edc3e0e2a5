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
from authserver.domain import (
    audit,
    client_demands,
    client_links,
    client_secrets,
    clients,
    handles,
    logout_uris,
    registrations,
    unapproved,
)
from authserver.domain.clients import Client
from authserver.domain.db import Base
from authserver.domain.handles import Handle
from authserver.domain.registrations import Registration
from authserver.domain.vault import Vault
from authserver.errors import Conflict
from authserver.terms import Prefix, Status

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
    *client_demands.NAMES,
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


class Change(NamedTuple):
    """A change that waits: since when, from where, and how the audit trail describes before and after."""

    at: datetime
    address: str
    before: dict[str, Any]
    after: dict[str, Any]
    registration: Registration


def add(session: Session, actor: Actor, vault: Vault, registration: Registration) -> tuple[Client, str, str]:
    """Register a pending client; return it with its secret, empty if it has none, and its registration token."""
    unapproved.check_room(session, unapproved.REGISTERED)
    client = clients.register(session, actor, registration, source=unapproved.REGISTERED)
    secret = (
        client_secrets.generate(session, actor, vault, client)
        if client_secrets.are_used(client.kind, client.auth_method)
        else ""
    )
    token_secret = handles.new_secret()
    session.add(ClientRegistration(client_id=client.id, digest=handles.digest(token_secret)))
    session.flush()
    return client, secret, handles.write(Prefix.REGISTRATION_TOKEN, client.id, token_secret)


def authenticate(session: Session, client_key: str, token: Handle, *, is_writing: bool) -> Client | None:
    """Return the client of a registration token when it has that key; for writing, nobody else changes it meanwhile."""
    client = session.get(Client, token.id, with_for_update=True if is_writing else None)
    row = session.get(ClientRegistration, token.id)
    if client is None or row is None or client.client_key != client_key:
        return None
    return client if handles.matches(token, row.digest) else None


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


def edit(session: Session, actor: Actor, vault: Vault, client: Client, registration: Registration) -> str:
    """Change a client at once; return the secret that the change makes necessary, or an empty text."""
    clients.edit(session, actor, client, registration, revision=client.revision)
    _forget(session, client)
    if not needs_secret(session, client, registration.auth_method):
        return ""
    return client_secrets.generate(session, actor, vault, client)


def propose(session: Session, actor: Actor, vault: Vault, client: Client, registration: Registration) -> str:
    """Let a change wait in place of any older one; return the secret that works once it is approved, or an empty text."""
    row = session.get_one(ClientRegistration, client.id)
    registration = registrations.check(registration, known_name=client.name)
    before, after = clients.describe(client), _described(client, registration)
    _forget(session, client)
    clients.touch(client)
    if before == after:
        clients.save(session)
        return ""
    secret = handles.new_secret() if needs_secret(session, client, registration.auth_method) else ""
    columns = registration.columns()
    own = {name: value for name, value in registration.details.items() if name in OWN_DETAILS}
    row.wanted = {name: columns[name] for name in _OWN_COLUMNS} | {"details": own}
    row.wanted_secret = vault.seal(_PURPOSE, secret.encode()) if secret else ""
    row.wanted_at, row.wanted_from = clock.now(), actor.address[:64]
    clients.save(session)
    audit.record(session, actor, "client:ask-change", subject=client, before=before, after=after)
    return secret


def waiting(session: Session, client: Client) -> Change | None:
    """Return the change that waits for an administrator; that of a disapproved client rests."""
    row = session.get(ClientRegistration, client.id)
    if row is None or row.wanted is None or row.wanted_at is None or not client.is_approved:
        return None
    wanted = registrations.from_columns({"kind": client.kind, **row.wanted})
    registration = merged(client, wanted)
    after = _described(client, registration)
    return Change(row.wanted_at, row.wanted_from, clients.describe(client), after, registration)


def changing(session: Session, *, limit: int) -> list[tuple[Client, datetime]]:
    """Return the clients whose changes wait, the longest waiting first, with the time since when."""
    rows = select(Client, ClientRegistration.wanted_at).join(
        ClientRegistration, ClientRegistration.client_id == Client.id
    )
    waits = (ClientRegistration.wanted_at.is_not(None), Client.status == Status.APPROVED)
    ordered = rows.where(*waits).order_by(ClientRegistration.wanted_at, Client.id).limit(limit)
    return [(client, at) for client, at in session.execute(ordered) if at is not None]


def approve_change(session: Session, actor: Actor, vault: Vault, client: Client, *, revision: int) -> None:
    """Let the change that was shown count from now on; raises Conflict, or InvalidInput when a rule forbids it now."""
    change = _locked(session, client, revision)
    sealed = _forget(session, client)
    clients.edit(
        session, actor, client, change.registration, revision=revision, event="client:approve-change"
    )
    if sealed:
        client_secrets.give(session, actor, vault, client, vault.open(_PURPOSE, sealed).decode())


def discard_change(session: Session, actor: Actor, client: Client, *, revision: int) -> None:
    """Drop the change that was shown; what is registered stays. Raises Conflict."""
    change = _locked(session, client, revision)
    _forget(session, client)
    clients.touch(client)
    clients.save(session)
    audit.record(
        session, actor, "client:discard-change", subject=client, before=change.after, after=change.before
    )


def needs_secret(session: Session, client: Client, auth_method: str) -> bool:
    """Return whether a client lacks the secret that a method of authentication wants."""
    return client_secrets.are_used(client.kind, auth_method) and not client_secrets.has_usable(
        session, client, auth_method
    )


def _locked(session: Session, client: Client, revision: int) -> Change:
    # The client's row is locked before the registration's, as by a client that changes or deletes itself.
    try:
        found = session.get(Client, client.id, with_for_update=True, populate_existing=True)
    except StaleDataError as error:
        raise Conflict(clients.CHANGED) from error
    change = waiting(session, client) if found is not None else None
    clients.check_revision(client, revision)
    if change is None:
        raise Conflict(_NOT_WAITING)
    return change


def _forget(session: Session, client: Client) -> str:
    row = session.get(ClientRegistration, client.id)
    if row is None:
        return ""
    sealed = row.wanted_secret
    row.wanted, row.wanted_secret, row.wanted_at, row.wanted_from = None, "", None, ""
    return sealed


def _described(client: Client, registration: Registration) -> dict[str, Any]:
    return clients.describe(client) | registrations.describe(registration.columns())

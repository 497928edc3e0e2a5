"""The export of an account: everything that the database stores about a user, without secrets and digests.

The values are those of JSON. Points in time are texts (ISO 8601, UTC).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from authserver.context import Actor
from authserver.domain import audit
from authserver.domain.audit import AuditEvent, Event, EventFilter
from authserver.domain.authorizations import consents
from authserver.domain.authorizations.authorizations import Authorization
from authserver.domain.clients import client_search
from authserver.domain.clients.clients import Client
from authserver.domain.user_sessions import UserSession
from authserver.domain.users import second_factors
from authserver.domain.users.users import User
from authserver.vocabulary import CONFIGURE_SERVER

MAX_ROWS = 10_000
"""The maximum number of sessions, of authorizations and of audit events in an export. The newest ones are exported."""

_SESSION_FIELDS = (
    "created_at", "signed_in_at", "seen_at", "expires_at", "ended_at", "is_remembered", "acr", "amr", "address",
    "user_agent",
)  # fmt: skip
_AUTHORIZATION_FIELDS = ("grant_type", "scope", "is_offline", "auth_time", "created_at", "revoked_at")
_EVENT_FIELDS = ("at", "event", "channel", "subject_kind", "subject_name")


def export(db: Session, actor: Actor, user: User) -> dict[str, Any]:
    """Return the data of a user, and record the export."""
    audit.record(db, actor, Event.USER_EXPORT, subject=user)
    second_factor = second_factors.status_of(db, user.id)
    return {
        "account": _account(user),
        "claims": _claims(user),
        "attributes": user.attributes,
        "groups": user.group_names,
        "second_factor": {
            "authenticator_app": second_factor.is_enrolled,
            "set_up_at": _json(second_factor.since),
            "last_used_at": _json(second_factor.last_used_at),
            "unused_recovery_codes": second_factor.codes_left,
        },
        "sessions": _sessions(db, user.id),
        "consents": [
            {**_client(row.client), "scopes": row.scopes, "granted_at": _json(row.granted_at)}
            for row in consents.consents_of_user(db, user.id)
        ],
        "authorizations": _authorizations(db, user.id),
        "registered_clients": [_client(row) for row in client_search.clients_of_owner(db, user.id)],
        "audit_events": _events(db, user.id),
    }


def _account(user: User) -> dict[str, Any]:
    return {
        "username": user.username,
        "subject": user.subject,
        "active": user.is_active,
        "permissions": [CONFIGURE_SERVER] if user.may_configure_server else [],
        "created_at": _json(user.created_at),
        "updated_at": _json(user.updated_at),
        "last_sign_in_at": _json(user.last_sign_in_at),
    }


def _claims(user: User) -> dict[str, Any]:
    email = {"email": user.email, "email_verified": user.email_verified} if user.email else {}
    return {"name": user.name, **email, **user.profile}


def _sessions(db: Session, user_id: int) -> list[dict[str, Any]]:
    rows = select(UserSession).where(UserSession.user_id == user_id).order_by(UserSession.id.desc())
    return [_fields(row, _SESSION_FIELDS) for row in db.scalars(rows.limit(MAX_ROWS))]


def _authorizations(db: Session, user_id: int) -> list[dict[str, Any]]:
    rows = db.execute(
        select(Authorization, Client)
        .join(Client, Client.id == Authorization.client_id)
        .where(Authorization.user_id == user_id)
        .order_by(Authorization.id.desc())
        .limit(MAX_ROWS)
    )
    return [{**_client(client), **_fields(row, _AUTHORIZATION_FIELDS)} for row, client in rows]


def _events(db: Session, user_id: int) -> list[dict[str, Any]]:
    rows, _ = audit.page_of_events(db, EventFilter(user_id=user_id), limit=MAX_ROWS)
    return [_event(row, user_id) for row in rows]


def _event(row: AuditEvent, user_id: int) -> dict[str, Any]:
    """Return an event. Personal data of other users is omitted: their addresses, and the values of their accounts."""
    found = _fields(row, _EVENT_FIELDS) | {"actor": row.actor_name}
    if row.actor_id in (None, user_id):
        found["address"] = row.address
    if row.user_id == user_id:
        found |= {"before": row.before, "after": row.after}
    return found


def _client(client: Client) -> dict[str, str]:
    return {"client_key": client.client_key, "client_name": client.name}


def _fields(row: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: _json(getattr(row, name)) for name in names}


def _json(value: Any) -> Any:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value

"""Audit events as the console shows them, with a sentence and the fields that changed."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from authserver.domain.audit import AuditEvent
from authserver.domain.clients import client_search, metadata
from authserver.domain.users import user_search
from authserver.web.admin import audit_sentences
from authserver.web.admin.audit_sentences import Names

_LABELS = metadata.TITLES | {
    "client_key": "Client key",
    "email": "E-mail address",
    "email_verified": "E-mail address verified",
    "ends_at": "Ends at",
    "grant_type": "Grant type",
    "may_configure_server": "Configure Server",
    "pkce_required": metadata.TITLES["is_pkce_required"],
    "username": "User name",
}


class FieldChange(NamedTuple):
    """A changed field, with the values that were removed and added."""

    label: str
    removed: list[str]
    added: list[str]


class AuditEntry:
    """An audit event with its sentence and changed fields."""

    def __init__(self, event: AuditEvent, names: Names) -> None:
        self.event = event
        self.sentence = audit_sentences.sentence(event, names)
        self.names_actor = event.actor_name in self.sentence.striptags()
        self.changes = differences(event.before, event.after)


def entries_of(db: Session, events: Sequence[AuditEvent]) -> list[AuditEntry]:
    """Return the entries of events, with the names of the users and clients that they are about."""
    names = Names(
        user_search.names_of(db, {event.user_id for event in events if event.user_id}),
        client_search.names_of(db, {event.client_id for event in events if event.client_id}),
    )
    return [AuditEntry(event, names) for event in events]


def differences(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[FieldChange]:
    """Return the fields that differ. Lists are compared item by item."""
    old, new = _flat(before or {}), _flat(after or {})
    fields = [*old, *(field for field in new if field not in old)]
    found = (_change(field, value_texts(old.get(field)), value_texts(new.get(field))) for field in fields)
    return [change for change in found if change.removed or change.added]


def _flat(facts: Mapping[str, Any]) -> dict[str, Any]:
    # Treat each entry of a client's details as a separate field.
    details = facts.get("details")
    if not isinstance(details, Mapping):
        return dict(facts)
    return {name: value for name, value in facts.items() if name != "details"} | dict(details)


def _change(field: str, old: list[str], new: list[str]) -> FieldChange:
    return FieldChange(
        field_label(field),
        [item for item in old if item not in new],
        [item for item in new if item not in old],
    )


def field_label(field: str) -> str:
    """Return the label of a field."""
    return _LABELS.get(field, field.replace("_", " ").capitalize())


def value_texts(value: Any) -> list[str]:
    """Return a value as a list of strings. The list is empty for an empty value."""
    if value in (None, "", [], {}):
        return []
    if isinstance(value, list):
        return [_text(item) for item in value]
    return [_text(value)]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

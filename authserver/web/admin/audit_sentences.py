"""Sentences about audit events that name who did what, such as "alice signed in to Engineering Portal"."""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from authserver.domain.audit import EVENTS, AuditEvent, Event
from authserver.vocabulary import GrantType

_OWN_SENTENCES = {
    Event.SESSION_END: "{actor} signed out.",
    Event.USER_EDIT: "{actor} edited their account.",
    Event.USER_RENAME: "{actor} renamed their account.",
    Event.USER_EXPORT: "{actor} downloaded their data.",
    Event.USER_SET_PASSWORD: "{actor} changed their password.",
    Event.USER_ADD_SECOND_FACTOR: "{actor} set up an authenticator app.",
    Event.USER_REMOVE_SECOND_FACTOR: "{actor} removed their authenticator app and recovery codes.",
    Event.USER_RENEW_RECOVERY_CODES: "{actor} replaced their recovery codes.",
    Event.USER_LIFT_LIMIT: "{actor} lifted the sign-in limit of their account.",
    Event.CONSENT_WITHDRAW: "{actor} removed the access of {subject}.",
    Event.AUTHORIZATION_REVOKE: "{actor} revoked the access of {client}.",
}
"""The sentences about users who changed their own account."""

_SENTENCES = {
    Event.SETUP_COMPLETE: "{subject} became the first administrator.",
    Event.USER_CREATE: "{actor} created the account {subject}.",
    Event.USER_EDIT: "{actor} edited the account {subject}.",
    Event.USER_RENAME: "{actor} renamed an account to {subject}.",
    Event.USER_GRANT: "{actor} changed the permissions of {subject}.",
    Event.USER_DISABLE: "{actor} disabled the account {subject}.",
    Event.USER_ENABLE: "{actor} enabled the account {subject} again.",
    Event.USER_ERASE: "{actor} erased the account {subject}.",
    Event.USER_EXPORT: "{actor} exported the data of {subject}.",
    Event.USER_SET_PASSWORD: "{actor} set the password of {subject}.",
    Event.USER_ADD_SECOND_FACTOR: "{actor} set up an authenticator app for {subject}.",
    Event.USER_REMOVE_SECOND_FACTOR: "{actor} removed the authenticator app and the recovery codes of {subject}.",
    Event.USER_RENEW_RECOVERY_CODES: "{actor} replaced the recovery codes of {subject}.",
    Event.USER_LIFT_LIMIT: "{actor} lifted the sign-in limit of {subject}.",
    Event.SESSION_START: "{subject} signed in.",
    Event.SESSION_REFUSE: "A sign-in of {subject} was rejected.",
    Event.SESSION_END: "{actor} ended a session of {user}.",
    Event.CLIENT_CREATE: "{actor} created the client {subject}.",
    Event.CLIENT_EDIT: "{actor} edited the client {subject}.",
    Event.CLIENT_APPROVE: "{actor} approved the client {subject}.",
    Event.CLIENT_DISAPPROVE: "{actor} disapproved the client {subject}.",
    Event.CLIENT_REMOVE: "{actor} permanently removed the client {subject}.",
    Event.CLIENT_ASK_CHANGE: "{subject} requested a change to its registration.",
    Event.CLIENT_APPROVE_CHANGE: "{actor} approved a change that {subject} requested.",
    Event.CLIENT_DISCARD_CHANGE: "{actor} discarded a change that {subject} requested.",
    Event.CLIENT_ADD_SECRET: "{actor} added a secret to {subject}.",
    Event.CLIENT_REMOVE_SECRET: "{actor} removed a secret of {subject}, or set its expiration.",
    Event.AUTHORIZATION_GRANT: "{user} signed in to {subject}.",
    Event.AUTHORIZATION_REVOKE: "{actor} revoked the access of {client} to the account {user}.",
    Event.CONSENT_WITHDRAW: "{actor} removed the access of {subject} to the account {user}.",
    Event.GROUP_ADD: "{actor} created the group {subject}.",
    Event.GROUP_EDIT: "{actor} changed the group {subject}.",
    Event.GROUP_REMOVE: "{actor} removed the group {subject}.",
    Event.GROUP_ADD_MEMBER: "{actor} added {user} to the group {subject}.",
    Event.GROUP_REMOVE_MEMBER: "{actor} removed {user} from the group {subject}.",
    Event.SCOPE_ADD: "{actor} defined the scope {subject}.",
    Event.SCOPE_EDIT: "{actor} changed the scope {subject}.",
    Event.SCOPE_REMOVE: "{actor} removed the scope {subject}.",
    Event.RESOURCE_ADD: "{actor} defined the resource {subject}.",
    Event.RESOURCE_EDIT: "{actor} changed the resource {subject}.",
    Event.RESOURCE_REMOVE: "{actor} removed the resource {subject}.",
    Event.KEY_CREATE: "{actor} created the signing key {subject}.",
    Event.KEY_ROTATE: "{actor} rotated the signing keys to {subject}.",
    Event.KEY_RETIRE: "{actor} retired the signing key {subject}, because its algorithm is no longer used.",
    Event.KEY_REMOVE: "{actor} removed the signing key {subject}.",
}

_GRANT_SENTENCES = {
    GrantType.CLIENT_CREDENTIALS: "{subject} was authorized to act on its own behalf.",
    GrantType.DEVICE_CODE: "{user} signed in to {subject} on a device.",
    GrantType.PASSWORD: "{user} signed in to {subject} with a password that the application sent.",
}


@dataclass(frozen=True)
class Names:
    """The names of the users and clients in some events, by their ids. Removed clients are missing."""

    users: dict[int, str]
    clients: dict[int, str]


def sentence(event: AuditEvent, names: Names) -> Markup:
    """Return the sentence. Each name is isolated from the direction of the text around it."""
    template = _template(event)
    if template is None:
        return Markup("{}").format(EVENTS.get(event.event, event.event))
    user = names.users.get(event.user_id or 0) or (event.actor_name if _is_own(event) else "")
    client = names.clients.get(event.client_id or 0, "")
    text = Markup(template).format(  # noqa: S704 - the templates are constants, and format escapes the names
        actor=_name(event.actor_name, "Someone"),
        subject=_name(event.subject_name, "something"),
        user=_name(user, "a user"),
        client=_name(client, "a client"),
    )
    return text[:1].upper() + text[1:]


def _template(event: AuditEvent) -> str | None:
    facts: dict[str, Any] = event.after or {}
    match event.event:
        case Event.AUTHORIZATION_GRANT if facts.get("grant_type") in _GRANT_SENTENCES:
            return _GRANT_SENTENCES[facts["grant_type"]]
        case Event.AUTHORIZATION_REVOKE if event.user_id is None:
            return "{actor} revoked the authorization of {client}."
        case Event.SESSION_START if facts.get("again"):
            return "{subject} signed in again."
        case Event.SESSION_REFUSE if not event.subject_name:
            return "A sign-in with an unknown user name was rejected."
        case Event.USER_GRANT if "may_configure_server" in facts:
            verb = "granted {subject}" if facts["may_configure_server"] else "withdrew from {subject}"
            return f"{{actor}} {verb} the permission Configure Server."
    return (_OWN_SENTENCES.get(event.event) if _is_own(event) else None) or _SENTENCES.get(event.event)  # type: ignore[call-overload]


def _is_own(event: AuditEvent) -> bool:
    return event.actor_id is not None and event.actor_id == event.user_id


def _name(name: str, unknown: str) -> Markup:
    return Markup('<bdi class="trail-name">{}</bdi>').format(name) if name else Markup("{}").format(unknown)

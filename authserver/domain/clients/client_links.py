"""What a client says of itself to people, kept in its details: links, contacts, its software (RFC 7591, section 2).

Nothing here decides what the client may do, and the server never fetches any of it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from authserver.domain import text_rules
from authserver.domain.clients import client_details
from authserver.errors import InvalidInput

POLICY = "policy_uri"
TERMS = "tos_uri"
LINKS = ("client_uri", "logo_uri", POLICY, TERMS)
CONTACTS = "contacts"
SOFTWARE = ("software_id", "software_version")
NAMES = (*LINKS, CONTACTS, *SOFTWARE)
_CONTACTS = 20


def validation_errors(details: Mapping[str, Any]) -> dict[str, str]:
    """Return the sentence about each field that is wrong."""
    found = {name: check(details[name]) for name, check in _CHECKS.items() if details.get(name) is not None}
    return {name: sentence for name, sentence in found.items() if sentence}


def _contacts_fault(value: Any) -> str | None:
    if not isinstance(value, list) or len(value) > _CONTACTS:
        return f"Name {_CONTACTS} contacts at most."
    return next((fault for fault in map(_text_fault, value) if fault), None)


def _text_fault(value: Any) -> str | None:
    if not isinstance(value, str):
        return "Enter a text."
    try:
        text_rules.clean_line("text", "text", value)
    except InvalidInput as error:
        return str(error)
    return None


_CHECKS: dict[str, Callable[[Any], str | None]] = {
    **dict.fromkeys(LINKS, client_details.https_error),
    CONTACTS: _contacts_fault,
    **dict.fromkeys(SOFTWARE, _text_fault),
}

"""Custom claims: the claims that administrators add to a scope, and the source of the value of each.

A source is ``attribute:NAME`` (an attribute of the user), a constant in quotation marks, or the name of a field of the
user. ``protocol.oidc.claims`` computes the values.
"""

import json
from collections.abc import Iterable, Mapping

from authserver.domain import text_rules
from authserver.domain.users import attributes, profiles
from authserver.errors import InvalidInput

MAX_CLAIMS = 20
CONSTANT_LENGTH = 500
ATTRIBUTE = "attribute:"
USER_FIELDS = ("username", "name", "email", "groups", "roles", *profiles.LABELS)
_FIELD = "claims"
_NAME_LENGTH = 100

RESERVED = frozenset(
    {
        # JWTs (RFC 7519), ID tokens (OpenID Connect Core, section 2), logout tokens and the session (sid).
        "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "acr", "amr", "azp", "auth_time", "at_hash", "c_hash",
        "s_hash", "sid", "events", "toe", "txn", "sub_jwk", "sub_id", "_claim_names", "_claim_sources",
        # Access tokens and introspection (RFC 9068, RFC 7662, RFC 7800, RFC 8693).
        "active", "scope", "client_id", "username", "token_type", "cnf", "act", "may_act", "entitlements",
        "authorization_details", "token_introspection",
        # The claims of this server for groups and roles.
        "groups", "roles",
        # The claims of the standard scopes (OpenID Connect Core, section 5.1).
        "name", "email", "email_verified", "preferred_username", "updated_at", *profiles.NAMES,
    }
)  # fmt: skip
"""The names that a custom claim cannot have, because other specifications give them a meaning."""


def parse_claims(lines: Iterable[str]) -> dict[str, str]:
    """Return the source of each claim written as ``NAME = SOURCE``; raises InvalidInput."""
    found: dict[str, str] = {}
    for line in lines:
        name, equals, source = (part.strip() for part in line.partition("="))
        if not equals:
            raise _invalid(f"Write each claim as NAME = SOURCE, not {line.strip()[:60]}.")
        if name in found:
            raise _invalid(f"The claim {name[:60]} is listed twice. Remove one of the lines.")
        found[name] = source
    return found


def format_claims(claims: Mapping[str, str]) -> list[str]:
    """Return the lines that ``parse_claims`` reads."""
    return [f"{name} = {source}" for name, source in claims.items()]


def clean_claims(claims: Mapping[str, str]) -> dict[str, str]:
    """Return the claims of a scope, sorted by name; raises InvalidInput."""
    if len(claims) > MAX_CLAIMS:
        raise _invalid(f"A scope can have {MAX_CLAIMS} claims at most.")
    for name, source in claims.items():
        if error := _name_error(name) or _source_error(source):
            raise _invalid(error)
    return dict(sorted(claims.items()))


def constant_of(source: str) -> str | None:
    """Return the text of a constant in quotation marks, or None if the source is not a constant."""
    if not source.startswith('"'):
        return None
    try:
        value = json.loads(source)
    except ValueError:
        return None
    return value if isinstance(value, str) else None


def _name_error(name: str) -> str | None:
    if len(name) > _NAME_LENGTH or not text_rules.is_scope_name(name):
        rule = f"1 to {_NAME_LENGTH} printable ASCII characters, except spaces, quotes and backslashes"
        return f"The name of a claim is invalid. Use {rule}."
    if name in RESERVED:
        return f"The claim {name} is reserved. Choose another name."
    return None


def _source_error(source: str) -> str | None:
    if source.startswith(ATTRIBUTE):
        if attributes.is_name(source.removeprefix(ATTRIBUTE)):
            return None
        return f"The name of an attribute is invalid. Use {attributes.NAME_RULE}."
    if source.startswith('"'):
        text = constant_of(source)
        if not text or len(text) > CONSTANT_LENGTH or not text_rules.is_storable(text):
            return f"Write a constant as one line of 1 to {CONSTANT_LENGTH} characters in quotation marks."
        return None
    if source in USER_FIELDS:
        return None
    return (
        f"The source {source[:60] or 'of a claim'} is unknown. Use attribute:NAME, a constant such as "
        f'"acme", or one of {", ".join(USER_FIELDS)}.'
    )


def _invalid(sentence: str) -> InvalidInput:
    return InvalidInput({_FIELD: sentence.encode("utf-8", "backslashreplace").decode()})

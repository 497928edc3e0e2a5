"""The claims about a user, by scope: the standard ones (OpenID Connect Core, section 5.1), groups, roles, custom claims."""

from collections.abc import Collection, Mapping
from typing import Any

from authserver import clock
from authserver.domain import custom_claims
from authserver.domain.access_state import UserFacts
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.clients import user_access
from authserver.domain.clients.metadata import ALL_CLAIMS
from authserver.vocabulary import ScopeName

PROFILE = (
    "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
    "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
)  # fmt: skip
STANDARD: dict[str, tuple[str, ...]] = {
    ScopeName.PROFILE: PROFILE,
    ScopeName.EMAIL: ("email", "email_verified"),
    ScopeName.ADDRESS: ("address",),
    ScopeName.PHONE: ("phone_number", "phone_number_verified"),
}
"""The claims of the scopes of OpenID Connect Core, section 5.4."""

GROUPS, ROLES = "groups", "roles"
SUPPORTED = ("sub", *(name for names in STANDARD.values() for name in names), GROUPS, ROLES)
"""The claims that this server supports in addition to the custom claims."""


def by_scope(client: RegisteredClient) -> dict[str, tuple[str, ...]]:
    """Return the names of the claims of each scope, with the custom claims of the scopes that the client may request."""
    custom = {scope: tuple(sources) for scope, sources in client.claims_of_scopes.items()}
    return STANDARD | custom | {ScopeName.GROUPS: (GROUPS, *custom.get(ScopeName.GROUPS, ()))}


def claims_of_scopes(client: RegisteredClient, scopes: Collection[str]) -> set[str]:
    """Return the names of the claims that scopes request, and of those that the client gets without a scope."""
    return shared_claims(client, scopes) | standard_claims(scopes)


def standard_claims(scopes: Collection[str]) -> set[str]:
    """Return the names of the claims that the standard scopes request (OpenID Connect Core, section 5.4)."""
    return {name for scope, names in STANDARD.items() if scope in scopes for name in names}


def shared_claims(client: RegisteredClient, scopes: Collection[str]) -> set[str]:
    """Return the names of the claims that tokens contain: groups, roles and custom claims.

    Roles need no scope, because an administrator defines them for this client. Section 5.4 does not concern these claims.
    """
    names = {name for scope, names in by_scope(client).items() if scope in scopes for name in names}
    has_roles = bool(client.details.get(user_access.ROLES))
    return (names - standard_claims(scopes)) | ({ROLES} if has_roles else set())


def id_token_claims(client: RegisteredClient, scopes: Collection[str]) -> set[str]:
    """Return the names of the claims in an ID token that is issued with an access token.

    With the metadata ``id_token_claims=all``, they include the claims of the standard scopes.
    """
    if client.details.get("id_token_claims") == ALL_CLAIMS:
        return claims_of_scopes(client, scopes)
    return shared_claims(client, scopes)


def claims_by_name(client: RegisteredClient, user: UserFacts, names: Collection[str]) -> dict[str, Any]:
    """Return the claims with these names. Claims without a value are omitted, except an empty list of groups or roles."""
    known = _known(user) | {GROUPS: list(user.group_names)}
    if client.details.get(user_access.ROLES):
        known[ROLES] = user_access.roles_of(client.details, user.group_names)
    custom = {
        name: source for sources in client.claims_of_scopes.values() for name, source in sources.items()
    }
    values = {name: _value(source, known, user) for name, source in custom.items() if name in names} | known
    # A claim that was requested by name needs the scope only in the client's registration, which may have changed since.
    withheld = {
        one for scope, covered in by_scope(client).items() if scope not in client.scopes for one in covered
    }
    wanted = sorted(set(names) - withheld)
    return {name: values[name] for name in wanted if values.get(name) not in (None, "", {})}


def _value(source: str, known: Mapping[str, Any], user: UserFacts) -> Any:
    """Return the value of a custom claim from its source (``domain.custom_claims``)."""
    if source.startswith(custom_claims.ATTRIBUTE):
        return user.attributes.get(source.removeprefix(custom_claims.ATTRIBUTE))
    constant = custom_claims.constant_of(source)
    if constant is not None:
        return constant
    return user.username if source == "username" else known.get(source)


def _known(user: UserFacts) -> dict[str, Any]:
    email = {"email": user.email, "email_verified": user.email_verified} if user.email else {}
    return {
        **user.profile,
        "name": user.name or user.username,
        "preferred_username": user.username,
        "updated_at": clock.timestamp(user.updated_at),
        **email,
    }

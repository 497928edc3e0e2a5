"""The standard claims about a user, by scope (OpenID Connect Core, section 5.1)."""

from collections.abc import Collection
from typing import Any

from authserver import clock
from authserver.domain.access_state import UserFacts
from authserver.vocabulary import ScopeName

PROFILE = (
    "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
    "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
)  # fmt: skip
BY_SCOPE: dict[str, tuple[str, ...]] = {
    ScopeName.PROFILE: PROFILE,
    ScopeName.EMAIL: ("email", "email_verified"),
    ScopeName.ADDRESS: ("address",),
    ScopeName.PHONE: ("phone_number", "phone_number_verified"),
}
SUPPORTED = ("sub", *(name for names in BY_SCOPE.values() for name in names))


def claims_of_scopes(scopes: Collection[str]) -> set[str]:
    """Return the names of the claims that scopes request."""
    return {name for scope, names in BY_SCOPE.items() if scope in scopes for name in names}


def claims_by_name(user: UserFacts, names: Collection[str]) -> dict[str, Any]:
    """Return the claims with these names. Claims without a value are omitted."""
    known = _known(user)
    return {name: known[name] for name in sorted(names) if known.get(name) not in (None, "", {})}


def _known(user: UserFacts) -> dict[str, Any]:
    email = {"email": user.email, "email_verified": user.email_verified} if user.email else {}
    return {
        **user.profile,
        "name": user.name or user.username,
        "preferred_username": user.username,
        "updated_at": clock.timestamp(user.updated_at),
        **email,
    }

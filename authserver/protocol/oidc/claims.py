"""What relying parties may learn of a person: the standard claims of OpenID Connect Core, section 5.1, by scope."""

from collections.abc import Collection
from typing import Any

from authserver import clock
from authserver.domain.authorizations.access_state import UserFacts
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
    """Return the names of the claims that scopes ask for."""
    return {name for scope, names in BY_SCOPE.items() if scope in scopes for name in names}


def claims_by_name(person: UserFacts, names: Collection[str]) -> dict[str, Any]:
    """Return the claims of those names; one that is not known of the person is left out, never null or empty."""
    known = _known(person)
    return {name: known[name] for name in sorted(names) if known.get(name) not in (None, "", {})}


def _known(person: UserFacts) -> dict[str, Any]:
    email = {"email": person.email, "email_verified": person.email_verified} if person.email else {}
    return {
        **person.profile,
        "name": person.name or person.username,
        "preferred_username": person.username,
        "updated_at": clock.timestamp(person.updated_at),
        **email,
    }

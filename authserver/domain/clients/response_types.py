"""Response types: which ones each kind of client can be registered for, and what they issue."""

from collections.abc import Iterable

from authserver.vocabulary import ClientKind, GrantType

RESPONSE_TYPES: dict[str, tuple[str, ...]] = {
    ClientKind.OAUTH1: (),
    ClientKind.OAUTH2: ("code", "token"),
    ClientKind.OIDC: (
        "code",
        "code id_token",
        "code id_token token",
        "code token",
        "id_token",
        "id_token token",
    ),
}
WITH_ACCESS_TOKEN = tuple(
    value for values in RESPONSE_TYPES.values() for value in values if "token" in value.split()
)
"""The response types that issue an access token in the browser, which RFC 9700, section 2.1.2, advises against."""


def normalize_response_type(value: str) -> str:
    """Return a response type with its parts in alphabetical order, as in the IANA registry."""
    return " ".join(sorted(value.split()))


def issued_artifacts(response_types: Iterable[object]) -> set[str]:
    """Return the artifacts that the response types issue: code, id_token, token."""
    return {part for value in response_types if isinstance(value, str) for part in value.split()}


def possible_response_types(response_types: Iterable[str], grant_types: Iterable[str]) -> tuple[str, ...]:
    """Return the response types that are possible with the grant types: those with a code need a grant type for it."""
    if GrantType.AUTHORIZATION_CODE in grant_types:
        return tuple(response_types)
    return tuple(value for value in response_types if "code" not in value.split())


def issues_in_browser(response_types: Iterable[object]) -> bool:
    """Return whether one of the response types issues a token in the browser.

    RFC 7591, section 2.1, requires the grant type ``implicit`` for such a response type.
    """
    return bool(issued_artifacts(response_types) & {"token", "id_token"})

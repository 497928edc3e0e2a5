"""The scope of a request: what it names, held against the registration, or the default (RFC 6749, section 3.3)."""

from authlib.oauth2.rfc6749.errors import InvalidScopeError

from authserver.domain import scope_names
from authserver.domain.policies import Policy
from authserver.protocol.oauth2.errors import refusal
from authserver.terms import Kind, Scope

_ABOUT_PEOPLE = frozenset(Scope)


def words(asked: str, policy: Policy) -> tuple[str, ...]:
    """Return what a scope parameter names, each word once; raises invalid_scope for what is no scope (section 3.3)."""
    found = tuple(dict.fromkeys(word for word in asked.split(" ") if word))
    if not found or not all(map(scope_names.is_name, found)):
        raise refusal(
            InvalidScopeError,
            "scope must be words of printable ASCII letters, separated by spaces.",
            "scope-malformed",
            received=asked,
            expected="printable ASCII letters but for quotation marks and backslashes, separated by spaces",
            client_id=policy.id,
        )
    return found


def default(policy: Policy) -> tuple[str, ...]:
    """Return the scope under which a client acts for a person where it names none: never more than it is registered for."""
    if policy.kind == Kind.OIDC:
        return (str(Scope.OPENID),)
    return tuple(sorted(policy.own_scopes - {Scope.OFFLINE_ACCESS}))


def for_person(asked: str | None, policy: Policy) -> str:
    """Return the scope under which a client acts for a person."""
    return _checked(asked, policy) if asked is not None else " ".join(default(policy))


def for_client(asked: str | None, policy: Policy) -> str:
    """Return the scope under which a client acts for itself; by default all but those that are about people."""
    return (
        _checked(asked, policy) if asked is not None else " ".join(sorted(policy.own_scopes - _ABOUT_PEOPLE))
    )


def check_registered(scopes: tuple[str, ...], asked: str, policy: Policy) -> None:
    """Raise invalid_scope when one of the scopes, read from ``asked``, is none that the client is registered for."""
    foreign = [scope for scope in scopes if scope not in policy.scopes]
    if foreign:
        raise refusal(
            InvalidScopeError,
            f"The client is not registered for the scope {foreign[0][:60]}.",
            "scope-not-registered",
            received=asked,
            expected=" ".join(sorted(policy.scopes)),
            client_id=policy.id,
        )


def _checked(asked: str, policy: Policy) -> str:
    scopes = words(asked, policy)
    check_registered(scopes, asked, policy)
    return " ".join(scopes)

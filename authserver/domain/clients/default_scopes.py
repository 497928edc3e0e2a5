"""The scopes of a client that is registered without any: in the console, on the command line, or by itself."""

from collections.abc import Iterable

from authserver.vocabulary import ClientKind, GrantType, ScopeName

_SCOPES: dict[str, tuple[str, ...]] = {
    ClientKind.OAUTH2: (ScopeName.PROFILE, ScopeName.EMAIL),
    ClientKind.OIDC: (ScopeName.OPENID, ScopeName.PROFILE, ScopeName.EMAIL),
}


def default_scopes(kind: str, grant_types: Iterable[object]) -> tuple[str, ...]:
    """Return the default scopes for a kind of client and its grant types."""
    scopes = tuple(map(str, _SCOPES.get(kind, ())))
    # A client that gets refresh tokens may ask to use them after the user has signed out.
    if scopes and GrantType.REFRESH_TOKEN in grant_types:
        return (*scopes, str(ScopeName.OFFLINE_ACCESS))
    return scopes

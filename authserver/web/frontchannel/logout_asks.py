"""Requests to sign out that wait for a person, sealed: our pages and addresses carry them, and nobody can change them."""

from dataclasses import astuple

from itsdangerous import BadSignature, URLSafeTimedSerializer

from authserver.protocol.oidc.end_session import LogoutRequest
from authserver.web import door

_OPEN_FOR_SECONDS = 1800


def seal(logout: LogoutRequest) -> str:
    """Return a request in a form that can be carried by a page and is worth nothing when it was changed."""
    return _signer().dumps(astuple(logout))


def find(sealed: str | None) -> LogoutRequest | None:
    """Return the request that was sealed; None where there is none, or it is too old."""
    if not sealed:
        return None
    try:
        return LogoutRequest(*_signer().loads(sealed, max_age=_OPEN_FOR_SECONDS))
    except (BadSignature, TypeError):
        return None


def _signer() -> URLSafeTimedSerializer:
    keys = door.services().vault.session_keys
    return URLSafeTimedSerializer([key.value for key in reversed(keys)], salt="end-session")

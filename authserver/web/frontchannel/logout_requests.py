"""Requests to sign out that wait for a person, sealed: our pages and addresses carry them, and nobody can change them."""

from dataclasses import astuple, replace
from datetime import timedelta

from authserver.protocol.oidc.end_session import LogoutRequest
from authserver.web.rendering.languages import translate
from authserver.web.session import sealed_values

_PURPOSE = "end session"
_OPEN_FOR = timedelta(minutes=30)


def seal_request(logout: LogoutRequest) -> str:
    """Return a request in a form that can be carried by a page and is worth nothing when it was changed."""
    # The error is stored in the language of this request, because a message cannot be sealed.
    shown = replace(logout, fault=translate(logout.fault))
    return sealed_values.seal(_PURPOSE, astuple(shown))


def find_request(carried: str | None) -> LogoutRequest | None:
    """Return the request that was sealed; None where there is none, or it is too old."""
    values = sealed_values.unseal(_PURPOSE, carried or "", _OPEN_FOR)
    try:
        return LogoutRequest(*values) if values is not None else None
    except TypeError:
        return None  # Another version of this product sealed it.

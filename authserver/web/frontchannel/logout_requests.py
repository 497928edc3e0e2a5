"""Encrypts logout requests of clients, so that URLs and forms can contain them until the user has confirmed."""

from dataclasses import astuple, replace
from datetime import timedelta

from authserver.protocol.oidc.end_session import LogoutRequest
from authserver.web.rendering.languages import translate
from authserver.web.session import sealed_values

_PURPOSE = "end session"
_LIFETIME = timedelta(minutes=30)


def seal_request(logout: LogoutRequest) -> str:
    """Return an encrypted request."""
    # JSON stores a message as plain English text, so translate the message before it is encrypted.
    return sealed_values.seal(_PURPOSE, astuple(replace(logout, problem=translate(logout.problem))))


def unseal_request(sealed: str | None) -> LogoutRequest | None:
    """Decrypt a request; return None if there is none or it has expired."""
    values = sealed_values.unseal(_PURPOSE, sealed or "", _LIFETIME)
    try:
        return LogoutRequest(*values) if values is not None else None
    except TypeError:
        return None  # Another version of this server encrypted the request.

"""Front-channel logout (OpenID Connect Front-Channel Logout 1.0): the iframes that sign users out of applications."""

from collections.abc import Iterable
from urllib.parse import urlencode

from authserver.domain.clients import redirect_uris
from authserver.domain.clients.clients import Client
from authserver.domain.clients.metadata import FRONTCHANNEL_LOGOUT_URI


def logout_frame(client: Client, issuer: str, sid: str) -> str | None:
    """Return the URL of a client's logout iframe, with issuer and session (section 3), or None."""
    uri = client.details.get(FRONTCHANNEL_LOGOUT_URI)
    if not uri:
        return None
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode({'iss': issuer, 'sid': sid})}"


def frame_origins(frames: Iterable[str]) -> str:
    """Return the origins of iframes in the syntax of a Content-Security-Policy."""
    return " ".join(sorted({redirect_uris.origin_of(frame) for frame in frames}))

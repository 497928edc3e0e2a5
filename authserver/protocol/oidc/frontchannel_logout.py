"""Front-channel logout (OpenID Connect Front-Channel Logout 1.0): the frames that sign people out of applications."""

from collections.abc import Iterable
from urllib.parse import urlencode

from authserver.domain.clients import redirect_uris
from authserver.domain.clients.clients import Client
from authserver.domain.clients.metadata import FRONTCHANNEL_LOGOUT_URI


def logout_frame(client: Client, issuer: str, sid: str) -> str | None:
    """Return the address of a client's logout frame with issuer and session (section 3), None where it has none."""
    uri = client.details.get(FRONTCHANNEL_LOGOUT_URI)
    if not uri:
        return None
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode({'iss': issuer, 'sid': sid})}"


def frame_origins(frames: Iterable[str]) -> str:
    """Return the origins of frames, as a Content-Security-Policy names them."""
    return " ".join(sorted({redirect_uris.origin_of(frame) for frame in frames}))

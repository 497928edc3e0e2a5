"""The QR code of the device page, for devices that can show a picture but cannot draw one (RFC 8628, section 3.3.1).

It tells nothing that the caller does not bring: whether the user code is one that waits is not looked up.
"""

import io

import segno

from authserver.domain.authorizations import device_authorizations
from authserver.protocol.http import Request, Response, present_values
from authserver.protocol.oauth2 import device_authorization
from authserver.protocol.services import Services
from authserver.vocabulary import EndpointPath

_QUIET_ZONE = 4
_SCALE = 8
_HEADERS = (
    ("Content-Type", "image/svg+xml"),
    ("Content-Security-Policy", "default-src 'none'"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
    ("Cache-Control", "no-store"),
)


def qr_code(services: Services, request: Request) -> Response:
    """Draw the address of the device page, with the user code when the query has one."""
    code = device_authorizations.normalize_user_code(present_values(request.query).get("user_code", ""))
    address = services.settings.url(EndpointPath.DEVICE)
    if code:
        address = device_authorization.verification_uri_complete(services.settings, code)
    drawing = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        drawing,
        kind="svg",
        border=_QUIET_ZONE,
        scale=_SCALE,
        dark="#000",
        light="#fff",
        title=address,
        svgclass=None,
        lineclass=None,
        omitsize=False,
    )
    return Response(200, drawing.getvalue(), _HEADERS)

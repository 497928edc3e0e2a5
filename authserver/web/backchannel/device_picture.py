"""The QR code of the device page, for devices that can show a picture but cannot draw one (RFC 8628, section 3.3.1).

It tells nothing that the caller does not bring: whether the user code is one that waits is not looked up.
"""

import io

import segno

from authserver.domain import devices
from authserver.protocol.messages import Request, Response, present
from authserver.protocol.oauth2 import device_authorization
from authserver.protocol.services import Services
from authserver.terms import Path

_QUIET_ZONE = 4
_SCALE = 8
_HEADERS = (
    ("Content-Type", "image/svg+xml"),
    ("Content-Security-Policy", "default-src 'none'"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
    ("Cache-Control", "no-store"),
)


def picture(services: Services, request: Request) -> Response:
    """Draw the address of the device page, with the user code when the query has one."""
    code = devices.normal_user_code(present(request.query).get("user_code", ""))
    address = services.settings.url(Path.DEVICE)
    if code:
        address = device_authorization.verification_uri_complete(services.oauth2, code)
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

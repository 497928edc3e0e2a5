"""The QR code of the device page, for devices that cannot draw one themselves (RFC 8628, section 3.3.1).

The user code is not looked up, so the response does not reveal whether it is valid.
"""

import io

import segno

from authserver.domain.tokens import device_authorizations
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
    """Return a QR code with the URL of the device page, including the user code of the query."""
    code = device_authorizations.normalize_user_code(present_values(request.query).get("user_code", ""))
    url = services.settings.url(EndpointPath.DEVICE)
    if code:
        url = device_authorization.verification_uri_complete(services.settings, code)
    drawing = io.BytesIO()
    segno.make(url, error="m", micro=False).save(
        drawing,
        kind="svg",
        border=_QUIET_ZONE,
        scale=_SCALE,
        dark="#000",
        light="#fff",
        title=url,
        svgclass=None,
        lineclass=None,
        omitsize=False,
    )
    return Response(200, drawing.getvalue(), _HEADERS)

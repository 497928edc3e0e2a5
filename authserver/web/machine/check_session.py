"""The iframe with which applications check the session (OpenID Connect Session Management 1.0, section 3.2).

It is the only page that other sites may embed. It contains only a script.
"""

import base64
import hashlib

from authserver.protocol.http import Request, Response
from authserver.protocol.services import Services
from authserver.web.rendering.assets import STATIC
from authserver.web.session import browser

_SCRIPT = (STATIC / "check_session.js").read_text(encoding="utf-8")
_HASH = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
_HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    (
        "Content-Security-Policy",
        f"default-src 'none'; script-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'",
    ),
    ("Cache-Control", "public, max-age=300"),
)


def frame(services: Services, _request: Request) -> Response:
    """Return the iframe in which applications check whether the session has changed (section 3.3)."""
    name = services.settings.cookie_name(browser.STATE_COOKIE)
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Session</title></head>'
        f'<body data-cookie="{name}"><script>{_SCRIPT}</script></body></html>'
    )
    return Response(200, page.encode(), _HEADERS)

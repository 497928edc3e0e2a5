"""The request id, the Content-Security-Policy and the other security headers of pages.

The headers of the machine endpoints are in ``web.machine``.
"""

import secrets

import structlog
from flask import Flask, Response, g, request

from authserver.vocabulary import EndpointPath, LegacyPath
from authserver.web import current

_NONCE_BYTES = 16
HSTS = ("Strict-Transport-Security", "max-age=31536000")
_PERMISSIONS = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), "
    "midi=(), payment=(), usb=(), clipboard-write=(self), publickey-credentials-create=(self), "
    "publickey-credentials-get=(self)"
)
# These pages redirect to clients. Chromium and WebKit apply form-action to such redirects, and a same-origin opener
# policy would break clients that open the pages in a pop-up window.
_REDIRECTING_PATHS = {
    EndpointPath.AUTHORIZE,
    LegacyPath.OIDC_AUTHORIZE,
    EndpointPath.CONTINUE,
    EndpointPath.CANCEL,
    EndpointPath.CONSENT,
    EndpointPath.SIGN_IN,
    EndpointPath.SECOND_FACTOR,
    EndpointPath.END_SESSION,
    EndpointPath.OAUTH1_AUTHORIZE,
    EndpointPath.OAUTH1_CANCEL,
    EndpointPath.OAUTH1_CONSENT,
}
_SCRIPTED_BLUEPRINTS = {"admin", "account"}


def install(app: Flask) -> None:
    """Assign an id to every request before all other handlers, and add the headers to every response."""
    app.before_request_funcs.setdefault(None, []).insert(0, _begin)
    app.after_request(_protect)
    app.teardown_request(_end)


def nonce() -> str:
    """Return the nonce for the scripts of this page."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(_NONCE_BYTES)
    return str(g.csp_nonce)


def request_id() -> str:
    """Return the id of this request in the logs and the audit trail."""
    return str(g.request_id)


def _begin() -> None:
    g.request_id = request.environ.get("authserver.request_id") or secrets.token_hex(8)
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end(_error: BaseException | None) -> None:
    structlog.contextvars.unbind_contextvars("request_id")


def _protect(response: Response) -> Response:
    redirects = request.path in _REDIRECTING_PATHS
    response.headers["Content-Security-Policy"] = _policy(redirects)
    # For browsers and scanners that do not know frame-ancestors.
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none" if redirects else "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = _PERMISSIONS
    response.headers.setdefault("Cache-Control", "no-store")
    if current.services().settings.is_secure:
        response.headers.set(*HSTS)
    return response


def _policy(redirects: bool) -> str:
    parts = [
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self' data:",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
    if "csp_frames" in g:
        parts.append(f"frame-src {g.csp_frames}")
    if "csp_nonce" in g:
        parts.append(f"script-src 'nonce-{nonce()}'")
    if "csp_nonce" in g or request.blueprint in _SCRIPTED_BLUEPRINTS:
        parts.append("connect-src 'self'")
    if request.blueprint in _SCRIPTED_BLUEPRINTS:
        parts.append("require-trusted-types-for 'script'")
    if not redirects:
        parts.append("form-action 'self'")
    return "; ".join(parts)

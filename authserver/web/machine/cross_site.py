"""Recognizes requests that a browser sends because of a page of another site (cross-site request forgery).

The machine endpoints use no cookies, so such a request has no rights of the user. But it comes from the user's network,
and could register a client or a consumer whose secret the page knows. Therefore machine endpoints that change state accept
it only from origins that may call them (see ``cors``).
"""

from typing import Any

from authserver.domain.clients import redirect_uris

_OPAQUE = "null"
_OTHER_SITES = frozenset({"cross-site", "same-site"})


def is_from_another_site(environ: dict[str, Any], own_origin: str) -> bool:
    """Return whether a web page of another origin caused the request (Fetch Metadata, section 2.3).

    Browsers send Origin with every POST. A GET has none, but current browsers send Sec-Fetch-Site. Programs send neither,
    and applications with a scheme of their own, such as browser extensions, are not web pages.
    """
    if environ.get("HTTP_AUTHORIZATION"):
        # A page can add this header only after a preflight request. Gateways that introspect the token of a request add it
        # too, but forward the Origin of that request.
        return False
    origin = environ.get("HTTP_ORIGIN", "").strip()
    if not origin:
        return environ.get("HTTP_SEC_FETCH_SITE", "").strip().lower() in _OTHER_SITES
    is_web_page = origin == _OPAQUE or origin.lower().startswith(("http://", "https://"))
    return is_web_page and origin != redirect_uris.origin_of(own_origin)

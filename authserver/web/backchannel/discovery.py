"""The discovery documents and the JWK set: ready bytes with an ETag, cached by clients for a while.

Whose scripts may read them is decided in ``cross_origin``.
"""

import hashlib
import json
from functools import lru_cache
from typing import Any

from authserver.protocol.messages import Request, Response
from authserver.protocol.oauth2 import metadata
from authserver.protocol.services import Services
from authserver.terms import Kind

_CACHED = ("Cache-Control", "public, max-age=300")


def openid_configuration(services: Services, request: Request) -> Response:
    """OpenID Connect Discovery's document."""
    return _document(metadata.openid_configuration(services.oauth2), request)


def oauth_metadata(services: Services, request: Request) -> Response:
    """RFC 8414's document."""
    return _document(metadata.oauth_metadata(services.oauth2), request)


def oauth2_lane(services: Services, request: Request) -> Response:
    """The replaced system's OAuth 2.0 document."""
    return _document(metadata.lane(services.oauth2, Kind.OAUTH2), request)


def oidc_lane(services: Services, request: Request) -> Response:
    """The replaced system's OpenID Connect document."""
    return _document(metadata.lane(services.oauth2, Kind.OIDC), request)


def jwks(services: Services, request: Request) -> Response:
    """The public signing keys (RFC 7517, section 5)."""
    return _send(services.ring.current().jwks, request)


def _document(document: dict[str, Any], request: Request) -> Response:
    return _send(json.dumps(document, separators=(",", ":")).encode(), request)


def _send(body: bytes, request: Request) -> Response:
    etag = _etag(body)
    headers = (_CACHED, ("ETag", etag))
    if etag in request.headers.get("if-none-match", ""):
        return Response(304, b"", headers)
    return Response(200, body, (("Content-Type", "application/json"), *headers))


@lru_cache(maxsize=64)
def _etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:24]}"'

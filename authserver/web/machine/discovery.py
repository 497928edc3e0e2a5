"""The discovery documents and the JWK set, cached as bytes and sent with an ETag."""

import hashlib
import json
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from authserver.domain.scopes import ListedScopes
from authserver.protocol.http import Request, Response
from authserver.protocol.oauth2 import metadata
from authserver.protocol.services import Services
from authserver.settings import Settings
from authserver.vocabulary import ClientKind

Metadata = Callable[[Settings, ListedScopes], dict[str, Any]]

_LEGACY_OAUTH2 = partial(metadata.legacy_metadata, ClientKind.OAUTH2)
_LEGACY_OIDC = partial(metadata.legacy_metadata, ClientKind.OIDC)
_CACHED = ("Cache-Control", "public, max-age=300")


def openid_configuration(services: Services, request: Request) -> Response:
    """Return the document of OpenID Connect Discovery."""
    return _send(_document(metadata.openid_configuration, services, _scopes(services)), request)


def oauth_metadata(services: Services, request: Request) -> Response:
    """Return the document of RFC 8414."""
    return _send(_document(metadata.oauth_metadata, services, _scopes(services)), request)


def legacy_oauth2_metadata(services: Services, request: Request) -> Response:
    """Return the legacy discovery document of OAuth 2.0 clients."""
    return _send(_document(_LEGACY_OAUTH2, services, _scopes(services)), request)


def legacy_oidc_metadata(services: Services, request: Request) -> Response:
    """Return the legacy discovery document of OpenID Connect clients."""
    return _send(_document(_LEGACY_OIDC, services, _scopes(services)), request)


def jwks(services: Services, request: Request) -> Response:
    """Return the public signing keys (RFC 7517, section 5)."""
    return _send(services.key_ring.current().jwks, request)


def _scopes(services: Services) -> ListedScopes:
    return services.scope_cache.listed()


@lru_cache(maxsize=16)
def _document(build: Metadata, services: Services, scopes: ListedScopes) -> bytes:
    """Return the serialized document, cached because it depends only on the settings and the defined scopes."""
    return json.dumps(build(services.settings, scopes), separators=(",", ":")).encode()


def _send(body: bytes, request: Request) -> Response:
    etag = _etag(body)
    headers = (_CACHED, ("ETag", etag))
    if _matches(etag, request.headers.get("if-none-match", "")):
        return Response(304, b"", headers)
    return Response(200, body, (("Content-Type", "application/json"), *headers))


def _matches(etag: str, condition: str) -> bool:
    """Return whether an If-None-Match header matches: a list of (weak) ETags, or * (RFC 9110, section 13.1.2)."""
    tags = {tag.strip().removeprefix("W/") for tag in condition.split(",")}
    return bool(tags & {etag, "*"})


@lru_cache(maxsize=64)
def _etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:24]}"'

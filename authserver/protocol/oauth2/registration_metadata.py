"""Client metadata in registration requests and responses (RFC 7591, section 2; OpenID Connect Registration, section 2).

Converts between the JSON members and the fields of ``domain.clients.metadata``, which validates the values.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from authserver.domain.clients import registrations
from authserver.domain.clients.basic_metadata import WEB
from authserver.domain.clients.clients import Client
from authserver.domain.clients.metadata import BY_CLIENT, REGISTERED_NAMES, TYPES
from authserver.domain.clients.response_types import issued_artifacts, issues_in_browser
from authserver.errors import InvalidInput
from authserver.vocabulary import AuthMethod, ClientKind, GrantType, ScopeName

READ_ONLY = (
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
)
"""The members that a client must not send back (RFC 7592, section 2.2)."""

_DEFAULTS: dict[str, Any] = {"application_type": WEB}
_SHOWN_DEFAULTS: dict[str, Any] = {
    "subject_type": "public",
    "id_token_signed_response_alg": "RS256",
    "require_auth_time": False,
}

_NOT_A_VALUE = object()
"""Replaces a null or otherwise unusable member, so that validation rejects it. None would mean an absent field."""


def kind_of(document: Mapping[str, Any]) -> ClientKind:
    """Return the kind of client to register: OpenID Connect, unless the request asks only for OAuth 2.0."""
    scope, response_types = document.get("scope"), document.get("response_types")
    if isinstance(response_types, list) and "id_token" in issued_artifacts(response_types):
        return ClientKind.OIDC
    if isinstance(scope, str) and scope.split() and ScopeName.OPENID not in scope.split():
        return ClientKind.OAUTH2
    return (
        ClientKind.OAUTH2
        if isinstance(response_types, list) and "token" in response_types
        else ClientKind.OIDC
    )


def requested_values(document: Mapping[str, Any], kind: str, fallback_name: str) -> dict[str, Any]:
    """Return the requested fields without validation; raises InvalidInput for members that cannot be converted."""
    given = {
        field: _NOT_A_VALUE if document[member] is None else document[member]
        for field, member in REGISTERED_NAMES.items()
        if field in BY_CLIENT and member in document
    }
    name = given.pop("name", "")
    if name == "":
        name = _tagged_name(document) or _host(given.get("redirect_uris")) or fallback_name
    columns = {
        "kind": kind,
        "name": name,
        "scopes": _scopes(given.pop("scopes", ""), kind),
    }
    # No specification defines a method for a secret in either place. A client that omits the method is registered for it.
    if given.get("auth_method") == AuthMethod.SECRET:
        given["auth_method"] = _NOT_A_VALUE
    empty = {field for field in registrations.DETAILS if TYPES[field] is tuple and given.get(field) == []}
    defaults = _DEFAULTS if kind == ClientKind.OIDC else {}
    values = {field: value for field, value in given.items() if field not in empty}
    return defaults | values | _flows(given) | columns


def metadata_of_client(client: Client) -> dict[str, Any]:
    """Return all registered metadata of a client, defaults included (RFC 7591, section 3.2.1)."""
    defaults = _SHOWN_DEFAULTS if client.kind == ClientKind.OIDC else {}
    stored = {name: value for name, value in registrations.stored_values(client).items() if name in BY_CLIENT}
    grant_types = list(client.grant_types)
    if issues_in_browser(client.response_types) and GrantType.IMPLICIT not in grant_types:
        grant_types.append(GrantType.IMPLICIT)
    if client.auth_method == AuthMethod.SECRET:
        # RFC 7591, section 2: the default, which is a method that works.
        stored["auth_method"] = AuthMethod.BASIC
    shown = defaults | stored | {"grant_types": grant_types, "scopes": " ".join(client.scopes)}
    return {registered_name(name): value for name, value in shown.items()}


def registered_name(field: str) -> str:
    """Return the JSON member of a field."""
    return REGISTERED_NAMES.get(field, field)


def _flows(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return grant types and response types that are consistent with each other (RFC 7591, section 2.1, MUST)."""
    grant_types, response_types = given.get("grant_types"), given.get("response_types")
    if not all(map(_is_list, (grant_types, response_types, given.get("redirect_uris")))):
        return {}  # The validation reports values of the wrong type.
    if response_types is None:
        has_code = grant_types is None or GrantType.AUTHORIZATION_CODE in grant_types
        response_types = ["code"] if has_code else []
    is_in_browser = issues_in_browser(response_types)
    if grant_types is None:
        has_code = "code" in issued_artifacts(response_types)
        implied = {GrantType.AUTHORIZATION_CODE: has_code, GrantType.IMPLICIT: is_in_browser}
        grant_types = [str(grant) for grant, is_implied in implied.items() if is_implied]
        return {
            "grant_types": grant_types or [GrantType.AUTHORIZATION_CODE],
            "response_types": response_types,
        }
    if is_in_browser and GrantType.IMPLICIT not in grant_types:
        raise InvalidInput(
            {"grant_types": "A response type with token or id_token requires the grant type implicit."}
        )
    if not is_in_browser:
        # Without a response type that uses the implicit grant, do not register it. The client sees this in the grant
        # types that the server returns.
        grant_types = [grant for grant in grant_types if grant != GrantType.IMPLICIT]
    return {"grant_types": grant_types, "response_types": response_types}


def _is_list(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(item, str) for item in value))


def _scopes(scope: Any, kind: str) -> object:
    if not isinstance(scope, str):
        return _NOT_A_VALUE
    scopes = tuple(scope.split())
    if scopes and kind == ClientKind.OIDC and ScopeName.OPENID not in scopes:
        return (ScopeName.OPENID, *scopes)
    return scopes or None


def _tagged_name(document: Mapping[str, Any]) -> str:
    # If client_name has only values with language tags (RFC 7591, section 2.2), use the first one.
    tagged = (value for name, value in document.items() if name.startswith("client_name#"))
    name = next(tagged, "")
    return name if isinstance(name, str) else ""


def _host(redirect_uris: Any) -> str:
    if not redirect_uris or not _is_list(redirect_uris):
        return ""
    try:
        hosts = [urlsplit(uri).hostname for uri in redirect_uris if uri.isascii()]
    except ValueError:
        return ""
    return f"Application at {hosts[0][:100]}" if hosts and hosts[0] else ""

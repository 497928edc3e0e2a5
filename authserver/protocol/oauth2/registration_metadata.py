"""Client metadata (RFC 7591, section 2; OpenID Connect Registration, section 2) and what the records call it.

Here are the names, the JSON types and the defaults. Which values are right is decided in ``domain.registrations``, for
the console and for clients alike.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from authserver.domain.clients import client_links, logout_uris, registrations, sign_in_requirements
from authserver.domain.clients.clients import Client
from authserver.domain.clients.registrations import Registration
from authserver.domain.clients.self_registration import OWN_DETAILS
from authserver.errors import InvalidInput
from authserver.vocabulary import AuthMethod, ClientKind, GrantType, ScopeName

READ_ONLY = (
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
)
"""What RFC 7592, section 2.2, forbids a client to send back."""

_NAMES = {"name": "client_name", "scopes": "scope", "auth_method": "token_endpoint_auth_method"}
_LISTS = {
    "redirect_uris",
    "grant_types",
    "response_types",
    logout_uris.POST_LOGOUT,
    client_links.CONTACTS,
    sign_in_requirements.ACR_VALUES,
}
_FLAGS = {logout_uris.BACK_CHANNEL_SESSION, logout_uris.FRONT_CHANNEL_SESSION, sign_in_requirements.AUTH_TIME}
_OTHER = {"jwks": (dict, "an object"), sign_in_requirements.MAX_AGE: (int, "a number")}
_KNOWN = (*_NAMES.values(), "redirect_uris", "grant_types", "response_types", *OWN_DETAILS)
_DEFAULTS: dict[str, Any] = {sign_in_requirements.APPLICATION_TYPE: sign_in_requirements.WEB}
_SHOWN_DEFAULTS: dict[str, Any] = {
    "subject_type": "public",
    "id_token_signed_response_alg": "RS256",
    sign_in_requirements.AUTH_TIME: False,
}


def kind_of(document: Mapping[str, Any]) -> ClientKind:
    """Return which kind of client asks at the standard endpoint: OpenID Connect unless it clearly wants nothing of it."""
    scope, response_types = document.get("scope"), document.get("response_types")
    if isinstance(response_types, list) and "id_token" in registrations.issued_artifacts(response_types):
        return ClientKind.OIDC
    if isinstance(scope, str) and scope.split() and ScopeName.OPENID not in scope.split():
        return ClientKind.OAUTH2
    return (
        ClientKind.OAUTH2
        if isinstance(response_types, list) and "token" in response_types
        else ClientKind.OIDC
    )


def registration_from_metadata(document: Mapping[str, Any], kind: str, fallback_name: str) -> Registration:
    """Return what a client asks to be; raises InvalidInput, under the records' names, for values of wrong types."""
    values = {name: document[name] for name in _KNOWN if name in document}
    faults = {name: fault for name, value in values.items() if (fault := _type_fault(name, value))}
    if faults:
        raise InvalidInput(faults)
    grant_types, response_types = _flows(values)
    own = {name: values[name] for name in OWN_DETAILS if name in values and values[name] != []}
    return Registration(
        kind=kind,
        name=_name(document) or _host(values.get("redirect_uris", [])) or fallback_name,
        redirect_uris=tuple(values.get("redirect_uris", ())),
        grant_types=tuple(grant_types),
        response_types=tuple(response_types),
        scopes=_scopes(values.get("scope"), kind),
        auth_method=values.get("token_endpoint_auth_method", AuthMethod.BASIC),
        # There is no metadata for it, and the certification clients send no PKCE: administrators can require it.
        is_pkce_required=False,
        details={**(_DEFAULTS if kind == ClientKind.OIDC else {}), **own},
    )


def metadata_of_client(client: Client) -> dict[str, Any]:
    """Return all metadata that is registered for a client, defaults included (RFC 7591, section 3.2.1)."""
    shown = _SHOWN_DEFAULTS if client.kind == ClientKind.OIDC else {}
    own = {name: client.details[name] for name in OWN_DETAILS if name in client.details}
    grant_types = list(client.grant_types)
    if registrations.issues_in_browser(client.response_types) and GrantType.IMPLICIT not in grant_types:
        grant_types.append(GrantType.IMPLICIT)
    return {
        "client_name": client.name,
        "redirect_uris": client.redirect_uris,
        "grant_types": grant_types,
        "response_types": client.response_types,
        "scope": " ".join(client.scopes),
        "token_endpoint_auth_method": client.auth_method,
        **shown,
        **own,
    }


def public_name(field: str) -> str:
    """Return what the metadata call a field of the records."""
    return _NAMES.get(field, field)


def _type_fault(name: str, value: Any) -> str | None:
    if name in _LISTS:
        is_right = isinstance(value, list) and all(isinstance(item, str) for item in value)
        return None if is_right else "This must be an array of strings."
    kind, words = (bool, "true or false") if name in _FLAGS else _OTHER.get(name, (str, "a string"))
    is_right = isinstance(value, kind) and isinstance(value, bool) == (kind is bool)
    return None if is_right else f"This must be {words}."


def _flows(values: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return grant types and response types that fit each other (RFC 7591, section 2.1, MUST)."""
    asked, responses = values.get("grant_types"), values.get("response_types")
    if responses is None:
        responses = ["code"] if asked is None or GrantType.AUTHORIZATION_CODE in asked else []
    is_in_browser = registrations.issues_in_browser(responses)
    if asked is None:
        has_code = "code" in registrations.issued_artifacts(responses)
        implied = {GrantType.AUTHORIZATION_CODE: has_code, GrantType.IMPLICIT: is_in_browser}
        asked = [str(grant) for grant, is_implied in implied.items() if is_implied]
        return asked or [GrantType.AUTHORIZATION_CODE], responses
    if is_in_browser and GrantType.IMPLICIT not in asked:
        raise InvalidInput(
            {"grant_types": "A response type with token or id_token needs the grant type implicit."}
        )
    if GrantType.IMPLICIT in asked and not is_in_browser:
        # The response types decide: what could never be used is not registered, and the answer says so.
        asked = [grant for grant in asked if grant != GrantType.IMPLICIT]
    return asked, responses


def _scopes(scope: str | None, kind: str) -> tuple[str, ...] | None:
    if scope is None or not scope.split():
        return None
    scopes = tuple(scope.split())
    if kind == ClientKind.OIDC and ScopeName.OPENID not in scopes:
        return (ScopeName.OPENID, *scopes)
    return scopes


def _name(document: Mapping[str, Any]) -> str:
    # Names in several languages (RFC 7591, section 2.2): the plain one counts, else the first that is there.
    tagged = (value for name, value in document.items() if name.startswith("client_name#"))
    name = document.get("client_name") or next(tagged, "")
    return name if isinstance(name, str) else ""


def _host(redirect_uris: list[str]) -> str:
    try:
        hosts = [urlsplit(uri).hostname for uri in redirect_uris if uri.isascii()]
    except ValueError:
        return ""
    return f"Application at {hosts[0][:100]}" if hosts and hosts[0] else ""

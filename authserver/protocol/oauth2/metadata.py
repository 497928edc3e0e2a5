"""Discovery documents (RFC 8414, OpenID Connect Discovery), derived from the registered grants and settings."""

from typing import Any

from authserver import languages
from authserver.domain.clients.response_types import RESPONSE_TYPES
from authserver.domain.scopes import ListedScopes
from authserver.protocol import algorithms
from authserver.protocol.oauth2 import client_authentication, response_modes, token_endpoint
from authserver.protocol.oidc import acr, claims, subjects
from authserver.settings import Settings
from authserver.vocabulary import S256, AuthMethod, ClientKind, EndpointPath, GrantType, LegacyPath, ScopeName


def oauth_metadata(settings: Settings, scopes: ListedScopes) -> dict[str, Any]:
    """Return the authorization server metadata of RFC 8414, section 2; ``scopes`` are the defined ones."""
    url = settings.url
    methods = [str(method) for method in client_authentication.METHODS]
    confidential = [method for method in methods if method != AuthMethod.NONE]
    signed = list(algorithms.ASYMMETRIC + algorithms.SYMMETRIC)
    return {
        "issuer": settings.issuer,
        "authorization_endpoint": url(EndpointPath.AUTHORIZE),
        "token_endpoint": url(EndpointPath.TOKEN),
        "jwks_uri": url(EndpointPath.JWKS),
        "revocation_endpoint": url(EndpointPath.REVOCATION),
        "device_authorization_endpoint": url(EndpointPath.DEVICE_AUTHORIZATION),
        "scopes_supported": list(dict.fromkeys((*map(str, ScopeName), *scopes.names))),
        "response_types_supported": list(response_modes.RESPONSE_TYPES),
        "response_modes_supported": list(response_modes.RESPONSE_MODES),
        "grant_types_supported": [str(name) for name in (*token_endpoint.GRANTS, GrantType.IMPLICIT)],
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": signed,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": signed,
        "introspection_endpoint": url(EndpointPath.INTROSPECTION),
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": signed,
        "code_challenge_methods_supported": [S256],
        "ui_locales_supported": list(languages.supported()),
        "authorization_response_iss_parameter_supported": True,
        **_registration(settings, EndpointPath.REGISTRATION),
    }


def _registration(settings: Settings, path: str) -> dict[str, str]:
    is_open = settings.registration != "closed"
    return {"registration_endpoint": settings.url(path)} if is_open else {}


def openid_configuration(settings: Settings, scopes: ListedScopes) -> dict[str, Any]:
    """Return the provider metadata of OpenID Connect Discovery, section 3."""
    return oauth_metadata(settings, scopes) | {
        "userinfo_endpoint": settings.url(EndpointPath.USERINFO),
        "end_session_endpoint": settings.url(EndpointPath.END_SESSION),
        "check_session_iframe": settings.url(EndpointPath.CHECK_SESSION),
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "subject_types_supported": list(subjects.TYPES),
        "id_token_signing_alg_values_supported": list(settings.signing_algorithms),
        "userinfo_signing_alg_values_supported": list(settings.signing_algorithms),
        "acr_values_supported": [str(name) for name in acr.SUPPORTED],
        "claim_types_supported": ["normal"],
        "claims_supported": [
            *claims.SUPPORTED,
            "iss",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "nonce",
            "acr",
            "amr",
            "sid",
            "at_hash",
            "c_hash",
            *scopes.claims,
        ],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }


def legacy_metadata(kind: ClientKind, settings: Settings, scopes: ListedScopes) -> dict[str, Any]:
    """Return the discovery document of a legacy endpoint for one kind of client, with its legacy paths."""
    url = settings.url
    # List only the response types of this kind of client. The other documents list those of both kinds.
    response_types = {"response_types_supported": list(RESPONSE_TYPES[kind])}
    if kind is ClientKind.OIDC:
        return openid_configuration(settings, scopes) | {
            **response_types,
            "authorization_endpoint": url(LegacyPath.OIDC_AUTHORIZE),
            "token_endpoint": url(LegacyPath.OIDC_TOKEN),
            "device_authorization_endpoint": url(LegacyPath.OIDC_DEVICE),
            **_registration(settings, LegacyPath.OIDC_REGISTRATION),
        }
    return oauth_metadata(settings, scopes) | {
        **response_types,
        "token_endpoint": url(LegacyPath.OAUTH2_TOKEN),
        "device_authorization_endpoint": url(LegacyPath.OAUTH2_DEVICE),
        **_registration(settings, LegacyPath.OAUTH2_REGISTRATION),
    }

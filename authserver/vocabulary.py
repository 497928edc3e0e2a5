"""Constants that several modules share: paths, protocol values and other enumerations. Contains no logic."""

from enum import StrEnum
from typing import Final


class EndpointPath(StrEnum):
    """Paths below the public URL."""

    AUTHORIZE = "/oauth2/authorize"
    TOKEN = "/oauth2/token"
    INTROSPECTION = "/oauth2/introspect"
    REVOCATION = "/oauth2/revoke"
    DEVICE_AUTHORIZATION = "/oauth2/device_authorization"
    REGISTRATION = "/oauth2/register"
    USERINFO = "/oidc/userinfo"
    END_SESSION = "/oidc/end_session"
    CHECK_SESSION = "/oidc/check_session"
    JWKS = "/jwks.json"
    OPENID_CONFIGURATION = "/.well-known/openid-configuration"
    OAUTH_METADATA = "/.well-known/oauth-authorization-server"
    SIGN_IN = "/sign-in"
    SECOND_FACTOR = "/sign-in/code"
    SIGN_OUT = "/sign-out"
    CONSENT = "/consent"
    CONTINUE = "/oauth2/continue"
    CANCEL = "/oauth2/cancel"
    DEVICE = "/device"
    DEVICE_DECISION = "/device/decision"
    DEVICE_QR_CODE = "/device/code.svg"
    OAUTH1_REQUEST_KEY = "/oauth/requestKey"
    OAUTH1_APPROVE_KEY = "/oauth/approveKey"
    OAUTH1_REQUEST_TOKEN = "/oauth/requestToken"
    OAUTH1_AUTHORIZE = "/oauth/authorize"
    OAUTH1_ACCESS_TOKEN = "/oauth/accessToken"
    OAUTH1_CANCEL = "/oauth/cancel"
    OAUTH1_CONSENT = "/oauth/consent"
    OAUTH1_VERIFY = "/oauth/verify"
    OAUTH1_WHOAMI = "/oauth/whoami"
    OSLC_CATALOG = "/oslc/catalog"
    SETUP = "/setup"
    ACCOUNT = "/account"
    ADMIN = "/admin"
    LIVE = "/livez"
    READY = "/readyz"


class LegacyPath(StrEnum):
    """Paths of the legacy server that authserver replaces. Existing clients are still configured with them."""

    OAUTH2_METADATA = "/.well-known/oauth2.0-configuration"
    OIDC_METADATA = "/.well-known/oidc-configuration"
    OAUTH2_TOKEN = "/api/oauth2/token"
    OIDC_TOKEN = "/api/oidc/token"
    OIDC_AUTHORIZE = "/oidc/authorize"
    OAUTH2_DEVICE = "/api/oauth2/device_code"
    OIDC_DEVICE = "/api/oidc/device_code"
    OAUTH2_REGISTRATION = "/api/oauth2/register"
    OIDC_REGISTRATION = "/api/oidc/register"


class RootServices(StrEnum):
    """Paths at which Jazz and OSLC clients look for the root services document."""

    ROOT = "/rootservices"
    WELL_KNOWN = "/.well-known/oslc/rootservices.xml"
    API = "/oslc/api/rootservices"


class ClientKind(StrEnum):
    """The protocol of a client."""

    OAUTH1 = "oauth1"
    OAUTH2 = "oauth2"
    OIDC = "oidc"


class ClientStatus(StrEnum):
    """The approval status of a client."""

    PENDING = "pending"
    APPROVED = "approved"
    DISAPPROVED = "disapproved"


class GrantType(StrEnum):
    """The grant types of RFC 6749 and RFC 8628 that a client can be registered for."""

    AUTHORIZATION_CODE = "authorization_code"
    REFRESH_TOKEN = "refresh_token"
    PASSWORD = "password"
    CLIENT_CREDENTIALS = "client_credentials"
    DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
    IMPLICIT = "implicit"


class AuthMethod(StrEnum):
    """The client authentication methods (OpenID Connect Core, section 9).

    A client that is registered for ``SECRET`` may use ``BASIC`` or ``POST``. No request and no discovery document contains
    this value.
    """

    SECRET = "client_secret"
    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    NONE = "none"
    SECRET_JWT = "client_secret_jwt"
    PRIVATE_KEY_JWT = "private_key_jwt"


class SigningAlgorithm(StrEnum):
    """The algorithms of the server's signing keys, the default first (OpenID Connect Core, section 15.1)."""

    RS256 = "RS256"
    PS256 = "PS256"
    ES256 = "ES256"
    EDDSA = "EdDSA"


class SignatureMethod(StrEnum):
    """The OAuth 1.0a signature methods: RFC 5849, section 3.4, and the later SHA-2 methods."""

    HMAC_SHA1 = "HMAC-SHA1"
    HMAC_SHA256 = "HMAC-SHA256"
    HMAC_SHA512 = "HMAC-SHA512"
    RSA_SHA1 = "RSA-SHA1"
    RSA_SHA256 = "RSA-SHA256"
    PLAINTEXT = "PLAINTEXT"


class ScopeName(StrEnum):
    """The scopes of OpenID Connect, and `groups`. Administrators can define more."""

    OPENID = "openid"
    PROFILE = "profile"
    EMAIL = "email"
    ADDRESS = "address"
    PHONE = "phone"
    OFFLINE_ACCESS = "offline_access"
    GROUPS = "groups"


class TokenPrefix(StrEnum):
    """The prefixes of opaque tokens, by which people and secret scanners can identify a token."""

    CODE = "asc"
    ACCESS_TOKEN = "asa"
    TOKEN_ID = "asj"
    REFRESH_TOKEN = "asr"
    SESSION = "ass"
    INTERACTION = "asi"
    SETUP = "asl"
    DEVICE_CODE = "asd"
    DEVICE_CONFIRMATION = "asv"
    REGISTRATION_TOKEN = "asg"
    TEMPORARY_CREDENTIAL = "ast"
    TOKEN_CREDENTIAL = "aso"


class Acr(StrEnum):
    """The authentication context classes."""

    PASSWORD = "urn:authserver:acr:password"
    MULTI_FACTOR = "urn:authserver:acr:multi-factor"


CONFIGURE_SERVER: Final = "configure_server"
"""The permission to manage clients, users and the server, called *Configure Server* in the console."""

OAUTH1_GRANT: Final = "oauth1"
"""The grant type of OAuth 1.0a authorizations. The protocol itself has no grant types."""

S256: Final = "S256"

TYPED_ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""The letters of codes that users type: no vowels, so that codes do not form words (RFC 8628, section 6.1)."""

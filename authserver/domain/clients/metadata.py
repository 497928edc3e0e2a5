"""Client metadata: every field a client can be registered with, its type, default, limits and cross-field rules.

The console's forms, the command-line options, dynamic registration (RFC 7591), the stored record, the audit trail and
``docs/reference/client-metadata.md`` derive from this model. To add a field, add it here. Fields have their standard
names (RFC 7591, OpenID Connect Registration). Some have the name of their column, and the standard name as alias.
"""

from functools import partial
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator

from authserver.domain.clients import redirect_uris as uri_rules
from authserver.domain.clients import token_lifetimes, user_access
from authserver.domain.clients.basic_metadata import BasicMetadata
from authserver.domain.clients.metadata_types import (
    MAX_ACR_VALUES,
    MAX_CONTACTS,
    MAX_KEYS,
    MAX_RESOURCES,
    SECRET_ALGORITHMS,
    AcrValues,
    Algorithm,
    AllowedGroups,
    Contacts,
    HttpsUrl,
    JwkSet,
    LogoutUrl,
    RedirectUris,
    Resources,
    Roles,
    Section,
    Text,
    Url,
    extra_of,
    field,
    lifetime,
    one_of,
    type_of,
)
from authserver.domain.keys.signing_keys import ALGORITHMS, DEFAULT_ALGORITHM
from authserver.setting_values import format_duration
from authserver.vocabulary import AuthMethod

POST_LOGOUT_REDIRECT_URIS = "post_logout_redirect_uris"
BACKCHANNEL_LOGOUT_URI = "backchannel_logout_uri"
FRONTCHANNEL_LOGOUT_URI = "frontchannel_logout_uri"
AT_JWT, JWT = "at+jwt", "JWT"
"""The possible values of ``access_token_typ``."""

DEFAULT_MAX_AGE = "default_max_age"
POLICY_URI, TOS_URI = "policy_uri", "tos_uri"
MINIMAL_CLAIMS, ALL_CLAIMS = "minimal", "all"
_ALGORITHMS = ", ".join(ALGORITHMS)


def _lifetime_of(name: str, meaning: str) -> str:
    limits = " to ".join(map(format_duration, token_lifetimes.BOUNDS[name]))
    return f"{meaning}, in seconds, from {limits}. The default is the setting with the same name."


_sign_in = partial(field, Section.SIGN_IN)
_logout = partial(field, Section.LOGOUT)
_tokens = partial(field, Section.TOKENS)
_access = partial(field, Section.ACCESS, by_client=False)
_lifetime = partial(field, Section.LIFETIMES, by_client=False)
_description = partial(field, Section.DESCRIPTION)
_oauth1 = partial(field, Section.OAUTH1, by_client=False)


class ClientMetadata(BasicMetadata):
    """The complete metadata of one client, in normal form."""

    default_max_age: Annotated[int, Field(ge=0, lt=10**9)] | None = _sign_in(
        "Default maximum authentication age",
        "The maximum age of the sign-in, in seconds, for requests without `max_age`.",
    )
    remember_consent_on_loopback: bool | None = _sign_in(
        "Remember consent on loopback",
        "Whether a client without a secret asks each user for consent only once if its redirect URI is on loopback "
        "(`http://127.0.0.1`, `http://[::1]` or `http://localhost`). Any other program on the user's computer can then "
        "get tokens of a signed-in user without being noticed (RFC 8252, section 8.6). Off by default.",
        by_client=False,
    )
    require_auth_time: bool | None = _sign_in(
        "Require auth_time", "Whether ID tokens must contain `auth_time`. This server always includes it."
    )
    default_acr_values: AcrValues | None = _sign_in(
        "Default authentication context classes",
        f"The classes (`acr`) that apply to requests without `acr_values`, {MAX_ACR_VALUES} at most.",
    )
    initiate_login_uri: HttpsUrl | None = _sign_in(
        "Login initiation URI", "The https URL at which another site can start a sign-in to the client."
    )
    post_logout_redirect_uris: RedirectUris | None = _logout(
        "Post-logout redirect URIs",
        "The URIs that the browser may return to after a logout (RP-Initiated Logout 1.0, section 3).",
    )
    backchannel_logout_uri: LogoutUrl | None = _logout(
        "Back-channel logout URI",
        "The URL that the server sends logout tokens to (Back-Channel Logout 1.0, section 2.2).",
    )
    backchannel_logout_session_required: bool | None = _logout(
        "Back-channel logout session required", "Whether logout tokens must contain a session ID."
    )
    frontchannel_logout_uri: LogoutUrl | None = _logout(
        "Front-channel logout URI",
        "A page that ends the client's session, on the origin of a redirect URI (Front-Channel Logout 1.0, section 2).",
    )
    frontchannel_logout_session_required: bool | None = _logout(
        "Front-channel logout session required",
        "Whether front-channel logout requests must contain a session ID.",
    )
    id_token_signed_response_alg: Algorithm | None = _tokens(
        "ID token signing algorithm", f"One of {_ALGORITHMS}; {DEFAULT_ALGORITHM} by default."
    )
    id_token_claims: Annotated[str, one_of(MINIMAL_CLAIMS, ALL_CLAIMS)] | None = _tokens(
        "Claims in the ID token",
        "`minimal` (the default): the claims of `profile`, `email`, `address` and `phone` come from the userinfo endpoint "
        "if an access token is issued (OpenID Connect Core, section 5.4). `all`: ID tokens contain them, too.",
        by_client=False,
    )
    userinfo_signed_response_alg: Algorithm | None = _tokens(
        "Userinfo signing algorithm", f"One of {_ALGORITHMS}. Without it, the response is plain JSON."
    )
    access_token_signed_response_alg: Algorithm | None = _tokens(
        "Access token signing algorithm",
        f"One of {_ALGORITHMS}, for JWT access tokens (RFC 9068). Without it, access tokens are opaque.",
        by_client=False,
    )
    access_token_typ: Annotated[str, one_of(AT_JWT, JWT)] | None = _tokens(
        "Access token type header",
        f"The `typ` of JWT access tokens: `{AT_JWT}` (RFC 9068, the default), or `{JWT}` for resource servers that reject "
        f"`{AT_JWT}`, such as Spring Security.",
        by_client=False,
    )
    sector_identifier_uri: Url | None = _tokens(
        "Sector identifier URI",
        "The URL of a JSON list of all redirect URIs of one sector, for pairwise subject identifiers.",
    )
    subject_type: Annotated[str, one_of("public", "pairwise")] | None = _tokens(
        "Subject identifier type",
        "`public` (the default) or `pairwise`. A pairwise identifier is different for each sector.",
    )
    token_endpoint_auth_signing_alg: str | None = _tokens(
        "Client assertion signing algorithm",
        f"One of {_ALGORITHMS} for private_key_jwt, or {', '.join(SECRET_ALGORITHMS)} for client_secret_jwt. "
        "By default, any algorithm that fits the key is accepted.",
    )
    client_assertion_audience: Annotated[str, one_of("issuer")] | None = _tokens(
        "Client assertion audience",
        "With `issuer`, the audience of an assertion must be the issuer. By default, the endpoint's URL is also valid.",
        by_client=False,
    )
    jwks_uri: Url | None = _tokens("JWK set URL", "The URL of the JWK set with the client's public keys.")
    jwks: JwkSet | None = _tokens(
        "Public keys",
        f"A JWK set with the client's public keys (at most {MAX_KEYS}), for private_key_jwt. Set this or `jwks_uri`.",
    )
    resources: Resources | None = _tokens(
        "Resource servers",
        f"The resource servers that the client may request tokens for (RFC 8707), {MAX_RESOURCES} at most. "
        "If a request names none, the token is for all of them.",
        by_client=False,
    )
    serves: Resources | None = _tokens(
        "Resource identifiers this client serves",
        "The resources (RFC 8707) that this client serves. It may introspect tokens for them.",
        by_client=False,
    )
    may_introspect_all: bool | None = _tokens(
        "May introspect all tokens",
        "Whether the client may introspect the access tokens of every client. It then learns which users use which clients.",
        by_client=False,
    )
    allowed_groups: AllowedGroups | None = _access(
        "Allowed groups",
        "Only members of these groups may use the client. Without them, every user may. "
        f"{user_access.MAX_ALLOWED_GROUPS} at most.",
    )
    roles: Roles | None = _access(
        "Roles",
        "The roles of the members of groups at this client, each as `ROLE=GROUP`, for the claim `roles`. "
        f"{user_access.MAX_ROLES} at most.",
    )
    access_token_lifetime: Annotated[int, lifetime(token_lifetimes.ACCESS_TOKEN)] | None = _lifetime(
        "Access token lifetime", _lifetime_of(token_lifetimes.ACCESS_TOKEN, "The lifetime of access tokens")
    )
    id_token_lifetime: Annotated[int, lifetime(token_lifetimes.ID_TOKEN)] | None = _lifetime(
        "ID token lifetime", _lifetime_of(token_lifetimes.ID_TOKEN, "The lifetime of ID tokens")
    )
    refresh_token_idle_lifetime: Annotated[int, lifetime(token_lifetimes.REFRESH_TOKEN_IDLE)] | None = (
        _lifetime(
            "Refresh token idle lifetime",
            _lifetime_of(token_lifetimes.REFRESH_TOKEN_IDLE, "The lifetime of unused refresh tokens"),
        )
    )
    refresh_token_lifetime: Annotated[int, lifetime(token_lifetimes.REFRESH_TOKEN)] | None = _lifetime(
        "Refresh token lifetime",
        _lifetime_of(token_lifetimes.REFRESH_TOKEN, "The total lifetime of refresh tokens, from the sign-in"),
    )
    client_uri: Url | None = _description("Website", "The website of the application.")
    logo_uri: Url | None = _description("Logo", "The application's logo. The server never fetches it.")
    policy_uri: Url | None = _description("Privacy policy", "The application's privacy policy.")
    tos_uri: Url | None = _description("Terms of service", "The application's terms of service.")
    contacts: Contacts | None = _description(
        "Contacts",
        f"Ways to reach the people responsible, such as e-mail addresses; {MAX_CONTACTS} at most.",
    )
    software_id: Text | None = _description("Software ID", "The identifier of the software.")
    software_version: Text | None = _description("Software version", "The version of the software.")
    may_verify_requests: bool | None = _oauth1(
        "May verify requests",
        "Whether the client is a resource server that may ask this server to verify signed OAuth 1.0a requests.",
    )
    oauth1: dict[str, Any] | None = _oauth1("OAuth 1.0a options", "The options of an OAuth 1.0a consumer.")

    @field_validator("frontchannel_logout_uri")
    @classmethod
    def _check_frame_origin(cls, value: str | None, info: ValidationInfo) -> str | None:
        # Front-Channel Logout, section 2: scheme, host and port MUST be those of a registered redirect URI.
        uris = info.data.get("redirect_uris")
        if value and uris is not None and uri_rules.origin_of(value) not in map(uri_rules.origin_of, uris):
            raise ValueError("Scheme, host and port must be those of one of the redirect URIs.")
        return value

    @field_validator("subject_type")
    @classmethod
    def _check_sector(cls, value: str | None, info: ValidationInfo) -> str | None:
        has_sector = "sector_identifier_uri" not in info.data or info.data["sector_identifier_uri"]
        if value != "pairwise" or has_sector:
            return value
        parts = map(urlsplit, info.data.get("redirect_uris", ()))
        if len({part.hostname or part.scheme for part in parts}) > 1:
            raise ValueError("The redirect URIs are on several hosts. Enter a sector identifier URI.")
        return value

    @field_validator("token_endpoint_auth_signing_alg")
    @classmethod
    def _check_assertion_algorithm(cls, value: str | None, info: ValidationInfo) -> str | None:
        is_by_secret = info.data.get("auth_method") == AuthMethod.SECRET_JWT
        allowed = SECRET_ALGORITHMS if is_by_secret else ALGORITHMS
        if value is not None and value not in allowed:
            raise ValueError(f"Choose one of {', '.join(allowed)}.")
        return value

    @field_validator("jwks")
    @classmethod
    def _check_key_source(cls, value: dict[str, Any] | None, info: ValidationInfo) -> dict[str, Any] | None:
        if "jwks_uri" not in info.data:
            return value
        has_url = info.data["jwks_uri"] is not None
        if has_url and value is not None:
            raise ValueError("Enter the JWK set or its URL, not both.")
        if info.data.get("auth_method") == AuthMethod.PRIVATE_KEY_JWT and not has_url and value is None:
            raise ValueError("private_key_jwt needs the application's public keys or their URL.")
        return value


FIELDS = ClientMetadata.model_fields
BY_CLIENT = frozenset(name for name, info in FIELDS.items() if extra_of(info)["by_client"])
"""The fields that a client may register for itself. Only administrators set the others (S16)."""

TYPES = {name: type_of(info.annotation) for name, info in FIELDS.items()}
TITLES = {name: str(info.title) for name, info in FIELDS.items()}
REGISTERED_NAMES = {name: info.alias or name for name, info in FIELDS.items()}
"""The name of each field in registration requests."""


def fields_of(*sections: Section) -> tuple[str, ...]:
    """Return the names of the fields in some sections."""
    return tuple(name for name, info in FIELDS.items() if extra_of(info)["section"] in sections)

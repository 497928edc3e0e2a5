"""Client metadata: every field a client can be registered with, its type, default, limits and cross-field rules.

The console's forms, the command-line options, dynamic registration (RFC 7591), the stored record, the audit trail and
``docs/reference/client-metadata.md`` derive from this model. To add a field, add it here. Fields have their standard
names (RFC 7591, OpenID Connect Registration). Some have the name of their column, and the standard name as alias.
"""

from functools import partial
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationInfo, field_validator

from authserver.domain import text_rules
from authserver.domain.clients import redirect_uris as uri_rules
from authserver.domain.clients import token_lifetimes
from authserver.domain.clients.default_scopes import default_scopes
from authserver.domain.clients.metadata_types import (
    MAX_ACR_VALUES,
    MAX_CONTACTS,
    MAX_KEYS,
    MAX_RESOURCES,
    SECRET_ALGORITHMS,
    AcrValues,
    Algorithm,
    Contacts,
    HttpsUrl,
    JwkSet,
    LogoutUrl,
    RedirectUris,
    Resources,
    Section,
    Strings,
    Text,
    Url,
    clean_line,
    extra_of,
    field,
    invalid,
    lifetime,
    one_of,
    type_of,
)
from authserver.domain.clients.response_types import (
    RESPONSE_TYPES,
    issues_in_browser,
    normalize_response_type,
)
from authserver.domain.keys.signing_keys import ALGORITHMS, DEFAULT_ALGORITHM
from authserver.setting_values import format_duration
from authserver.vocabulary import AuthMethod, ClientKind, GrantType

MISSPELLED_DEVICE_GRANT = (
    "urb:ietf:params:oauth:grant-type:device_code"  # Some clients send urb instead of urn.
)
MAX_SCOPES = 100
MAX_SCOPE_LENGTH = 3000
"""The maximum length of a client's ``scope`` string. The columns for granted scopes are longer."""

POST_LOGOUT_REDIRECT_URIS = "post_logout_redirect_uris"
BACKCHANNEL_LOGOUT_URI = "backchannel_logout_uri"
FRONTCHANNEL_LOGOUT_URI = "frontchannel_logout_uri"
DEFAULT_MAX_AGE = "default_max_age"
POLICY_URI, TOS_URI = "policy_uri", "tos_uri"
WEB, NATIVE = "web", "native"
_ALGORITHMS = ", ".join(ALGORITHMS)


def _lifetime_of(name: str, meaning: str) -> str:
    limits = " to ".join(map(format_duration, token_lifetimes.BOUNDS[name]))
    return f"{meaning}, in seconds, from {limits}. The default is the setting with the same name."


_registration = partial(field, Section.REGISTRATION)
_sign_in = partial(field, Section.SIGN_IN)
_logout = partial(field, Section.LOGOUT)
_tokens = partial(field, Section.TOKENS)
_lifetime = partial(field, Section.LIFETIMES, by_client=False)
_description = partial(field, Section.DESCRIPTION)
_oauth1 = partial(field, Section.OAUTH1, by_client=False)


class ClientMetadata(BaseModel):
    """The metadata of one client, in normal form.

    Validators run in the order of the fields. A validator can use only the fields that are defined above its own field.
    Unknown fields are kept: a newer version of authserver has stored them.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        strict=True,
        validate_default=True,
        validate_by_name=True,
        validate_by_alias=False,
    )

    kind: Annotated[ClientKind, Strict(False)] = _registration(
        "Type", "The protocol of the client. It never changes.", ..., by_client=False
    )
    name: str = _registration("Name", "The name that users see.", ..., alias="client_name")
    auth_method: Annotated[AuthMethod, Strict(False)] = _registration(
        "Authentication method",
        "How the client authenticates. `client_secret` accepts the secret in the header and in the body.",
        AuthMethod.SECRET,
        alias="token_endpoint_auth_method",
    )
    grant_types: Strings = _registration(
        "Grant types", "The grant types that the client may use.", (GrantType.AUTHORIZATION_CODE,)
    )
    response_types: Strings = _registration(
        "Response types", "The response types that the client may request.", ("code",)
    )
    application_type: Annotated[str, one_of(WEB, NATIVE)] | None = _sign_in(
        "Application type",
        "`web` or `native`. A `web` client that receives tokens in the browser needs https redirect URIs. "
        "Dynamic registration of an OpenID Connect client sets `web` by default.",
    )
    redirect_uris: RedirectUris = _registration(
        "Redirect URIs",
        "The URIs that the browser may return to after a sign-in. They are compared exactly. "
        f"At most {uri_rules.MAX_COUNT} URIs of {uri_rules.MAX_LENGTH} characters.",
        (),
    )
    scopes: Strings = _registration(
        "Scopes",
        f"The scopes that the client may request, {MAX_SCOPES} at most. The default is `openid profile email` (without "
        "`openid` for OAuth 2.0), plus `offline_access` with the grant type `refresh_token`.",
        alias="scope",
    )
    is_pkce_required: bool = _registration(
        "PKCE required",
        "Whether the client must use PKCE. Always true for public clients. If an authorization request has a challenge, "
        "the verifier is always required.",
        False,
        by_client=False,
    )
    is_trusted: bool = _registration(
        "Trusted", "The users of a trusted client are not asked for consent.", False, by_client=False
    )
    default_max_age: Annotated[int, Field(ge=0, lt=10**9)] | None = _sign_in(
        "Default maximum authentication age",
        "The maximum age of the sign-in, in seconds, for requests without `max_age`.",
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
    userinfo_signed_response_alg: Algorithm | None = _tokens(
        "Userinfo signing algorithm", f"One of {_ALGORITHMS}. Without it, the response is plain JSON."
    )
    access_token_signed_response_alg: Algorithm | None = _tokens(
        "Access token signing algorithm",
        f"One of {_ALGORITHMS}, for JWT access tokens (RFC 9068). Without it, access tokens are opaque.",
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
        f"The resource servers that the client may request tokens for (RFC 8707), {MAX_RESOURCES} at most.",
        by_client=False,
    )
    serves: Resources | None = _tokens(
        "Resource identifiers this client serves",
        "The resources (RFC 8707) that this client serves. It may introspect tokens for them.",
        by_client=False,
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

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str, info: ValidationInfo) -> str:
        # The current name stays valid, even if the rules have become stricter since it was accepted.
        if info.context is not None and value == info.context.get("known_name"):
            return value
        return clean_line("name", value)

    @field_validator("grant_types", "response_types", "scopes", mode="before")
    @classmethod
    def _skip_oauth1(cls, value: Any, info: ValidationInfo) -> Any:
        return () if info.data.get("kind") == ClientKind.OAUTH1 else value

    @field_validator("grant_types")
    @classmethod
    def _check_grant_types(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if info.data.get("kind") == ClientKind.OAUTH1:
            return value
        if MISSPELLED_DEVICE_GRANT in value:
            raise ValueError(f"{MISSPELLED_DEVICE_GRANT} is misspelled. Write urn: instead of urb:.")
        if unknown := set(value) - set(GrantType):
            raise invalid(f"Unknown grant type: {min(unknown)[:80]}.")
        if not value:
            raise ValueError("Choose at least one grant type.")
        if info.data.get("auth_method") == AuthMethod.NONE and GrantType.CLIENT_CREDENTIALS in value:
            raise ValueError("A client without a secret cannot use client_credentials.")
        return tuple(str(GrantType(grant)) for grant in dict.fromkeys(value))

    @field_validator("response_types")
    @classmethod
    def _check_response_types(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        value = tuple(dict.fromkeys(map(normalize_response_type, value)))
        if "kind" not in info.data:
            return value
        allowed = set(map(normalize_response_type, RESPONSE_TYPES[info.data["kind"]]))
        for response_type in value:
            if response_type not in allowed:
                raise invalid(f"Unknown response type for this type of client: {response_type[:80]}.")
        grant_types = info.data.get("grant_types")
        if grant_types is None:
            return value
        has_code_grant = GrantType.AUTHORIZATION_CODE in grant_types
        for response_type in value:
            if "code" in response_type.split() and not has_code_grant:
                raise ValueError(
                    f"The response type {response_type} requires the grant type authorization_code."
                )
        if has_code_grant and not value:
            raise ValueError("The grant type authorization_code requires the response type code.")
        return value

    @field_validator("redirect_uris")
    @classmethod
    def _check_redirect_uris(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        response_types = _valid_or_given(info, "response_types")
        if response_types and not value:
            raise ValueError("Enter at least one redirect URI. The browser returns there after a sign-in.")
        is_in_browser = info.data.get("application_type") == WEB and issues_in_browser(response_types)
        if is_in_browser and (error := uri_rules.first_web_error(value)):
            raise ValueError(error)
        return value

    @field_validator("scopes", mode="before")
    @classmethod
    def _default_scopes(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None:
            return value
        return default_scopes(info.data.get("kind", ""), _valid_or_given(info, "grant_types"))

    @field_validator("scopes")
    @classmethod
    def _check_scopes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        value = tuple(dict.fromkeys(map(str, value)))
        if len(value) > MAX_SCOPES:
            raise ValueError(f"A client can have {MAX_SCOPES} scopes at most.")
        if len(" ".join(value)) > MAX_SCOPE_LENGTH:
            raise ValueError(f"All scopes together can have {MAX_SCOPE_LENGTH} characters at most.")
        if not all(map(text_rules.is_scope_name, value)):
            raise ValueError(f"A scope is invalid. Use {text_rules.SCOPE_NAME_RULE} for each scope.")
        return value

    @field_validator("is_pkce_required")
    @classmethod
    def _require_pkce(cls, value: bool, info: ValidationInfo) -> bool:
        if info.data.get("kind") == ClientKind.OAUTH1:
            return False
        return value or info.data.get("auth_method") == AuthMethod.NONE

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


def _valid_or_given(info: ValidationInfo, name: str) -> tuple[object, ...]:
    """Return the valid value of an earlier list field, or the submitted value if it is invalid."""
    found = info.data.get(name, (info.context or {}).get("given", {}).get(name))
    return tuple(found) if isinstance(found, list | tuple) else ()


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

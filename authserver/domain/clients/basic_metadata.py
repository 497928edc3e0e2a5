"""The metadata that every client has: its kind, authentication method, grant types, redirect URIs and scopes.

``metadata.ClientMetadata`` adds the optional metadata.
"""

from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Strict, ValidationInfo, field_validator

from authserver.domain import text_rules
from authserver.domain.clients import redirect_uris as uri_rules
from authserver.domain.clients.default_scopes import default_scopes
from authserver.domain.clients.metadata_types import (
    RedirectUris,
    Section,
    Strings,
    clean_line,
    field,
    invalid,
    one_of,
)
from authserver.domain.clients.response_types import (
    RESPONSE_TYPES,
    issues_in_browser,
    normalize_response_type,
)
from authserver.vocabulary import AuthMethod, ClientKind, GrantType

MISSPELLED_DEVICE_GRANT = (
    "urb:ietf:params:oauth:grant-type:device_code"  # Some clients send urb instead of urn.
)
MAX_SCOPES = 100
MAX_SCOPE_LENGTH = 3000
"""The maximum length of a client's ``scope`` string. The columns for granted scopes are longer."""

WEB, NATIVE = "web", "native"

_registration = partial(field, Section.REGISTRATION)
_sign_in = partial(field, Section.SIGN_IN)


class BasicMetadata(BaseModel):
    """The metadata that every client has, in normal form.

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

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str, info: ValidationInfo) -> str:
        # The current name stays valid, even if the rules have become stricter since it was accepted.
        if info.context is not None and value == info.context["known"].get("name"):
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
        if is_in_browser and (error := uri_rules.web_error(value)):
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


def _valid_or_given(info: ValidationInfo, name: str) -> tuple[object, ...]:
    """Return the valid value of an earlier list field, or the submitted value if it is invalid."""
    found = info.data.get(name, (info.context or {}).get("given", {}).get(name))
    return tuple(found) if isinstance(found, list | tuple) else ()

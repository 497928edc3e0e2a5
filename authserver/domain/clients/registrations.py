"""What a client can be registered for, and the rules that any registration meets, wherever it comes from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from authserver.domain import scope_names, text_rules
from authserver.domain.clients import (
    client_details,
    client_links,
    logout_uris,
    redirect_uris,
    sign_in_requirements,
    token_lifetimes,
)
from authserver.errors import InvalidInput
from authserver.vocabulary import AuthMethod, ClientKind, GrantType, ScopeName

RESPONSE_TYPES: dict[str, tuple[str, ...]] = {
    ClientKind.OAUTH1: (),
    ClientKind.OAUTH2: ("code", "token"),
    ClientKind.OIDC: (
        "code",
        "code id_token",
        "code id_token token",
        "code token",
        "id_token",
        "id_token token",
    ),
}
WITH_ACCESS_TOKEN = tuple(
    value for values in RESPONSE_TYPES.values() for value in values if "token" in value.split()
)
"""The response types that issue an access token in the browser, which RFC 9700, section 2.1.2, advises against."""

MISPRINTED_DEVICE_GRANT = "urb:ietf:params:oauth:grant-type:device_code"
DEFAULT_SCOPES: dict[str, tuple[str, ...]] = {
    ClientKind.OAUTH1: (),
    ClientKind.OAUTH2: (ScopeName.PROFILE, ScopeName.EMAIL),
    ClientKind.OIDC: tuple(ScopeName),
}
_SCOPES = 100
_SCOPE_LENGTH = 3000  # The records of what is granted hold a little more.


@dataclass(frozen=True)
class Registration:
    """What somebody asks a client to be; ``details`` holds what no query looks at, each part judged by a room of its own."""

    kind: str
    name: str
    redirect_uris: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = (GrantType.AUTHORIZATION_CODE,)
    response_types: tuple[str, ...] = ("code",)
    scopes: tuple[str, ...] | None = None
    auth_method: str = AuthMethod.BASIC
    is_pkce_required: bool = True
    is_trusted: bool = False
    details: dict[str, Any] = field(default_factory=dict)

    def columns(self) -> dict[str, Any]:
        """Return the values of the client's columns."""
        return {
            "kind": str(self.kind),
            "name": self.name,
            "redirect_uris": list(self.redirect_uris),
            "grant_types": [str(word) for word in self.grant_types],
            "response_types": list(self.response_types),
            "scopes": [str(word) for word in self.scopes or ()],
            "auth_method": str(self.auth_method),
            "is_pkce_required": self.is_pkce_required,
            "is_trusted": self.is_trusted,
            "details": self.details,
        }


COLUMNS = tuple(Registration("", "").columns())
"""The columns of a client that its registration fills."""


def from_columns(columns: Mapping[str, Any]) -> Registration:
    """Return the registration that has these values in the columns of a client."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in columns.items()
    }
    return Registration(**values)


def registration_of(client: object) -> Registration:
    """Return what a client is registered for."""
    return from_columns({name: getattr(client, name) for name in COLUMNS})


def describe_registration(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the audit trail says of a registration, in its own words."""
    words = {"is_pkce_required": "pkce_required", "is_trusted": "trusted"}
    return {words.get(name, name): value for name, value in columns.items()}


def normalize_response_type(value: str) -> str:
    """Return a response type with its words in the order in which they are registered."""
    return " ".join(sorted(value.split()))


def issued_artifacts(response_types: Iterable[object]) -> set[str]:
    """Return what the response types issue: code, id_token, token."""
    return {word for value in response_types if isinstance(value, str) for word in value.split()}


def issues_in_browser(response_types: Iterable[object]) -> bool:
    """Return whether the browser receives tokens, for which a client registers ``implicit`` (RFC 7591, section 2.1)."""
    return bool(issued_artifacts(response_types) & {"token", "id_token"})


def validate(registration: Registration, *, known_name: str | None = None) -> Registration:
    """Return the registration in normal form; raises InvalidInput naming every field that is wrong.

    A name that the client has already is not judged again: it was taken when the rules were others.
    """
    if registration.kind not in set(ClientKind):
        raise InvalidInput({"kind": "Choose OAuth 1.0a, OAuth 2.0 or OpenID Connect."})
    registration, faults = _with_clean_name(registration, known_name)
    if registration.kind == ClientKind.OAUTH1:
        return _check_oauth1(registration, faults)
    scopes = DEFAULT_SCOPES[registration.kind] if registration.scopes is None else registration.scopes
    response_types = tuple(
        dict.fromkeys(normalize_response_type(value) for value in registration.response_types)
    )
    registration = replace(
        registration,
        scopes=tuple(dict.fromkeys(scopes)),
        response_types=response_types,
        grant_types=tuple(dict.fromkeys(registration.grant_types)),
        is_pkce_required=registration.is_pkce_required or registration.auth_method == AuthMethod.NONE,
    )
    faults |= _detail_faults(registration)
    faults |= {key: value for key, value in _faults(registration).items() if value}
    if faults:
        raise InvalidInput(faults)
    return registration


def _with_clean_name(
    registration: Registration, known_name: str | None
) -> tuple[Registration, dict[str, str]]:
    if registration.name == known_name:
        return registration, {}
    try:
        return replace(registration, name=text_rules.clean_line("name", "name", registration.name)), {}
    except InvalidInput as error:
        return registration, dict(error.fields)


def _check_oauth1(registration: Registration, faults: dict[str, str]) -> Registration:
    faults |= _detail_faults(registration)
    faults |= {key: value for key, value in _common_faults(registration).items() if value}
    if faults:
        raise InvalidInput(faults)
    return replace(registration, grant_types=(), response_types=(), scopes=(), is_pkce_required=False)


def _detail_faults(registration: Registration) -> dict[str, str]:
    details, uris = registration.details, redirect_uris.registrable(registration.redirect_uris)
    return {
        **sign_in_requirements.validation_errors(
            details, uris, is_in_browser=issues_in_browser(registration.response_types)
        ),
        **token_lifetimes.validation_errors(details),
        **client_links.validation_errors(details),
        **logout_uris.validation_errors(details, uris),
    }


def _faults(registration: Registration) -> dict[str, str | None]:
    return {
        **_common_faults(registration),
        "redirect_uris": _redirect_fault(registration),
        "grant_types": _grant_fault(registration),
        "response_types": _response_fault(registration),
        "scopes": _scope_fault(registration.scopes or ()),
    }


def _common_faults(registration: Registration) -> dict[str, str | None]:
    return {
        **client_details.validation_errors(
            registration.details,
            registration.auth_method,
            redirect_uris.registrable(registration.redirect_uris),
        ),
        "redirect_uris": redirect_uris.first_error(registration.redirect_uris),
        "auth_method": None
        if registration.auth_method in set(AuthMethod)
        else "Choose how the application authenticates itself.",
    }


def _redirect_fault(registration: Registration) -> str | None:
    if fault := redirect_uris.first_error(registration.redirect_uris):
        return fault
    if registration.response_types and not registration.redirect_uris:
        return "Enter at least one redirect URI: sign-ins return there."
    return None


def _grant_fault(registration: Registration) -> str | None:
    asked = set(registration.grant_types)
    if MISPRINTED_DEVICE_GRANT in asked:
        return f"{MISPRINTED_DEVICE_GRANT} is a misprint; the name begins with urn:."
    if not asked <= set(GrantType):
        return f"Unknown grant type: {sorted(asked - set(GrantType))[0][:80]}."
    if not asked:
        return "Choose at least one grant type."
    if registration.auth_method == AuthMethod.NONE and GrantType.CLIENT_CREDENTIALS in asked:
        return "An application without a secret cannot act for itself (client_credentials)."
    return None


def _response_fault(registration: Registration) -> str | None:
    allowed = {normalize_response_type(value) for value in RESPONSE_TYPES[registration.kind]}
    for value in registration.response_types:
        if value not in allowed:
            return f"Unknown response type for this kind of client: {value[:80]}."
        if "code" in value.split() and GrantType.AUTHORIZATION_CODE not in registration.grant_types:
            return f"The response type {value} needs the grant type authorization_code."
    if GrantType.AUTHORIZATION_CODE in registration.grant_types and not registration.response_types:
        return "The grant type authorization_code needs the response type code."
    return None


def _scope_fault(scopes: tuple[str, ...]) -> str | None:
    if len(scopes) > _SCOPES:
        return f"A client can have {_SCOPES} scopes at most."
    if len(" ".join(scopes)) > _SCOPE_LENGTH:
        return f"All scopes together can have {_SCOPE_LENGTH} letters at most."
    for scope in scopes:
        if len(scope) > scope_names.LENGTH or not scope_names.is_name(scope):
            return "A scope is a word of printable ASCII letters without quotes, backslashes and spaces."
    return None

"""Building blocks of the client metadata model: descriptions of fields, and types of values with their rules.

Rules that involve more than one field are in ``metadata``.
"""

import re
from collections.abc import Callable
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from urllib.parse import SplitResult, urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey
from joserfc.util import base64_to_int
from pydantic import AfterValidator, Field, PlainValidator, Strict, ValidationInfo
from pydantic.fields import FieldInfo

from authserver.domain import text_rules
from authserver.domain.clients import redirect_uris, token_lifetimes, user_access
from authserver.domain.clients.redirect_uris import STRICT
from authserver.domain.keys.signing_keys import ALGORITHMS
from authserver.errors import InvalidInput
from authserver.setting_values import LOOPBACK_HOSTS

SECRET_ALGORITHMS = ("HS256",)
"""The algorithms of assertions that are signed with the client secret."""

MAX_URL_LENGTH = 2000
MAX_KEYS = 20
MAX_RESOURCES = 50
MAX_AUDIENCE_LENGTH = 3900
"""The maximum length of the resources of a client. All of them can be the audience of a token, which is one column."""

MAX_CONTACTS = 20
MAX_ACR_VALUES = 20
_MAX_ACR_LENGTH = 200
_MIN_RSA_BITS = 2048
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?|\[[0-9A-Fa-f:.]+\](:[0-9]+)?")
_PUBLIC_ONLY = "Enter public keys only. Never share private or symmetric keys."


class Section(StrEnum):
    """Groups of fields, for pages and forms."""

    REGISTRATION = "Registration"
    SIGN_IN = "Sign-in"
    TOKENS = "Tokens and keys"
    LIFETIMES = "Token lifetimes"
    LOGOUT = "Logout"
    DESCRIPTION = "Description of the application"
    ACCESS = "Access of users"
    OAUTH1 = "OAuth 1.0a"


def field(
    section: Section,
    title: str,
    description: str,
    default: Any = None,
    *,
    alias: str | None = None,
    by_client: bool = True,
) -> Any:
    """Return a field; ``by_client`` states whether a client may register it for itself (S16)."""
    extra: dict[str, Any] = {"section": section, "by_client": by_client}
    return Field(default, title=title, description=description, alias=alias, json_schema_extra=extra)


def extra_of(info: FieldInfo) -> dict[str, Any]:
    """Return the section of a field and whether a client may register it for itself."""
    return info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}


def type_of(annotation: Any) -> Any:
    """Return the Python type of an annotation's values, such as str, bool, tuple or dict."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return type_of(get_args(annotation)[0])
    if origin in {Union, UnionType}:
        return type_of(next(part for part in get_args(annotation) if part is not NoneType))
    return origin or annotation


def one_of(*choices: str) -> AfterValidator:
    """Return a validator that accepts one of the choices."""

    def check(value: str) -> str:
        if value not in choices:
            raise ValueError(f"Choose one of {', '.join(choices)}.")
        return value

    return AfterValidator(check)


def lifetime(name: str) -> PlainValidator:
    """Return a validator for a token lifetime: whole seconds within the bounds for that token."""

    def check(value: Any) -> int:
        if error := token_lifetimes.bounds_error(name, value):
            raise ValueError(error)
        return int(value)

    return PlainValidator(check)


def clean_line(label: str, value: str) -> str:
    """Return one line of text in normal form; raises ValueError."""
    try:
        return text_rules.clean_line(label, label, value)
    except InvalidInput as error:
        raise ValueError(str(error)) from error


def invalid(sentence: str) -> ValueError:
    """Return an error for a validator to raise. Lone surrogates are escaped, because pydantic cannot report them."""
    return ValueError(sentence.encode("utf-8", "backslashreplace").decode())


def is_short_rsa_key(key: Any) -> bool:
    """Return whether a JWK is an RSA key of less than the 2048 bits that RFC 7518, section 3.3, requires.

    Check this before importing the key: the library warns about short keys.
    """
    if not isinstance(key, dict) or key.get("kty") != "RSA" or not isinstance(key.get("n"), str):
        return False
    try:
        return base64_to_int(key["n"]).bit_length() < _MIN_RSA_BITS
    except ValueError:
        return False


def resource_error(uri: str) -> str | None:
    """Return the error in the identifier of a resource (RFC 8707, section 2), or None."""
    parts = _split(uri)
    if parts is None or not parts.scheme or not (parts.netloc or parts.path) or "#" in uri:
        return "Enter an absolute URI without a fragment."
    return None


def _rule(error_of: Callable[[Any], str | None]) -> AfterValidator:
    def check(value: Any) -> Any:
        if error := error_of(value):
            raise invalid(error)
        return value

    return AfterValidator(check)


def _url_error(value: str) -> str | None:
    parts = _split(value)
    if parts is None or parts.scheme not in {"https", "http"} or not parts.hostname or "@" in parts.netloc:
        return "Enter an https URL."
    # Plain http is possible only on loopback hosts, and the fetcher decides whether the settings allow it there.
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        return "Enter an https URL."
    return None


def _https_only_error(value: str) -> str | None:
    return _url_error(value) or (None if value.startswith("https://") else "Enter an https URL.")


def _logout_url_error(uri: str) -> str | None:
    if not uri:
        return None
    # The exceptions for the schemes of redirect URIs do not apply to logout URLs.
    parts = _split(uri)
    if parts is not None and parts.scheme != "https" and not _is_http_on_loopback(parts):
        return "Enter an https:// URL. http:// is accepted on 127.0.0.1, [::1] and localhost only."
    issue = redirect_uris.find_issue(uri)
    if issue is not None and issue.is_rejected:
        return issue.sentence
    parts = urlsplit(uri)
    # The Content-Security-Policy of the embedding page lists the host. Other characters could be syntax there.
    if not _HOST.fullmatch(parts.netloc):
        return "The host name contains invalid characters. Use letters, digits, dots and hyphens."
    return None


def _is_http_on_loopback(parts: SplitResult) -> bool:
    return parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS


def _resources_error(uris: tuple[str, ...]) -> str | None:
    if len(" ".join(uris)) > MAX_AUDIENCE_LENGTH:
        return f"All identifiers together can have {MAX_AUDIENCE_LENGTH} characters at most."
    return None


def _acr_error(value: str) -> str | None:
    if 0 < len(value) <= _MAX_ACR_LENGTH and value.isascii() and value.isprintable() and " " not in value:
        return None
    return f"Enter 1 to {_MAX_ACR_LENGTH} printable ASCII characters without spaces for each class."


def _text_error(value: str) -> str | None:
    try:
        clean_line("text", value)
    except ValueError as error:
        return str(error)
    return None


def _jwks_error(value: dict[str, Any]) -> str | None:
    listed = value.get("keys")
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_KEYS or not _is_storable(value):
        return f"Enter a JWK set with one to {MAX_KEYS} keys."
    if any(isinstance(key, dict) and key.get("kty") == "oct" for key in listed):
        return _PUBLIC_ONLY
    if any(map(is_short_rsa_key, listed)):
        return f"RSA keys must have {_MIN_RSA_BITS} bits or more."
    try:
        keys = KeySet.import_key_set(value).keys  # type: ignore[arg-type]
    except (ValueError, TypeError, KeyError, AttributeError, JoseError, RecursionError):
        return "This JWK set contains an entry that is not a valid key. Correct or remove it."
    if any(isinstance(key, OctKey) or key.is_private for key in keys):
        return _PUBLIC_ONLY
    return None


def _is_storable(value: Any) -> bool:
    if isinstance(value, str):
        return text_rules.is_storable(value)
    if isinstance(value, dict):
        return all(_is_storable(item) for pair in value.items() for item in pair)
    return all(map(_is_storable, value)) if isinstance(value, list) else True


def _split(value: str) -> SplitResult | None:
    if len(value) > MAX_URL_LENGTH or not text_rules.has_only_uri_characters(value):
        return None
    try:
        return urlsplit(value)
    except ValueError:
        return None


def _check_uri_list(uris: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    context = info.context or {}
    rules = context.get("uri_rules", STRICT)
    known = context.get("known", {}).get(info.field_name) or ()
    if error := redirect_uris.list_error(uris, rules, known):
        raise invalid(error)
    return tuple(dict.fromkeys(uris))


def _check_algorithm(algorithm: str, info: ValidationInfo) -> str:
    context = info.context or {}
    published = context.get("uri_rules", STRICT).signing_algorithms
    if algorithm in published or algorithm == context.get("known", {}).get(info.field_name):
        return algorithm
    choices = f"Choose one of {', '.join(published)}."
    raise invalid(
        f"This server does not publish keys for {algorithm}. {choices}"
        if algorithm in ALGORITHMS
        else choices
    )


Url = Annotated[str, _rule(_url_error)]
"""An https URL, or an http URL on a loopback host."""

HttpsUrl = Annotated[str, _rule(_https_only_error)]
"""An https URL. Unlike ``Url``, it must be https even on loopback hosts."""

LogoutUrl = Annotated[str, _rule(_logout_url_error)]
"""The URL of a logout endpoint (https, or http on a loopback host), or an empty string."""

Text = Annotated[str, _rule(_text_error)]
"""One line of printable text."""

JwkSet = Annotated[dict[str, Any], _rule(_jwks_error)]
"""A JWK set of public keys."""

Algorithm = Annotated[str, AfterValidator(_check_algorithm)]
"""An algorithm that this server publishes keys for, or the one that the client is registered for."""

Strings = Annotated[tuple[str, ...], Strict(False)]
"""A list of strings, as a list or a tuple."""

RedirectUris = Annotated[Strings, AfterValidator(_check_uri_list)]
"""A list of URIs that the browser may be redirected to. A repeated URI counts once."""

Contacts = Annotated[tuple[Text, ...], Strict(False), Field(max_length=MAX_CONTACTS)]
"""Ways to reach the people responsible for a client."""

Resources = Annotated[
    tuple[Annotated[str, _rule(resource_error)], ...],
    Strict(False),
    Field(max_length=MAX_RESOURCES),
    _rule(_resources_error),
]
"""Resource identifiers (RFC 8707)."""

AcrValues = Annotated[
    tuple[Annotated[str, _rule(_acr_error)], ...], Strict(False), Field(max_length=MAX_ACR_VALUES)
]
"""Authentication context class references."""

AllowedGroups = Annotated[
    tuple[str, ...],
    Strict(False),
    Field(max_length=user_access.MAX_ALLOWED_GROUPS),
    _rule(user_access.allowed_groups_error),
]
"""Names of groups of users."""

Roles = Annotated[
    tuple[str, ...], Strict(False), Field(max_length=user_access.MAX_ROLES), _rule(user_access.roles_error)
]
"""Roles at a client, written as ROLE=GROUP."""

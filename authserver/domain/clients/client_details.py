"""What a client is registered for beyond its columns: algorithms, key sets, subject type, resources (``Client.details``).

The names are those of the client metadata of RFC 7591 and OpenID Connect Registration, where these have one:

``id_token_signed_response_alg``, ``userinfo_signed_response_alg``
    What the ID token is signed with, RS256 if absent, and userinfo, plain JSON if absent.
``access_token_signed_response_alg``
    What JWT access tokens (RFC 9068) are signed with; opaque access tokens if absent.
``subject_type``, ``sector_identifier_uri``
    ``public`` or ``pairwise``, and which sites are one sector.
``token_endpoint_auth_signing_alg``, ``jwks``, ``jwks_uri``, ``client_assertion_audience``
    How client_secret_jwt and private_key_jwt are checked; ``issuer`` as audience leaves nothing but the issuer.
``resources``, ``serves``
    Resource servers that the client may ask tokens for, and those that it is and so may introspect tokens of.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey
from joserfc.util import base64_to_int

from authserver.domain import text_rules
from authserver.domain.keys.signing_keys import ALGORITHMS
from authserver.setting_values import LOOPBACK_HOSTS
from authserver.vocabulary import AuthMethod

SECRET_ALGORITHMS = ("HS256",)
_KEYS = 20
_RSA_BITS = 2048
_URIS = 50
_LENGTH = 2000
_PUBLIC_ONLY = "Enter public keys only, and keep the private ones to yourself."


def validation_errors(
    details: Mapping[str, Any], auth_method: str, redirect_uris: Sequence[str]
) -> dict[str, str | None]:
    """Return what is wrong with each detail; None where nothing is."""
    found = {name: check(details[name]) for name, check in _CHECKS.items() if details.get(name) is not None}
    found["token_endpoint_auth_signing_alg"] = _auth_algorithm_fault(details, auth_method)
    if found.get("jwks") is None:
        found["jwks"] = _key_fault(details, auth_method)
    if found.get("subject_type") is None:
        found["subject_type"] = _sector_fault(details, redirect_uris)
    return found


def _choice(*words: str) -> Callable[[Any], str | None]:
    return lambda value: None if value in words else f"Choose one of {', '.join(words)}."


def https_error(value: Any) -> str | None:
    """Return what is wrong with an address, https or on loopback http, or None."""
    parts = _split(value)
    if parts is None or parts.scheme not in {"https", "http"} or not parts.hostname or "@" in parts.netloc:
        return "Enter an https address."
    # Whether a plain address can be fetched is for the fetcher to say; off loopback it never can.
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        return "Enter an https address."
    return None


def _uris_fault(value: Any) -> str | None:
    if not isinstance(value, list) or len(value) > _URIS:
        return f"Name {_URIS} resources at most."
    for uri in value:
        parts = _split(uri)
        if parts is None or not parts.scheme or not (parts.netloc or parts.path) or "#" in uri:
            return "A resource is an absolute URI without a fragment."
    return None


def _split(value: Any) -> SplitResult | None:
    if not isinstance(value, str) or len(value) > _LENGTH or not text_rules.has_only_uri_characters(value):
        return None
    try:
        return urlsplit(value)
    except ValueError:
        return None


def _jwks_fault(value: Any) -> str | None:
    listed = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(listed, list) or not 1 <= len(listed) <= _KEYS or not _is_storable(value):
        return f"Enter a JWK set with one to {_KEYS} keys."
    if any(isinstance(key, dict) and key.get("kty") == "oct" for key in listed):
        return _PUBLIC_ONLY
    if any(map(is_short, listed)):
        return "An RSA key has 2048 bits or more."
    try:
        keys = KeySet.import_key_set(value).keys
    except (ValueError, TypeError, KeyError, AttributeError, JoseError, RecursionError):
        return "This JWK set holds something that is not a key."
    if any(isinstance(key, OctKey) or key.is_private for key in keys):
        return _PUBLIC_ONLY
    return None


def is_short(key: Any) -> bool:
    """Return whether a JWK is an RSA key of less than the 2048 bits that MUST be used (RFC 7518, section 3.3).

    It is measured before the library imports it, which would warn of it.
    """
    if not isinstance(key, dict) or key.get("kty") != "RSA" or not isinstance(key.get("n"), str):
        return False
    try:
        return base64_to_int(key["n"]).bit_length() < _RSA_BITS
    except ValueError:
        return False


def _is_storable(value: Any) -> bool:
    if isinstance(value, str):
        return text_rules.is_storable(value)
    if isinstance(value, dict):
        return all(_is_storable(item) for pair in value.items() for item in pair)
    return all(map(_is_storable, value)) if isinstance(value, list) else True


def _auth_algorithm_fault(details: Mapping[str, Any], auth_method: str) -> str | None:
    wanted = details.get("token_endpoint_auth_signing_alg")
    allowed = SECRET_ALGORITHMS if auth_method == AuthMethod.SECRET_JWT else ALGORITHMS
    return None if wanted is None or wanted in allowed else f"Choose one of {', '.join(allowed)}."


def _key_fault(details: Mapping[str, Any], auth_method: str) -> str | None:
    has_set, has_address = details.get("jwks") is not None, details.get("jwks_uri") is not None
    if has_set and has_address:
        return "Enter the keys or their address, not both."
    if auth_method == AuthMethod.PRIVATE_KEY_JWT and not (has_set or has_address):
        return "private_key_jwt needs the application's public keys or their address."
    return None


def _sector_fault(details: Mapping[str, Any], redirect_uris: Sequence[str]) -> str | None:
    if details.get("subject_type") != "pairwise" or details.get("sector_identifier_uri"):
        return None
    hosts = {urlsplit(uri).hostname or urlsplit(uri).scheme for uri in redirect_uris}
    if len(hosts) > 1:
        return "Pairwise subjects over several hosts need a sector identifier URI."
    return None


_CHECKS: dict[str, Callable[[Any], str | None]] = {
    "id_token_signed_response_alg": _choice(*ALGORITHMS),
    "userinfo_signed_response_alg": _choice(*ALGORITHMS),
    "access_token_signed_response_alg": _choice(*ALGORITHMS),
    "subject_type": _choice("public", "pairwise"),
    "client_assertion_audience": _choice("issuer"),
    "sector_identifier_uri": https_error,
    "jwks_uri": https_error,
    "jwks": _jwks_fault,
    "resources": _uris_fault,
    "serves": _uris_fault,
}

NAMES = (*_CHECKS, "token_endpoint_auth_signing_alg")

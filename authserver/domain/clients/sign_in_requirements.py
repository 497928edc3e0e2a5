"""What a client demands of sign-ins by its registration, kept in its details (OpenID Connect Registration, section 2).

``default_max_age``, ``require_auth_time``, ``default_acr_values``
    What counts where a request says nothing; the time of the sign-in is in every ID token anyway.
``initiate_login_uri``
    Where a sign-in can be started by others than the client.
``application_type``
    ``web`` or ``native``: which redirect URIs suit it. Clients of the console have none, and are not held to it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from authserver.domain.clients import client_details
from authserver.setting_values import LOOPBACK_HOSTS

MAX_AGE = "default_max_age"
AUTH_TIME = "require_auth_time"
ACR_VALUES = "default_acr_values"
INITIATE_LOGIN = "initiate_login_uri"
APPLICATION_TYPE = "application_type"
WEB, NATIVE = "web", "native"
NAMES = (MAX_AGE, AUTH_TIME, ACR_VALUES, INITIATE_LOGIN, APPLICATION_TYPE)
_LONGEST_AGE = 10**9
_VALUES = 20
_LENGTH = 200


def validation_errors(
    details: Mapping[str, Any], redirect_uris: Sequence[str], *, is_in_browser: bool
) -> dict[str, str]:
    """Return the sentence about each field that is wrong; ``is_in_browser`` says where the client receives tokens."""
    found = {name: check(details[name]) for name, check in _CHECKS.items() if details.get(name) is not None}
    if details.get(APPLICATION_TYPE) == WEB and is_in_browser:
        found["redirect_uris"] = next(filter(None, map(_web_fault, redirect_uris)), None)
    return {name: sentence for name, sentence in found.items() if sentence}


def _web_fault(uri: str) -> str | None:
    # OpenID Connect Registration, section 2: MUST be https and not localhost where the browser receives tokens.
    parts = urlsplit(uri)
    if parts.scheme == "https" and parts.hostname not in LOOPBACK_HOSTS:
        return None
    return (
        f"{uri[:80]}: a web application that receives tokens in the browser needs https:// and not localhost."
    )


def _age_fault(value: Any) -> str | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return None if is_number and 0 <= value < _LONGEST_AGE else "Enter a number of seconds."


def _flag_fault(value: Any) -> str | None:
    return None if isinstance(value, bool) else "Enter true or false."


def _acr_fault(value: Any) -> str | None:
    if not isinstance(value, list) or len(value) > _VALUES:
        return f"Name {_VALUES} authentication context classes at most."
    for word in value:
        if not isinstance(word, str) or not 0 < len(word) <= _LENGTH or not word.isascii():
            return "An authentication context class is a word of ASCII letters."
        if not word.isprintable() or " " in word:
            return "An authentication context class is a word of ASCII letters."
    return None


def _initiate_fault(value: Any) -> str | None:
    # Section 2: "The URI MUST use the https scheme", on loopback as well.
    fault = client_details.https_error(value)
    return fault or (None if value.startswith("https://") else "Enter an https address.")


def _type_fault(value: Any) -> str | None:
    return None if value in (WEB, NATIVE) else "Choose one of web, native."


_CHECKS: dict[str, Callable[[Any], str | None]] = {
    MAX_AGE: _age_fault,
    AUTH_TIME: _flag_fault,
    ACR_VALUES: _acr_fault,
    INITIATE_LOGIN: _initiate_fault,
    APPLICATION_TYPE: _type_fault,
}

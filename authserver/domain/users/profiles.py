"""The profile of a user: the standard claims except name and email (OpenID Connect Core, section 5.1).

Values are validated when they are stored, so that clients receive the specified types. Empty values are not stored.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from authserver.domain import text_rules
from authserver.errors import InvalidInput
from authserver.messages import message

ADDRESS = {
    "formatted": message("full address"),
    "street_address": message("street address"),
    "locality": message("city"),
    "region": message("region"),
    "postal_code": message("postal code"),
    "country": message("country"),
}
LABELS = {
    "given_name": message("given name"),
    "family_name": message("family name"),
    "middle_name": message("middle name"),
    "nickname": message("nickname"),
    "profile": message("profile page"),
    "picture": message("picture URL"),
    "website": message("website"),
    "gender": message("gender"),
    "birthdate": message("date of birth"),
    "zoneinfo": message("time zone"),
    "locale": message("language"),
    "phone_number": message("phone number"),
}
PHONE = "phone_number"
VERIFIED = "phone_number_verified"
NAMES_OF_PERSON = ("given_name", "family_name", "middle_name", "nickname")
NAMES = (*LABELS, VERIFIED, "address")
_BOOLEANS = {"true": True, "false": False}
_NOT_A_URL = message("Enter a URL that begins with https:// or http://.")
_MAX_ADDRESS_LENGTH = 500
_MAX_URL_LENGTH = 2000
_LOCALE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")
_PHONE = re.compile(r"\+[0-9][0-9 ().-]{4,30}(;ext=[0-9]{1,8})?")


def clean_profile(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the validated profile; raises InvalidInput for all invalid claims."""
    found: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name, value in given.items():
        try:
            found[name] = _clean_one(name, value)
        except InvalidInput as error:
            errors |= error.fields
    if errors:
        raise InvalidInput(errors)
    if not found.get("phone_number"):
        found.pop(VERIFIED, None)
    return {name: value for name, value in found.items() if value not in ("", None, {})}


def parse_claim(text: str) -> tuple[str, Any]:
    """Return the name and value of a claim written as NAME=VALUE, or address.PART=VALUE; raises InvalidInput."""
    name, equals, value = text.partition("=")
    if not equals:
        raise InvalidInput({"claim": "Write the claim as NAME=VALUE."})
    # Other texts are returned unchanged, so that ``clean_profile`` rejects them.
    return name.strip(), _BOOLEANS.get(value.lower(), value) if name.strip() == VERIFIED else value


def merge_claims(before: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims with the changes applied.

    ``address.PART`` changes one part of the address. An empty value removes a claim.
    """
    profile = {**before, "address": dict(before.get("address", {}))}
    for name, value in changes.items():
        claim, dot, part = name.partition(".")
        if claim == "address" and dot:
            profile["address"][part] = value
        else:
            profile[name] = value
    return profile


def _clean_one(name: str, value: Any) -> Any:
    if name == "address":
        return _clean_address(value)
    if name == VERIFIED:
        if not isinstance(value, bool):
            raise InvalidInput({name: "Enter true or false."})
        return value
    if name not in LABELS:
        raise InvalidInput({name[:60]: f"Unknown claim: {name[:60]}."})
    if not isinstance(value, str):
        raise InvalidInput({name: message("The %(label)s must be text.", label=LABELS[name])})
    length = _MAX_URL_LENGTH if name in {"profile", "picture", "website"} else text_rules.NAME_LENGTH
    value = text_rules.clean_line(name, LABELS[name], value, length=length, required=False)
    error = _CHECKS[name](value) if value and name in _CHECKS else None
    if error:
        raise InvalidInput({name: error})
    return value


def _clean_address(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not set(value) <= set(ADDRESS):
        raise InvalidInput(
            {"address": f"The address must be an object with these members: {', '.join(ADDRESS)}."}
        )
    found = {}
    for part, label in ADDRESS.items():
        text = value.get(part, "")
        if not isinstance(text, str) or len(text) > _MAX_ADDRESS_LENGTH or not text_rules.is_storable(text):
            error = message(
                "The %(label)s must be text of at most %(count)s characters.",
                label=label,
                count=_MAX_ADDRESS_LENGTH,
            )
            raise InvalidInput({f"address.{part}": error})
        found[part] = text.replace("\r\n", "\n").strip()
    return {part: text for part, text in found.items() if text}


def _url_error(value: str) -> str | None:
    try:
        parts = urlsplit(value)
    except ValueError:
        return _NOT_A_URL
    is_url = parts.scheme in {"https", "http"} and parts.hostname and not set(value) & set(' "<>')
    return None if is_url else _NOT_A_URL


def _birthdate_error(value: str) -> str | None:
    # OpenID Connect Core, section 5.1: 0000 means that the year is omitted. The year alone is also allowed.
    text = value if len(value) > 4 else f"{value}-01-01"
    try:
        date.fromisoformat(text.replace("0000-", "2000-", 1))
    except ValueError:
        return message(
            "Enter a date such as 1990-12-31. To omit the year, enter 0000-12-31. The year alone is also allowed."
        )
    return (
        None
        if re.fullmatch(r"\d{4}(-\d\d-\d\d)?", value, re.ASCII)
        else message("Enter a date such as 1990-12-31.")
    )


@cache
def _zones() -> set[str]:
    # The result is cached, because the call reads all time zone files.
    return available_timezones()


def _zone_error(value: str) -> str | None:
    return None if value in _zones() else message("Enter a time zone such as Europe/Berlin.")


def _pattern_error(pattern: re.Pattern[str], error: str) -> Callable[[str], str | None]:
    return lambda value: None if value.isascii() and pattern.fullmatch(value) else error


_CHECKS: dict[str, Callable[[str], str | None]] = {
    "profile": _url_error,
    "picture": _url_error,
    "website": _url_error,
    "birthdate": _birthdate_error,
    "zoneinfo": _zone_error,
    "locale": _pattern_error(_LOCALE, message("Enter a language such as en-GB.")),
    "phone_number": _pattern_error(
        _PHONE, message("Enter a number with the country code, such as +49 30 1234567.")
    ),
}

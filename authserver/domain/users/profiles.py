"""What a person's profile can hold beside name and e-mail address: the other standard claims (Core, section 5.1).

Every value is typed here, once, so that what relying parties are told needs no second look: text is text, ``address``
an object, ``phone_number_verified`` true or false; what is empty is not kept.
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

ADDRESS = ("formatted", "street_address", "locality", "region", "postal_code", "country")
LABELS = {
    "given_name": "given name",
    "family_name": "family name",
    "middle_name": "middle name",
    "nickname": "nickname",
    "profile": "profile page",
    "picture": "picture address",
    "website": "website",
    "gender": "gender",
    "birthdate": "birthdate",
    "zoneinfo": "time zone",
    "locale": "language",
    "phone_number": "telephone number",
}
VERIFIED = "phone_number_verified"
NAMES = (*LABELS, VERIFIED, "address")
_LINES = 500
_URL = 2000
_LOCALE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")
_PHONE = re.compile(r"\+[0-9][0-9 ().-]{4,30}(;ext=[0-9]{1,8})?")


def clean_profile(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the profile with every claim in its type; raises InvalidInput naming each that cannot be."""
    found: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for name, value in given.items():
        try:
            found[name] = _clean_one(name, value)
        except InvalidInput as error:
            faults |= error.fields
    if faults:
        raise InvalidInput(faults)
    if not found.get("phone_number"):
        found.pop(VERIFIED, None)
    return {name: value for name, value in found.items() if value not in ("", None, {})}


def parse_claim(text: str) -> tuple[str, Any]:
    """Return name and value of a claim written as NAME=VALUE, parts of the address as address.PART; raises InvalidInput."""
    name, equals, value = text.partition("=")
    if not equals:
        raise InvalidInput({"claim": "Write a claim as NAME=VALUE."})
    return name.strip(), value.lower() == "true" if name.strip() == VERIFIED else value


def merge_claims(before: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims with changes; ``address.PART`` changes a part of the address, and an empty value removes."""
    profile = {**before, "address": dict(before.get("address", {}))}
    for name, value in changes.items():
        place, dot, part = name.partition(".")
        if place == "address" and dot:
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
        raise InvalidInput({name[:60]: f"There is no claim {name[:60]} that can be set."})
    if not isinstance(value, str):
        raise InvalidInput({name: f"The {LABELS[name]} is text."})
    length = _URL if name in {"profile", "picture", "website"} else text_rules.NAME_LENGTH
    value = text_rules.clean_line(name, LABELS[name], value, length=length, required=False)
    fault = _FAULTS[name](value) if value and name in _FAULTS else None
    if fault:
        raise InvalidInput({name: fault})
    return value


def _clean_address(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not set(value) <= set(ADDRESS):
        raise InvalidInput({"address": f"An address has the parts {', '.join(ADDRESS)}."})
    found = {}
    for part in ADDRESS:
        text = value.get(part, "")
        label = part.replace("_", " ")
        if not isinstance(text, str) or len(text) > _LINES or not text_rules.is_storable(text):
            raise InvalidInput({f"address.{part}": f"The {label} is text of {_LINES} letters at most."})
        found[part] = text.replace("\r\n", "\n").strip()
    return {part: text for part, text in found.items() if text}


def _url_fault(value: str) -> str | None:
    try:
        parts = urlsplit(value)
    except ValueError:
        return "Enter an address that begins with https://."
    is_url = parts.scheme in {"https", "http"} and parts.hostname and not set(value) & set(' "<>')
    return None if is_url else "Enter an address that begins with https://."


def _birthdate_fault(value: str) -> str | None:
    # Core, section 5.1: year 0000 stands for one that is not told, and the year alone is enough.
    text = value if len(value) > 4 else f"{value}-01-01"
    try:
        date.fromisoformat(text.replace("0000-", "2000-", 1))
    except ValueError:
        return "Enter a date like 1990-12-31, 0000-12-31 without the year, or the year alone."
    return None if re.fullmatch(r"\d{4}(-\d\d-\d\d)?", value, re.ASCII) else "Enter a date like 1990-12-31."


@cache
def _zones() -> set[str]:
    # Finding out which there are walks through all their files.
    return available_timezones()


def _zone_fault(value: str) -> str | None:
    return None if value in _zones() else "Enter a time zone like Europe/Berlin."


def _pattern_fault(pattern: re.Pattern[str], sentence: str) -> Callable[[str], str | None]:
    return lambda value: None if value.isascii() and pattern.fullmatch(value) else sentence


_FAULTS: dict[str, Callable[[str], str | None]] = {
    "profile": _url_fault,
    "picture": _url_fault,
    "website": _url_fault,
    "birthdate": _birthdate_fault,
    "zoneinfo": _zone_fault,
    "locale": _pattern_fault(_LOCALE, "Enter a language like en-GB."),
    "phone_number": _pattern_fault(_PHONE, "Enter a number like +49 30 1234567, with the country's code."),
}

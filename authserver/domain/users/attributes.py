"""Attributes of users: names with a text or a list of texts, which administrators define for custom claims."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from authserver.domain import text_rules
from authserver.errors import InvalidInput

MAX_ATTRIBUTES = 50
MAX_VALUES = 50
VALUE_LENGTH = 500
NAME_RULE = "a letter, followed by up to 59 letters, digits, dots, hyphens or underscores"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,59}", re.ASCII)
_FIELD = "attributes"

Value = str | list[str]


def is_name(name: str) -> bool:
    """Return whether a text can be the name of an attribute."""
    return _NAME.fullmatch(name) is not None


def parse_attributes(lines: Iterable[str]) -> dict[str, Value]:
    """Return the attributes written as NAME=VALUE, or NAME[]=VALUE for each entry of a list; raises InvalidInput.

    A name that is repeated has a list of values. An empty value is kept, so that the caller can remove the attribute.
    """
    found: dict[str, Value] = {}
    for line in lines:
        name, equals, value = line.partition("=")
        if not equals:
            raise InvalidInput({_FIELD: f"Write each attribute as NAME=VALUE, not {line.strip()[:60]}."})
        name, value = name.strip(), value.strip()
        is_list = name.endswith("[]")
        name = name.removesuffix("[]").strip()
        if name in found:
            before = found[name]
            found[name] = [*(before if isinstance(before, list) else [before]), value]
        else:
            found[name] = [value] if is_list else value
    return found


def format_attributes(attributes: Mapping[str, Value]) -> list[str]:
    """Return the lines that ``parse_attributes`` reads."""
    return [
        line
        for name, value in attributes.items()
        for line in ([f"{name}[]={one}" for one in value] if isinstance(value, list) else [f"{name}={value}"])
    ]


def clean_attributes(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes in normal form, sorted by name; raises InvalidInput. Empty values are removed."""
    found = {name: _clean(name, value) for name, value in sorted(given.items())}
    found = {name: value for name, value in found.items() if value not in ("", [])}
    if len(found) > MAX_ATTRIBUTES:
        raise InvalidInput({_FIELD: f"A user can have {MAX_ATTRIBUTES} attributes at most."})
    return found


def _clean(name: str, value: Value) -> Value:
    if not is_name(name):
        shown = name[:60] or "an empty name"
        raise InvalidInput({_FIELD: f"The name of an attribute is invalid: {shown}. Use {NAME_RULE}."})
    if isinstance(value, list):
        if len(value) > MAX_VALUES:
            raise InvalidInput({_FIELD: f"The attribute {name} can have {MAX_VALUES} values at most."})
        return [text for one in value if (text := _clean_text(name, one))]
    return _clean_text(name, value)


def _clean_text(name: str, value: str) -> str:
    label = f"value of {name}"
    return text_rules.clean_line(_FIELD, label, value, length=VALUE_LENGTH, required=False)

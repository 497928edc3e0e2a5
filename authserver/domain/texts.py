"""What text a record may hold: both databases must store the same, and a person must be able to read it back."""

import unicodedata

from authserver.errors import InvalidInput

NAME_LENGTH = 200
_NEVER_IN_URIS = frozenset(' "<>\\^`{|}')


def is_storable(value: str) -> bool:
    """Return whether both databases keep the text as it is: no NUL and no lone surrogates."""
    return ("\0" not in value and value.isprintable()) or _has_only_harmless_controls(value)


def has_letters_of_uri(value: str) -> bool:
    """Return whether a text has only letters that a URI can have; others are written percent-encoded (RFC 3986)."""
    return value.isascii() and value.isprintable() and not set(value) & _NEVER_IN_URIS


def _has_only_harmless_controls(value: str) -> bool:
    return all(unicodedata.category(letter) not in {"Cs", "Cc"} or letter in "\t\r\n" for letter in value)


def clean(field: str, label: str, value: str, *, length: int = NAME_LENGTH, required: bool = True) -> str:
    """Return one line of text without surrounding space; raises InvalidInput under the field's name."""
    value = unicodedata.normalize("NFC", value).strip() if is_storable(value) else value
    if not value and not required:
        return ""
    if not value:
        raise InvalidInput({field: f"Enter the {label}."})
    if len(value) > length:
        raise InvalidInput({field: f"The {label} can have {length} characters at most."})
    if not is_storable(value) or any(unicodedata.category(letter) in {"Cc", "Zl", "Zp"} for letter in value):
        raise InvalidInput({field: f"The {label} contains characters that cannot be stored."})
    return value

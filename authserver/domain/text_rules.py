"""What text a record may hold: both databases must store the same, and a person must be able to read it back."""

import unicodedata

from authserver.errors import InvalidInput
from authserver.messages import message

NAME_LENGTH = 200
_JOINERS = frozenset("\u200c\u200d")  # Several scripts, and emoji, are not written without them.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # Letters and symbols that show nothing.
_NEVER_IN_URIS = frozenset(' "<>\\^`{|}')


def is_storable(value: str) -> bool:
    """Return whether both databases keep the text as it is: no NUL and no lone surrogates."""
    return ("\0" not in value and value.isprintable()) or _has_only_harmless_controls(value)


def has_only_uri_characters(value: str) -> bool:
    """Return whether a text has only letters that a URI can have; others are written percent-encoded (RFC 3986)."""
    return value.isascii() and value.isprintable() and not set(value) & _NEVER_IN_URIS


def _has_only_harmless_controls(value: str) -> bool:
    return all(unicodedata.category(letter) not in {"Cs", "Cc"} or letter in "\t\r\n" for letter in value)


def clean_line(
    field: str, label: str, value: str, *, length: int = NAME_LENGTH, required: bool = True
) -> str:
    """Return one line of text without surrounding space; raises InvalidInput under the field's name.

    Something in it can be seen, and nothing in it is hidden or turns the text around it.
    """
    value = unicodedata.normalize("NFC", value).strip() if is_storable(value) else value
    if not value and not required:
        return ""
    if not value:
        raise InvalidInput({field: message("Enter the %(label)s.", label=label)})
    if len(value) > length:
        raise InvalidInput(
            {
                field: message(
                    "The %(label)s can have at most %(count)s characters.", label=label, count=length
                )
            }
        )
    if not is_storable(value) or any(unicodedata.category(letter) in {"Cc", "Zl", "Zp"} for letter in value):
        raise InvalidInput(
            {field: message("The %(label)s contains characters that are not allowed.", label=label)}
        )
    if hidden := [letter for letter in value if _is_hidden(letter)]:
        code = f"U+{ord(hidden[0]):04X}"
        raise InvalidInput(
            {
                field: message(
                    "The %(label)s contains an invisible character or one that changes the text direction (%(code)s).",
                    label=label,
                    code=code,
                )
            }
        )
    if not any(map(_is_visible, value)):
        raise InvalidInput({field: message("The %(label)s has no visible characters.", label=label)})
    return value


def _is_hidden(letter: str) -> bool:
    return unicodedata.category(letter) == "Cf" and letter not in _JOINERS


def _is_visible(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "LNPS" and letter not in _BLANK

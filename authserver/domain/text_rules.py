"""Rules for stored text: both databases must be able to store it, and names must be visible and unambiguous."""

import re
import unicodedata

from authserver.errors import InvalidInput
from authserver.messages import message

NAME_LENGTH = 200
SCOPE_NAME_LENGTH = 100
SCOPE_NAME_RULE = message(
    "1 to %(count)s printable ASCII characters, except spaces, quotes and backslashes",
    count=SCOPE_NAME_LENGTH,
)
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_JOINERS = frozenset("\u200c\u200d")  # Required by several scripts and by emoji.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # Letters and symbols that are invisible.
_NEVER_IN_URIS = frozenset(' "<>\\^`{|}')


def is_storable(value: str) -> bool:
    """Return whether a text can be stored: no lone surrogates or control characters except tabs and line breaks."""
    return ("\0" not in value and value.isprintable()) or _has_only_harmless_controls(value)


def has_only_uri_characters(value: str) -> bool:
    """Return whether a text consists of characters that RFC 3986 allows in URIs."""
    return value.isascii() and value.isprintable() and not set(value) & _NEVER_IN_URIS


def is_scope_token(value: str) -> bool:
    """Return whether a value is a scope token (RFC 6749, section 3.3)."""
    return _SCOPE_TOKEN.fullmatch(value) is not None


def is_scope_name(value: str) -> bool:
    """Return whether a value can be the name of a scope: a scope token of limited length."""
    return len(value) <= SCOPE_NAME_LENGTH and is_scope_token(value)


def is_email_address(value: str) -> bool:
    """Return whether a value has the syntax of an e-mail address. Addresses in local networks are accepted, too."""
    if " " in value:
        return False  # RFC 5322 allows spaces in quotes, but few programs accept them.
    # Importing the library is slow, and few processes need it.
    import email_validator

    # Installations in local networks have addresses such as admin@mail.local.
    email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()
    try:
        email_validator.validate_email(
            value,
            check_deliverability=False,
            globally_deliverable=False,
            allow_quoted_local=True,
            allow_domain_literal=True,
        )
    except email_validator.EmailNotValidError:
        return False
    return True


def _has_only_harmless_controls(value: str) -> bool:
    return all(
        unicodedata.category(character) not in {"Cs", "Cc"} or character in "\t\r\n" for character in value
    )


def clean_line(
    field: str, label: str, value: str, *, length: int = NAME_LENGTH, required: bool = True
) -> str:
    """Return one line of text in NFC without surrounding whitespace; raises InvalidInput for the field.

    The text must have visible characters. Invisible characters, and those that change the text direction, are errors.
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
    if not is_storable(value) or any(
        unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in value
    ):
        raise InvalidInput(
            {
                field: message(
                    "The %(label)s contains characters that are not allowed, such as line breaks. Remove them.",
                    label=label,
                )
            }
        )
    if hidden := [character for character in value if _is_hidden(character)]:
        code = f"U+{ord(hidden[0]):04X}"
        raise InvalidInput(
            {
                field: message(
                    "The %(label)s contains an invisible character or one that changes the text direction "
                    "(%(code)s). Remove it.",
                    label=label,
                    code=code,
                )
            }
        )
    if not any(map(_is_visible, value)):
        raise InvalidInput({field: message("The %(label)s has no visible characters.", label=label)})
    return value


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) == "Cf" and character not in _JOINERS


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNPS" and character not in _BLANK

"""User names and e-mail addresses: their rules, and the normal form in which they are compared."""

import unicodedata

from authserver.domain import text_rules
from authserver.errors import InvalidInput
from authserver.messages import message

USERNAME_LENGTH = 100
EMAIL_LENGTH = 254
KEY_LENGTH = USERNAME_LENGTH * 3
"""The maximum length of the normal form."""


def canonical_username(username: str) -> str:
    """Return a user name or an e-mail address in the normal form that is used for comparison."""
    return unicodedata.normalize("NFKC", username).casefold().strip()


def key_to_find(typed: str) -> str:
    """Return the key of a user name or address that somebody typed, or "" if no account can have it."""
    key = canonical_username(typed)
    return key if len(key) <= KEY_LENGTH and text_rules.is_storable(key) else ""


def clean_username(username: str) -> str:
    """Return the user name; raises InvalidInput."""
    username = text_rules.clean_line("username", message("user name"), username, length=USERNAME_LENGTH)
    return _check_key("username", message("user name"), username)


def clean_email(email: str) -> str:
    """Return the address, which may be empty; raises InvalidInput."""
    label = message("e-mail address")
    email = text_rules.clean_line("email", label, email, length=EMAIL_LENGTH, required=False)
    if email and not text_rules.is_email_address(email):
        raise InvalidInput({"email": message("Enter an e-mail address such as name@example.org.")})
    return _check_key("email", label, email)


def _check_key(field: str, label: str, value: str) -> str:
    """Return the value; raises InvalidInput if its normal form is much longer, as with some ligatures."""
    if len(canonical_username(value)) > KEY_LENGTH:
        raise InvalidInput(
            {field: message("The %(label)s contains characters that make it too long.", label=label)}
        )
    return value

"""What is said of a cause: what happened, what to do, how to compare, and what can be done about it here."""

from enum import StrEnum
from typing import NamedTuple


class Compare(StrEnum):
    """How received and expected are set side by side."""

    TEXT = "text"
    URIS = "uris"
    WORDS = "words"
    BASE_STRING = "base string"


class FixKind(StrEnum):
    """What an administrator can do about a refusal in the console; the last ones name a field of the client's form."""

    NONE = ""
    ADD_URI = "add-uri"
    APPROVE = "approve"
    SECRETS = "secrets"
    TOKENS = "tokens"
    CONSUMER = "consumer"
    DEBUGGER = "debugger"
    USERS = "users"
    CLIENTS = "clients"
    GRANT_TYPES = "grant_types"
    RESPONSE_TYPES = "response_types"
    SCOPES = "scopes"
    AUTH_METHOD = "auth_method"
    PKCE = "pkce_required"
    SIGN_OUT = "post_logout_redirect_uris"


class Explanation(NamedTuple):
    """One cause: ``title`` says what happened, ``advice`` what to do."""

    title: str
    advice: str
    compare: Compare = Compare.TEXT
    fix_kind: FixKind = FixKind.NONE

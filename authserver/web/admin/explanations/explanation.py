"""The explanation of a cause: what happened, what to do, how to compare values, and which fix the console offers."""

from enum import StrEnum
from typing import NamedTuple


class Compare(StrEnum):
    """How the page compares the received and the expected value."""

    TEXT = "text"
    URIS = "uris"
    WORDS = "words"
    BASE_STRING = "base string"


class FixKind(StrEnum):
    """The fix that the console offers. The values from GRANT_TYPES on are names of fields in the client form."""

    NONE = ""
    ADD_URI = "add-uri"
    APPROVE = "approve"
    SECRETS = "secrets"
    TOKENS = "tokens"
    INTROSPECTION = "introspection"
    CONSUMER = "consumer"
    DEBUGGER = "debugger"
    USERS = "users"
    CLIENTS = "clients"
    ACCESS = "access"
    GRANT_TYPES = "grant_types"
    RESPONSE_TYPES = "response_types"
    SCOPES = "scopes"
    AUTH_METHOD = "auth_method"
    PKCE = "pkce_required"
    REMEMBER_CONSENT = "remember_consent_on_loopback"
    SIGN_OUT = "post_logout_redirect_uris"


class Explanation(NamedTuple):
    """``title`` says what happened, ``advice`` what to do."""

    title: str
    advice: str
    compare: Compare = Compare.TEXT
    fix_kind: FixKind = FixKind.NONE

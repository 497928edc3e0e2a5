"""The errors that cross layers. Errors of the protocol endpoints are defined in ``protocol``.

AuthserverError
├── SettingsError      the server cannot start with these settings
├── InvalidInput       input is invalid, reported field by field
├── NotFound           a record does not exist
├── Conflict           a record has changed, or a rule forbids the change
├── Forbidden          the actor lacks the permission
└── Throttled          too many attempts; retry later
    └── Busy           this process is at capacity
"""

from collections.abc import Mapping


class AuthserverError(Exception):
    """Base class. ``text`` describes what happened. Pages translate it if it is a ``messages.Message``."""

    def __init__(self, text: str = "") -> None:
        self.text = text
        super().__init__(text)


class SettingsError(AuthserverError):
    """The server cannot start with these settings. The text describes how to correct them."""


class InvalidInput(AuthserverError):
    """Input is invalid; ``fields`` maps each field name to the text shown under the field."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = dict(fields)
        super().__init__(" ".join(fields.values()))


class NotFound(AuthserverError):
    """A record does not exist."""


class Conflict(AuthserverError):
    """The record has changed since it was read, or a rule forbids the change (such as keeping one administrator)."""


class Forbidden(AuthserverError):
    """The actor lacks the permission."""


class Throttled(AuthserverError):
    """Too many attempts; ``retry_after`` is in seconds."""

    def __init__(
        self, retry_after: int, text: str = "Too many attempts. Wait a moment, then try again."
    ) -> None:
        self.retry_after = retry_after
        super().__init__(text)


class Busy(Throttled):
    """This process is at capacity; ``retry_after`` is in seconds."""

    def __init__(
        self, retry_after: int, text: str = "The server is busy. Wait a moment, then try again."
    ) -> None:
        super().__init__(retry_after, text)

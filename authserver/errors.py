"""The errors shared by all layers. Protocol endpoints respond with OAuth errors instead.

AuthserverError
├── SettingsError      the server cannot start with this configuration
├── InvalidInput       some form fields or options are invalid
├── NotFound           the record does not exist
├── Conflict           the record has changed, or a rule forbids the change
├── Forbidden          the actor lacks the permission
└── Throttled          too many attempts
    └── Busy           this process is overloaded
"""


class AuthserverError(Exception):
    """Base class of the errors that the product raises on purpose. The message is a sentence for users."""


class SettingsError(AuthserverError):
    """The server cannot start with this configuration. The message says what to do."""


class InvalidInput(AuthserverError):
    """Invalid input. ``fields`` maps each field name to the message that is shown under the field."""

    def __init__(self, fields: dict[str, str]) -> None:
        self.fields = fields
        super().__init__(" ".join(fields.values()))


class NotFound(AuthserverError):
    """The record does not exist."""


class Conflict(AuthserverError):
    """The record has changed since it was read, or a rule forbids the change."""


class Forbidden(AuthserverError):
    """The actor lacks the permission."""


class Throttled(AuthserverError):
    """Too many attempts. ``retry_after`` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__("Too many attempts. Wait a moment and try again.")


class Busy(Throttled):
    """This process is overloaded. ``retry_after`` is in whole seconds."""

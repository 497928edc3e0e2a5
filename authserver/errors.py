"""The errors that cross floors. What a protocol endpoint answers are Authlib's own OAuth errors, not these.

AuthserverError
├── SettingsError      the deployment cannot start like this; the sentence says what to do
├── InvalidInput       a person's or tool's input is wrong, field by field
├── NotFound           what was named does not exist
├── Conflict           it changed meanwhile, or a rule of the records forbids it
├── Refused            the actor may not do this
└── Throttled          too many attempts; try again later
    └── Busy           not the caller's fault: this process has no room at the moment
"""


class AuthserverError(Exception):
    """Anything this product raises on purpose; its text is a sentence for a person."""


class SettingsError(AuthserverError):
    """The deployment cannot start like this; the sentence says what to do."""


class InvalidInput(AuthserverError):
    """Input that cannot be accepted: ``fields`` maps a field name to the sentence shown under it."""

    def __init__(self, fields: dict[str, str]) -> None:
        self.fields = fields
        super().__init__(" ".join(fields.values()))


class NotFound(AuthserverError):
    """What was named does not exist."""


class Conflict(AuthserverError):
    """The record changed meanwhile, or a rule that protects the records forbids the change."""


class Forbidden(AuthserverError):
    """The actor may not do this."""


class Throttled(AuthserverError):
    """Too many attempts; ``retry_after`` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__("Too many attempts. Wait a moment and try again.")


class Busy(Throttled):
    """This process has no room for the work at the moment, whoever asks; ``retry_after`` is in whole seconds."""

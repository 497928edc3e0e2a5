"""What the form for the second factor carries: whose password was right, sealed for one browser and a few minutes."""

from datetime import timedelta

from authserver.domain.users.authentication import PendingSecondFactor
from authserver.web.session import sealed_values
from authserver.web.session.browser_id import browser_id

_LIFETIME = timedelta(minutes=10)


def seal_pending(half: PendingSecondFactor) -> str:
    """Return the proof as a form carries it."""
    return sealed_values.seal(_purpose(), [half.user_id, half.user_epoch])


def unseal_pending(carried: str) -> PendingSecondFactor | None:
    """Return the proof of a form; None when it is old, made up, or was given to another browser."""
    values = sealed_values.unseal(_purpose(), carried, _LIFETIME)
    return None if values is None else PendingSecondFactor(*values)


def _purpose() -> str:
    return f"half sign-in:{browser_id()}"

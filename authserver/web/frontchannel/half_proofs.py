"""What the form for the second factor carries: whose password was right, sealed for one browser and a few minutes."""

from datetime import timedelta

from authserver.domain.sign_in import Half
from authserver.web import sealed
from authserver.web.browser import this_browser

_LIFETIME = timedelta(minutes=10)


def seal(half: Half) -> str:
    """Return the proof as a form carries it."""
    return sealed.seal(_purpose(), [half.user_id, half.user_epoch])


def read(carried: str) -> Half | None:
    """Return the proof of a form; None when it is old, made up, or was given to another browser."""
    values = sealed.opened(_purpose(), carried, _LIFETIME)
    return None if values is None else Half(*values)


def _purpose() -> str:
    return f"half sign-in:{this_browser()}"

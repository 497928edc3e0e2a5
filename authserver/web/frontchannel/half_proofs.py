"""What the form for the second factor carries: whose password was right, sealed for one browser and a few minutes."""

import json
from datetime import timedelta

from authserver import clock
from authserver.domain.sign_in import Half
from authserver.errors import SettingsError
from authserver.web import door
from authserver.web.browser import this_browser

_LIFETIME = timedelta(minutes=10)


def seal(half: Half) -> str:
    """Return the proof as a form carries it."""
    text = json.dumps([half.user_id, half.user_epoch, clock.timestamp(clock.now())])
    return door.services().vault.seal(_purpose(), text.encode())


def read(sealed: str) -> Half | None:
    """Return the proof of a form; None when it is old, made up, or was given to another browser."""
    try:
        user_id, user_epoch, at = json.loads(door.services().vault.open(_purpose(), sealed))
    except (SettingsError, ValueError):
        return None
    is_old = clock.timestamp(clock.now()) - at > _LIFETIME.total_seconds()
    return None if is_old else Half(user_id, user_epoch)


def _purpose() -> str:
    return f"half sign-in:{this_browser()}"

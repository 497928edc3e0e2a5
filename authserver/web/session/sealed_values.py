"""What pages carry for us from one request to the next: sealed, so that nobody reads or changes it, and only for a while."""

import json
from datetime import timedelta
from typing import Any

from authserver import clock
from authserver.errors import SettingsError
from authserver.web import current


def seal(purpose: str, values: object) -> str:
    """Return values, which JSON can hold, as a form or an address carries them."""
    text = json.dumps([values, clock.timestamp(clock.now())], ensure_ascii=False, separators=(",", ":"))
    return current.services().vault.seal(purpose, text.encode())


def unseal(purpose: str, carried: str, lifetime: timedelta) -> Any:
    """Return the values; None when they are old, made up, or were sealed for another purpose."""
    try:
        values, at = json.loads(current.services().vault.open(purpose, carried))
    except (SettingsError, ValueError):
        return None
    return None if clock.timestamp(clock.now()) - at > lifetime.total_seconds() else values

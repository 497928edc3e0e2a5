"""Values that forms and URLs carry between requests: encrypted, authenticated, and valid for a limited time."""

import json
from datetime import timedelta
from typing import Any

from authserver import clock
from authserver.errors import SettingsError
from authserver.web import current


def seal(purpose: str, values: object) -> str:
    """Return JSON values in sealed form."""
    text = json.dumps([values, clock.timestamp(clock.now())], ensure_ascii=False, separators=(",", ":"))
    return current.services().vault.seal(purpose, text.encode())


def unseal(purpose: str, sealed: str, lifetime: timedelta) -> Any:
    """Return the values, or None if they have expired, were changed, or were sealed for another purpose."""
    try:
        values, at = json.loads(current.services().vault.open(purpose, sealed))
    except (SettingsError, ValueError):
        return None
    return None if clock.timestamp(clock.now()) - at > lifetime.total_seconds() else values

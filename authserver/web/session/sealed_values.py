"""Encrypts and authenticates values in forms and URLs. They are valid for a limited time."""

import json
from datetime import timedelta
from typing import Any

from authserver import clock
from authserver.errors import SettingsError
from authserver.web import current


def seal(purpose: str, values: object) -> str:
    """Encrypt JSON values, together with the current time."""
    text = json.dumps([values, clock.timestamp(clock.now())], ensure_ascii=False, separators=(",", ":"))
    return current.services().vault.seal(purpose, text.encode())


def unseal(purpose: str, sealed: str, lifetime: timedelta) -> Any:
    """Decrypt values; return None if they have expired, were changed, or were encrypted for another purpose."""
    try:
        values, at = json.loads(current.services().vault.open(purpose, sealed))
    except (SettingsError, ValueError):
        return None
    return None if clock.timestamp(clock.now()) - at > lifetime.total_seconds() else values

"""Which browser this is: a random id in the signed cookie, so that a detour is finished where it was started (S12)."""

import secrets
from typing import cast

from flask import session as cookie

_KEY = "browser"


def browser_id() -> str:
    """Return the browser's id, giving it one on its first visit."""
    if _KEY not in cookie:
        cookie[_KEY] = secrets.token_urlsafe(16)
    return cast(str, cookie[_KEY])

"""Browsers in which a user has signed in before.

They have a separate rate limit, so that the user can still sign in there while an attacker guesses passwords (S20).

A cookie contains one signed token per user; the server stores nothing. A token contains a browser id. It is bound to
the user and the user's epoch, so a new password invalidates it. It is also bound to the second factor that was used in
the browser, so an attacker who knows only the password does not get a separate limit for codes. A token never replaces
a password.
"""

import base64
import hmac
import secrets
from datetime import timedelta

from authserver.domain.vault import Vault

LIFETIME = timedelta(days=400)
_PURPOSE = "known-browser"
_MAX_TOKENS = 4
_BROWSER_BYTES = 12
_MAX_LENGTH = 1000


def find_browser_id(vault: Vault, cookie: str, user_id: int, user_epoch: int, factor: str = "") -> str | None:
    """Return the browser id if this user has signed in with this browser before, or None.

    If ``factor`` is given, only sign-ins with this second factor count.
    """
    for token in _split(cookie):
        head, _, mac = token.rpartition(".")
        browser, used_factor, pepper_id = (*head.split("."), "", "")[:3]
        if vault.knows_pepper(pepper_id) and factor in {"", used_factor}:
            expected = _mac(vault, head, user_id, user_epoch, pepper_id)
            if hmac.compare_digest(mac.encode(), expected.encode()):
                return browser
    return None


def remember_browser(vault: Vault, cookie: str, user_id: int, user_epoch: int, factor: str = "") -> str:
    """Return the new value of the cookie after a sign-in. ``factor`` identifies the second factor, if one was used."""
    if find_browser_id(vault, cookie, user_id, user_epoch, factor) is not None:
        return cookie
    earlier = find_browser_id(vault, cookie, user_id, user_epoch)
    browser = earlier or secrets.token_urlsafe(_BROWSER_BYTES)
    head = f"{browser}.{factor}.{vault.pepper_id}"
    others = [token for token in _split(cookie) if not token.startswith(f"{browser}.")]
    token = f"{head}.{_mac(vault, head, user_id, user_epoch, vault.pepper_id)}"
    return "~".join([token, *others][:_MAX_TOKENS])


def _split(cookie: str) -> list[str]:
    if not cookie.isascii() or len(cookie) > _MAX_LENGTH:
        return []
    return [token for token in cookie.split("~") if token][:_MAX_TOKENS]


def _mac(vault: Vault, head: str, user_id: int, user_epoch: int, pepper_id: str) -> str:
    mac = vault.mac(_PURPOSE, f"{head}.{user_id}.{user_epoch}".encode(), pepper_id)
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()

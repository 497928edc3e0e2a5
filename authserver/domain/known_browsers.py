"""Browsers in which a person has signed in before: a guessing stranger cannot throttle the owner out of those (S20).

A browser carries a sealed word for each person it knows. Nothing is stored here: the word names a browser and is bound
to the account and its epoch, so that a new password makes it worthless. It never replaces a password.
"""

import base64
import hmac
import secrets
from datetime import timedelta

from authserver.domain.vault import Vault

LIFETIME = timedelta(days=400)
_PURPOSE = "known-browser"
_AT_MOST = 4
_BROWSER_BYTES = 12
_MAX_LENGTH = 1000


def recognise(vault: Vault, carried: str, user_id: int, user_epoch: int) -> str | None:
    """Return the id of a browser in which this person has signed in before, None for any other."""
    for word in _split(carried):
        browser, _, rest = word.partition(".")
        pepper_id, _, seal = rest.partition(".")
        if vault.knows_pepper(pepper_id):
            expected = _seal(vault, browser, user_id, user_epoch, pepper_id)
            if hmac.compare_digest(seal.encode(), expected.encode()):
                return browser
    return None


def introduce(vault: Vault, carried: str, user_id: int, user_epoch: int) -> str:
    """Return what the browser carries from now on, after this person has signed in in it."""
    if recognise(vault, carried, user_id, user_epoch) is not None:
        return carried
    browser, pepper_id = secrets.token_urlsafe(_BROWSER_BYTES), vault.pepper_id
    word = f"{browser}.{pepper_id}.{_seal(vault, browser, user_id, user_epoch, pepper_id)}"
    return "~".join([word, *_split(carried)][:_AT_MOST])


def _split(carried: str) -> list[str]:
    if not carried.isascii() or len(carried) > _MAX_LENGTH:
        return []
    return [word for word in carried.split("~") if word][:_AT_MOST]


def _seal(vault: Vault, browser: str, user_id: int, user_epoch: int, pepper_id: str) -> str:
    mac = vault.mac(_PURPOSE, f"{browser}.{user_id}.{user_epoch}".encode(), pepper_id)
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()

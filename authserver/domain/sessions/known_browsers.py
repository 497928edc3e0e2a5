"""Browsers in which a person has signed in before: a guessing stranger cannot throttle the owner out of those (S20).

A browser carries a sealed word for each person it knows. Nothing is stored here: the word names a browser and is bound
to the account and its epoch, so that a new password makes it worthless, and to the second factor that was proved there:
what a stolen password was given before its owner had one does not count for codes. It never replaces a password.
"""

import base64
import hmac
import secrets
from datetime import timedelta

from authserver.domain.keys.vault import Vault

LIFETIME = timedelta(days=400)
_PURPOSE = "known-browser"
_AT_MOST = 4
_BROWSER_BYTES = 12
_MAX_LENGTH = 1000


def recognise(vault: Vault, carried: str, user_id: int, user_epoch: int, factor: str = "") -> str | None:
    """Return the id of a browser in which this person has signed in before, None for any other.

    Where the enrolment of a second factor is named, it is one in which that factor was proved.
    """
    for word in _split(carried):
        head, _, seal = word.rpartition(".")
        browser, proved, pepper_id = (*head.split("."), "", "")[:3]
        if vault.knows_pepper(pepper_id) and factor in {"", proved}:
            expected = _seal(vault, head, user_id, user_epoch, pepper_id)
            if hmac.compare_digest(seal.encode(), expected.encode()):
                return browser
    return None


def remember_browser(vault: Vault, carried: str, user_id: int, user_epoch: int, factor: str = "") -> str:
    """Return what the browser carries from now on, after this person has signed in in it, with this second factor."""
    if recognise(vault, carried, user_id, user_epoch, factor) is not None:
        return carried
    earlier = recognise(vault, carried, user_id, user_epoch)
    browser = earlier or secrets.token_urlsafe(_BROWSER_BYTES)
    head = f"{browser}.{factor}.{vault.pepper_id}"
    others = [word for word in _split(carried) if not word.startswith(f"{browser}.")]
    word = f"{head}.{_seal(vault, head, user_id, user_epoch, vault.pepper_id)}"
    return "~".join([word, *others][:_AT_MOST])


def _split(carried: str) -> list[str]:
    if not carried.isascii() or len(carried) > _MAX_LENGTH:
        return []
    return [word for word in carried.split("~") if word][:_AT_MOST]


def _seal(vault: Vault, head: str, user_id: int, user_epoch: int, pepper_id: str) -> str:
    mac = vault.mac(_PURPOSE, f"{head}.{user_id}.{user_epoch}".encode(), pepper_id)
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()

"""Verifies client secrets, with as few slow hashes as possible.

A secret that an administrator entered is stored as an argon2id hash with a hint (see ``client_secrets``). The process
remembers for five minutes which secrets were correct and which were wrong, so that neither the requests of a client nor
the repetition of an outdated secret needs a hash each time.
"""

import hmac
from enum import Enum

from authserver import clock
from authserver.domain.clients import client_secrets
from authserver.domain.clients.client_secrets import ENTERED_MAX_LENGTH, PURPOSE, StoredSecret
from authserver.domain.passwords import PasswordHasher
from authserver.domain.recent_values import RecentValues
from authserver.domain.vault import Vault

_MAX_LENGTH = ENTERED_MAX_LENGTH * 4  # Normalization can shorten a text.


class Plausibility(Enum):
    """What is known about a presented secret before a slow hash is computed.

    ``KNOWN``: whether it is correct needs no limit, because it is correct, or because no secret was entered by a person.
    ``WRONG``: the hints show that it is wrong. ``HINTED``: its hint is that of a stored secret. ``OPEN``: a stored secret
    has no hint.
    """

    KNOWN = "known"
    WRONG = "wrong"
    HINTED = "hinted"
    OPEN = "open"


class SecretVerifier:
    """Verifies presented secrets. ``revision`` is that of the client, so that a change of its secrets takes effect."""

    def __init__(self, vault: Vault, passwords: PasswordHasher) -> None:
        self._vault = vault
        self._passwords = passwords
        self._correct = RecentValues()
        self._wrong = RecentValues()

    def verify(self, stored: tuple[StoredSecret, ...], revision: int, presented: str) -> bool:
        """Return whether the presented secret matches one of the stored ones."""
        # The quick comparisons come first.
        rows = sorted(_unexpired(stored), key=lambda row: row.form == "argon2")
        return any(self._matches_quickly(row, revision, presented) for row in rows) or any(
            self._matches_hash(row, revision, presented) for row in rows if row.form == "argon2"
        )

    def assess(self, stored: tuple[StoredSecret, ...], revision: int, presented: str) -> Plausibility:
        """Return what is known about a presented secret without computing a slow hash."""
        rows = _unexpired(stored)
        entered = [row for row in rows if row.form == "argon2"]
        if not entered or any(self._matches_quickly(row, revision, presented) for row in rows):
            return Plausibility.KNOWN
        possible = [row for row in entered if self._may_match(row, revision, presented)]
        if not possible:
            return Plausibility.WRONG
        return Plausibility.HINTED if all(map(self._has_hint, possible)) else Plausibility.OPEN

    def find_without_hint(
        self, stored: tuple[StoredSecret, ...], revision: int, presented: str
    ) -> StoredSecret | None:
        """Return the stored secret that has no hint although the presented secret has just matched it, or None."""
        for row in stored:
            if (
                row.form == "argon2"
                and not self._has_hint(row)
                and self._is_correct(row, revision, presented)
            ):
                return row
        return None

    def _matches_quickly(self, row: StoredSecret, revision: int, secret: str) -> bool:
        value = secret.encode("utf-8", "replace")
        if row.form == "hmac":
            return self._vault.knows_pepper(row.pepper_id) and hmac.compare_digest(
                self._vault.mac(PURPOSE, value, row.pepper_id).hex(), row.stored
            )
        if row.form == "sealed":
            return hmac.compare_digest(self._vault.open(PURPOSE, row.stored), value)
        return self._is_correct(row, revision, secret)

    def _matches_hash(self, row: StoredSecret, revision: int, secret: str) -> bool:
        if not self._may_match(row, revision, secret):
            return False
        is_correct = self._passwords.verify(row.stored, secret)
        (self._correct if is_correct else self._wrong).add(row.id, revision, secret)
        return is_correct

    def _is_correct(self, row: StoredSecret, revision: int, secret: str) -> bool:
        return self._correct.contains(row.id, revision, secret)

    def _may_match(self, row: StoredSecret, revision: int, secret: str) -> bool:
        if len(secret) > _MAX_LENGTH or self._wrong.contains(row.id, revision, secret):
            return False
        return not self._has_hint(row) or hmac.compare_digest(
            client_secrets.hint_of(self._vault, row.stored, secret, row.pepper_id), row.hint or ""
        )

    def _has_hint(self, row: StoredSecret) -> bool:
        return row.hint is not None and self._vault.knows_pepper(row.pepper_id)


def _unexpired(stored: tuple[StoredSecret, ...]) -> list[StoredSecret]:
    now = clock.now()
    return [row for row in stored if client_secrets.is_unexpired(row, now)]

"""Password hashing with argon2id and limited concurrency, and the rules for new passwords (NIST SP 800-63B-4)."""

import secrets
import threading
import unicodedata
from functools import cache

from argon2 import PasswordHasher as Argon2
from argon2.exceptions import InvalidHashError, VerificationError

from authserver.errors import Busy, InvalidInput
from authserver.messages import message
from authserver.settings import Settings
from authserver.vocabulary import TYPED_ALPHABET

MAX_LENGTH = 1024
_WAIT_SECONDS = 5
_LETTERS = TYPED_ALPHABET.lower()


class PasswordHasher:
    """The hasher of a process. The settings limit how many hashes it computes at the same time."""

    def __init__(self, settings: Settings) -> None:
        self._hasher = Argon2(
            time_cost=settings.password_hash_rounds, memory_cost=settings.password_hash_memory, parallelism=1
        )
        self._slots = threading.BoundedSemaphore(settings.password_hash_concurrency)
        self._min_length = settings.password_min_length
        self._dummy_hash = self._hasher.hash("the password of an account that does not exist")

    def hash(self, password: str) -> str:
        """Return the argon2id hash; raises Busy."""
        with _Slot(self._slots):
            return self._hasher.hash(normalize(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Return whether the password matches the hash. If ``stored`` is None, take the same time. Raises Busy."""
        with _Slot(self._slots):
            try:
                matches = self._hasher.verify(stored or self._dummy_hash, normalize(password))
            except (VerificationError, InvalidHashError):
                return False
        return stored is not None and matches

    def needs_rehash(self, stored: str) -> bool:
        """Return whether the hash was computed with other parameters than those in the settings."""
        return self._hasher.check_needs_rehash(stored)

    def check_new(self, password: str, *, username: str = "", field: str = "password") -> None:
        """Raise InvalidInput for a new password that is too short, too long, too common or equal to the user name."""
        password = normalize(password)
        if len(password) < self._min_length:
            raise InvalidInput(
                {field: message("The password needs at least %(count)s characters.", count=self._min_length)}
            )
        if len(password) > MAX_LENGTH:
            raise InvalidInput(
                {field: message("The password can have at most %(count)s characters.", count=MAX_LENGTH)}
            )
        if password.lower() in _common() or (username and password.lower() == username.lower()):
            raise InvalidInput(
                {field: message("This password is too common or equals the user name. Choose another one.")}
            )


def generate() -> str:
    """Return a random password: four groups of four letters, with 69 bits of entropy."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


class _Slot:
    """Waits for one of the hashing slots; raises Busy after a limited time."""

    def __init__(self, slots: threading.BoundedSemaphore) -> None:
        self._slots = slots

    def __enter__(self) -> None:
        if not self._slots.acquire(timeout=_WAIT_SECONDS):
            raise Busy(retry_after=_WAIT_SECONDS)

    def __exit__(self, *_: object) -> None:
        self._slots.release()


def normalize(password: str) -> str:
    """Return the form of a password that is hashed, so that different encodings of the same characters are equal."""
    # A lone surrogate cannot be encoded. Its replacement matches no stored password and keeps the timing uniform.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace").decode()[: MAX_LENGTH + 1]


@cache
def _common() -> frozenset[str]:
    # Imported on first use: the list is large, and few processes need it.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])

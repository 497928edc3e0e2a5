"""This installation's own keys: what signs cookies, what makes stored digests, what encrypts recoverable secrets.

They live in the keys directory (or come from the settings), never in the database. Each file holds lines of
``id base64url-key``; the first is used for new values and the others still open old ones, so that a key is replaced
by putting a new line on top and, when the overlap is over, deleting the last.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from authserver.errors import SettingsError
from authserver.settings import Settings

KEY_BYTES = 32
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Key:
    """One secret of 256 bits and the short id by which stored values name it."""

    id: str
    value: bytes


class Vault:
    """The keys of one installation, and what is done with them."""

    def __init__(self, session_keys: list[Key], peppers: list[Key], encryption_keys: list[Key]) -> None:
        self.session_keys = session_keys
        self._peppers = {key.id: key for key in peppers}
        self._pepper = peppers[0]
        self._encryption_keys = {key.id: key for key in encryption_keys}
        self._encryption_key = encryption_keys[0]

    @property
    def pepper_id(self) -> str:
        """The id of the pepper that new digests are made with."""
        return self._pepper.id

    def mac(self, purpose: str, message: bytes, pepper_id: str | None = None) -> bytes:
        """Return the HMAC-SHA-256 of a message for one purpose; KeyError when the pepper is gone."""
        key = self._pepper if pepper_id is None else self._peppers[pepper_id]
        return hmac.digest(key.value, purpose.encode() + b"\0" + message, hashlib.sha256)

    def knows_pepper(self, pepper_id: str) -> bool:
        """Return whether digests made with that pepper can still be checked."""
        return pepper_id in self._peppers

    def seal(self, purpose: str, secret: bytes) -> str:
        """Encrypt a secret so that it opens for the same purpose only."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(self._encryption_key.value).encrypt(nonce, secret, purpose.encode())
        return f"{self._encryption_key.id}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, purpose: str, sealed: str) -> bytes:
        """Decrypt what ``seal`` made; raises SettingsError when its key is not in the keys directory any more."""
        key_id, _, rest = sealed.partition(".")
        key = self._encryption_keys.get(key_id)
        if key is None:
            raise SettingsError(
                f"The encryption key {key_id!r} is missing; put it back into encryption.keys."
            )
        blob = base64.urlsafe_b64decode(rest)
        try:
            return AESGCM(key.value).decrypt(blob[:_NONCE_BYTES], blob[_NONCE_BYTES:], purpose.encode())
        except InvalidTag as error:
            raise SettingsError(
                f"The encryption key {key_id!r} is not the one that sealed this record."
            ) from error


def load(settings: Settings) -> Vault:
    """Read the keys, making on first start what is missing; raises SettingsError."""
    return Vault(
        _keys(settings, "session", settings.session_keys),
        _keys(settings, "pepper", settings.peppers),
        _keys(settings, "encryption", settings.encryption_keys),
    )


def _keys(settings: Settings, name: str, given: SecretStr | None) -> list[Key]:
    if given is not None:
        return _parse(
            given.get_secret_value().replace(":", " ").split(","), f"the {name} keys in the settings"
        )
    path = settings.keys_dir / f"{name}.keys"
    if not path.exists():
        _create(path)
    _refuse_readable_by_others(path)
    try:
        return _parse(path.read_text(encoding="ascii").splitlines(), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from error


def _create(path: Path) -> None:
    value = base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{secrets.token_hex(4)} {value}\n")
        # A link fails where the file exists by now: two nodes that start together end with the same key.
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be written: {error}. Set AUTHSERVER_KEYS_DIR to a private directory."
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def _refuse_readable_by_others(path: Path) -> None:
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"{path} can be read by other users. Run: chmod 600 {path}")


def _parse(lines: list[str], where: str) -> list[Key]:
    keys = [_parse_line(line, where) for line in lines if line.strip() and not line.startswith("#")]
    if not keys:
        raise SettingsError(f"{where} holds no key. Delete it to have one made.")
    if len({key.id for key in keys}) != len(keys):
        raise SettingsError(f"{where} names one key id twice.")
    return keys


def _parse_line(line: str, where: str) -> Key:
    words = line.split()
    if len(words) != 2 or not words[0].isalnum():
        raise SettingsError(f"{where} must hold lines of an id and a key: 'a1b2c3d4 BASE64URL'.")
    try:
        value = base64.urlsafe_b64decode(words[1] + "=" * (-len(words[1]) % 4))
    except (ValueError, binascii.Error) as error:
        raise SettingsError(f"{where} holds a key that is not base64url.") from error
    if len(value) < KEY_BYTES or len(set(value)) < 8:
        raise SettingsError(f"{where} holds a key that is short or a placeholder; use 32 random bytes.")
    return Key(words[0], value)

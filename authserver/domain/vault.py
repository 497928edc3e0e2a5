"""The secret keys of the installation: for signed cookies, keyed digests, and secrets that are stored encrypted.

They are in the keys directory or in the settings, never in the database. Each file contains lines of
``id base64url-key``. The first key is used for new values, the others for existing ones. To replace a key, add a new
line at the top. Delete the old line when the values that were created with its key are no longer needed.
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
    """A 256-bit key, and the id that stored values refer to."""

    id: str
    value: bytes


class Vault:
    """The secret keys and their operations."""

    def __init__(self, session_keys: list[Key], peppers: list[Key], encryption_keys: list[Key]) -> None:
        self.session_keys = session_keys
        self._peppers = {key.id: key for key in peppers}
        self._pepper = peppers[0]
        self._encryption_keys = {key.id: key for key in encryption_keys}
        self._encryption_key = encryption_keys[0]

    @property
    def pepper_id(self) -> str:
        """The id of the pepper for new digests."""
        return self._pepper.id

    def mac(self, purpose: str, message: bytes, pepper_id: str | None = None) -> bytes:
        """Return the HMAC-SHA-256 of a message for a purpose; raises KeyError if the pepper no longer exists."""
        key = self._pepper if pepper_id is None else self._peppers[pepper_id]
        return hmac.digest(key.value, purpose.encode() + b"\0" + message, hashlib.sha256)

    def knows_pepper(self, pepper_id: str) -> bool:
        """Return whether this pepper exists, so that its digests can be verified."""
        return pepper_id in self._peppers

    def seal(self, purpose: str, secret: bytes) -> str:
        """Encrypt a secret so that it can only be decrypted for the same purpose."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(self._encryption_key.value).encrypt(nonce, secret, purpose.encode())
        return f"{self._encryption_key.id}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, purpose: str, sealed: str) -> bytes:
        """Decrypt a value that ``seal`` has encrypted; raises SettingsError if its key no longer exists."""
        key_id, _, rest = sealed.partition(".")
        key = self._encryption_keys.get(key_id)
        if key is None:
            raise SettingsError(f"The encryption key {key_id!r} is missing. Restore it in encryption.keys.")
        blob = base64.urlsafe_b64decode(rest)
        try:
            return AESGCM(key.value).decrypt(blob[:_NONCE_BYTES], blob[_NONCE_BYTES:], purpose.encode())
        except InvalidTag as error:
            raise SettingsError(
                f"The encryption key {key_id!r} did not encrypt this record. "
                "Restore the original key in encryption.keys."
            ) from error


def load(settings: Settings) -> Vault:
    """Read the keys and create the missing ones; raises SettingsError."""
    return Vault(
        _keys(settings, "session", settings.session_keys),
        _keys(settings, "pepper", settings.peppers),
        _keys(settings, "encryption", settings.encryption_keys),
    )


def _keys(settings: Settings, name: str, given: SecretStr | None) -> list[Key]:
    if given is not None:
        return _parse(
            given.get_secret_value().replace(":", " ").split(","), f"The setting for the {name} keys"
        )
    path = settings.keys_dir / f"{name}.keys"
    if not path.exists():
        _create(path)
    _require_private(path)
    try:
        return _parse(path.read_text(encoding="ascii").splitlines(), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not readable: {error}.") from error


def _create(path: Path) -> None:
    value = base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{secrets.token_hex(4)} {value}\n")
        # Linking fails if the file already exists, so that two nodes that start at once use the same key.
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError as error:
        raise SettingsError(
            f"{path} is not writable: {error}. Set AUTHSERVER_KEYS_DIR to a private directory."
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def _require_private(path: Path) -> None:
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"{path} can be read by other users. Run: chmod 600 {path}")


def _parse(lines: list[str], where: str) -> list[Key]:
    keys = [_parse_line(line, where) for line in lines if line.strip() and not line.startswith("#")]
    if not keys:
        raise SettingsError(f"{where} contains no key. Delete it, and the server creates one.")
    if len({key.id for key in keys}) != len(keys):
        raise SettingsError(f"{where} contains a duplicate key id. Give each key a different id.")
    return keys


def _parse_line(line: str, where: str) -> Key:
    fields = line.split()
    if len(fields) != 2 or not fields[0].isalnum():
        raise SettingsError(f"{where} must contain lines with an id and a key: 'a1b2c3d4 BASE64URL'.")
    try:
        value = base64.urlsafe_b64decode(fields[1] + "=" * (-len(fields[1]) % 4))
    except (ValueError, binascii.Error) as error:
        raise SettingsError(f"{where} contains a key that is not base64url. Use 32 random bytes.") from error
    if len(value) < KEY_BYTES or len(set(value)) < 8:
        raise SettingsError(
            f"{where} contains a key that is too short or a placeholder. Use 32 random bytes."
        )
    return Key(fields[0], value)

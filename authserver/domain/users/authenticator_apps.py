"""Authenticator apps: time-based one-time codes as a second factor (RFC 6238).

The server must be able to read the seed, so it is stored encrypted. Each code is accepted once: the last accepted time
step is stored, and a conditional statement accepts only later steps (RFC 6238, section 5.2).
"""

import base64
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import pyotp
from pyotp.exceptions import OTPVerificationError
from sqlalchemy import ForeignKey, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.domain.orm import Base, Id
from authserver.domain.users.users import User
from authserver.domain.vault import Vault
from authserver.errors import SettingsError

DIGITS = 6
_SEED_BYTES = 20  # RFC 4226, section 4: 160 bits are recommended.
_PURPOSE = "authenticator app"
_ALLOWED_STEPS = 1  # RFC 6238, section 5.2: for inaccurate clocks and slow typing.


class AuthenticatorApp(Base):
    """The app of a user; ``last_step`` is the time step of the last accepted code."""

    __tablename__ = "authenticator_apps"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    sealed: Mapped[str] = mapped_column(String(300))
    last_step: Mapped[int] = mapped_column(Id)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]

    @property
    def id(self) -> int:
        """The id in the audit trail, which is the id of the user."""
        return self.user_id

    @property
    def enrollment_id(self) -> str:
        """The id of this enrollment. Every later app of the same user has another id."""
        return f"{self.created_at:%Y%m%d%H%M%S%f}"


@dataclass(frozen=True, slots=True)
class TotpSeed:
    """A secret that an app shares with this server, in base32."""

    text: str

    def otpauth_url(self, issuer: str, username: str) -> str:
        """Return the ``otpauth`` URL for the QR code."""
        return self._codes().provisioning_uri(name=username, issuer_name=issuer)

    def step_of(self, code: str) -> int | None:
        """Return the time step of a code, or None if it is not valid now."""
        if len(code) != DIGITS or not (code.isascii() and code.isdigit()):
            return None
        try:
            return self._codes().verify_and_get_timecode(
                code, for_time=clock.now(), valid_window=_ALLOWED_STEPS
            )
        except OTPVerificationError:
            return None

    def _codes(self) -> pyotp.TOTP:
        return pyotp.TOTP(self.text, digits=DIGITS)


def new_seed() -> TotpSeed:
    """Return a new random seed."""
    return TotpSeed(base64.b32encode(secrets.token_bytes(_SEED_BYTES)).decode())


def find(db: Session, user_id: int) -> AuthenticatorApp | None:
    """Return the app of a user, or None."""
    return db.get(AuthenticatorApp, user_id)


def exists(db: Session, user_id: int) -> bool:
    """Return whether a user has an app."""
    return db.scalar(select(AuthenticatorApp.user_id).where(AuthenticatorApp.user_id == user_id)) is not None


def owners_among(db: Session, user_ids: Collection[int]) -> set[int]:
    """Return the ids of those users that have an app."""
    return set(db.scalars(select(AuthenticatorApp.user_id).where(AuthenticatorApp.user_id.in_(user_ids))))


def add(db: Session, vault: Vault, user: User, seed: TotpSeed, step: int) -> AuthenticatorApp:
    """Add an app to a user without one. ``step`` is the time step of the code that the user entered from the app."""
    now = clock.now()
    row = AuthenticatorApp(
        user_id=user.id,
        sealed=vault.seal(_purpose(user.id), seed.text.encode()),
        last_step=step,
        created_at=now,
        last_used_at=now,
    )
    db.add(row)
    db.flush()
    return row


def redeem(db: Session, vault: Vault, user_id: int, code: str) -> bool:
    """Consume a code and return whether it was valid. It is valid once, and earlier time steps are rejected."""
    _, step = _step_of(db, vault, user_id, code)
    if step is None:
        return False
    accepted = db.scalar(
        update(AuthenticatorApp)
        .where(AuthenticatorApp.user_id == user_id, AuthenticatorApp.last_step < step)
        .values(last_step=step, last_used_at=clock.now())
        .returning(AuthenticatorApp.user_id)
        .execution_options(synchronize_session=False)
    )
    return accepted is not None


def was_just_used(db: Session, vault: Vault, user_id: int, code: str) -> bool:
    """Return whether a code is the last accepted one, and still valid."""
    row, step = _step_of(db, vault, user_id, code)
    return row is not None and step is not None and step == row.last_step


def is_valid(db: Session, vault: Vault, user_id: int, code: str) -> bool:
    """Return whether ``redeem`` would accept a code now."""
    row, step = _step_of(db, vault, user_id, code)
    return row is not None and step is not None and step > row.last_step


def can_verify(vault: Vault, row: AuthenticatorApp) -> bool:
    """Return whether the key that encrypted the seed is still available."""
    return _open(vault, row) is not None


def remove(db: Session, user_id: int) -> bool:
    """Delete the app of a user; return whether there was one."""
    gone = db.execute(
        delete(AuthenticatorApp)
        .where(AuthenticatorApp.user_id == user_id)
        .returning(AuthenticatorApp.user_id)
        .execution_options(synchronize_session=False)
    )
    return gone.first() is not None


def _step_of(
    db: Session, vault: Vault, user_id: int, code: str
) -> tuple[AuthenticatorApp | None, int | None]:
    """Return the app of a user, and the time step of a code if it is a code of this app and valid now."""
    row = find(db, user_id)
    seed = None if row is None else _open(vault, row)
    return row, None if seed is None else seed.step_of(code)


def _open(vault: Vault, row: AuthenticatorApp) -> TotpSeed | None:
    # Without the key, codes of the app are always rejected, but recovery codes work. ``authserver doctor`` reports the
    # users whose key is missing.
    try:
        return TotpSeed(vault.open(_purpose(row.user_id), row.sealed).decode())
    except SettingsError:
        return None


def _purpose(user_id: int) -> str:
    return f"{_PURPOSE}:{user_id}"

"""Authenticator apps: the second factor that a person carries on a telephone (RFC 6238).

The seed must be recoverable, so it is stored sealed. A code counts once: the last time step that was accepted is
kept, and only a later one is taken, by one conditional statement (RFC 6238, section 5.2).
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
from authserver.domain.keys.vault import Vault
from authserver.domain.orm import Base, Id
from authserver.domain.users.users import User
from authserver.errors import SettingsError

DIGITS = 6
_SEED_BYTES = 20  # RFC 4226, section 4: 160 bits are recommended.
_PURPOSE = "authenticator app"
_STEPS_ASIDE = 1  # RFC 6238, section 5.2: for clocks that differ and people who type slowly.


class AuthenticatorApp(Base):
    """The one app of a person; ``last_step`` is the time step of the latest code that was taken."""

    __tablename__ = "authenticator_apps"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    sealed: Mapped[str] = mapped_column(String(300))
    last_step: Mapped[int] = mapped_column(Id)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]

    @property
    def id(self) -> int:
        """The id under which the audit trail names it: an app is its person's."""
        return self.user_id

    @property
    def enrolment(self) -> str:
        """What tells this app from an earlier or later one of the same person."""
        return f"{self.created_at:%Y%m%d%H%M%S%f}"


@dataclass(frozen=True, slots=True)
class TotpSeed:
    """A secret that an app shares with this server, in the base32 in which people type it."""

    text: str

    def address(self, issuer: str, username: str) -> str:
        """Return the ``otpauth`` address that apps read from a picture."""
        return self._codes().provisioning_uri(name=username, issuer_name=issuer)

    def step_of(self, code: str) -> int | None:
        """Return the time step that a code belongs to, None for a code that is not valid now."""
        if len(code) != DIGITS or not (code.isascii() and code.isdigit()):
            return None
        try:
            return self._codes().verify_and_get_timecode(
                code, for_time=clock.now(), valid_window=_STEPS_ASIDE
            )
        except OTPVerificationError:
            return None

    def _codes(self) -> pyotp.TOTP:
        return pyotp.TOTP(self.text, digits=DIGITS)


def new_seed() -> TotpSeed:
    """Return a seed that nobody has seen before."""
    return TotpSeed(base64.b32encode(secrets.token_bytes(_SEED_BYTES)).decode())


def find(db: Session, user_id: int) -> AuthenticatorApp | None:
    """Return the app of a person, or None."""
    return db.get(AuthenticatorApp, user_id)


def exists(db: Session, user_id: int) -> bool:
    """Return whether a person has an app."""
    return db.scalar(select(AuthenticatorApp.user_id).where(AuthenticatorApp.user_id == user_id)) is not None


def owners_among(db: Session, user_ids: Collection[int]) -> set[int]:
    """Return those of some people who have an app."""
    return set(db.scalars(select(AuthenticatorApp.user_id).where(AuthenticatorApp.user_id.in_(user_ids))))


def add(db: Session, vault: Vault, user: User, seed: TotpSeed, step: int) -> AuthenticatorApp:
    """Store the app of a person who has none; ``step`` is that of the code which proved it."""
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
    """Take a code, once; a code of an earlier step than the last one taken is refused too."""
    row = find(db, user_id)
    seed = None if row is None else _open(vault, row)
    step = None if seed is None else seed.step_of(code)
    if step is None:
        return False
    taken = db.scalar(
        update(AuthenticatorApp)
        .where(AuthenticatorApp.user_id == user_id, AuthenticatorApp.last_step < step)
        .values(last_step=step, last_used_at=clock.now())
        .returning(AuthenticatorApp.user_id)
        .execution_options(synchronize_session=False)
    )
    return taken is not None


def was_just_used(db: Session, vault: Vault, user_id: int, code: str) -> bool:
    """Return whether a code is the very one that was taken last, and is still valid."""
    row = find(db, user_id)
    seed = None if row is None else _open(vault, row)
    return row is not None and seed is not None and seed.step_of(code) == row.last_step


def can_verify(vault: Vault, row: AuthenticatorApp) -> bool:
    """Return whether the key that sealed the seed is still there."""
    return _open(vault, row) is not None


def remove(db: Session, user_id: int) -> bool:
    """Forget the app of a person; return whether there was one."""
    gone = db.execute(
        delete(AuthenticatorApp)
        .where(AuthenticatorApp.user_id == user_id)
        .returning(AuthenticatorApp.user_id)
        .execution_options(synchronize_session=False)
    )
    return gone.first() is not None


def _open(vault: Vault, row: AuthenticatorApp) -> TotpSeed | None:
    # Without the key no code of the app can be right, but a recovery code still can; the doctor tells operators.
    try:
        return TotpSeed(vault.open(_purpose(row.user_id), row.sealed).decode())
    except SettingsError:
        return None


def _purpose(user_id: int) -> str:
    return f"{_PURPOSE}:{user_id}"

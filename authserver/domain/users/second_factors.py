"""The second factor of a user: an authenticator app, with recovery codes in case the app is lost.

Users with a second factor need it for every sign-in (see ``authentication``, which also limits the attempts). A session
from before the setup gives no access until its user has entered a code.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from authserver.context import Actor
from authserver.domain import audit
from authserver.domain.audit import Event
from authserver.domain.orm import ROW_LOCK
from authserver.domain.users import authenticator_apps, recovery_codes
from authserver.domain.users.authenticator_apps import AuthenticatorApp, TotpSeed
from authserver.domain.users.recovery_codes import RecoveryCode
from authserver.domain.users.users import User
from authserver.domain.vault import Vault
from authserver.errors import Conflict, InvalidInput
from authserver.messages import message

OTP = "otp"
RECOVERY = "recovery code"
_TYPED_LENGTH = 60
_FEW = 3


@dataclass(frozen=True, slots=True)
class SecondFactorStatus:
    """The second factor of a user: the times of its setup and last use, and the number of unused recovery codes.

    ``since`` is None if the user has no second factor.
    """

    since: datetime | None
    last_used_at: datetime | None
    codes_left: int

    @property
    def is_enrolled(self) -> bool:
        """Whether the user has a second factor."""
        return self.since is not None

    @property
    def has_few_codes(self) -> bool:
        """Whether the user should create new recovery codes."""
        return self.is_enrolled and self.codes_left <= _FEW


def is_enrolled(db: Session, user_id: int) -> bool:
    """Return whether a user has a second factor."""
    return authenticator_apps.exists(db, user_id)


def enrollment_id(db: Session, user_id: int) -> str:
    """Return the id of the user's current second factor, or "" if there is none."""
    app = authenticator_apps.find(db, user_id)
    return "" if app is None else app.enrollment_id


def status_of(db: Session, user_id: int) -> SecondFactorStatus:
    """Return the status of the second factor of a user."""
    app = authenticator_apps.find(db, user_id)
    if app is None:
        return SecondFactorStatus(None, None, 0)
    return SecondFactorStatus(app.created_at, app.last_used_at, recovery_codes.count_left(db, user_id))


def enrolled_among(db: Session, user_ids: Collection[int]) -> set[int]:
    """Return the ids of those users that have a second factor."""
    return authenticator_apps.owners_among(db, user_ids)


def administrators_without(db: Session) -> list[str]:
    """Return the names of active administrators without a second factor."""
    enrolled = select(AuthenticatorApp.user_id)
    names = (
        select(User.username)
        .where(User.may_configure_server, User.is_active, User.id.not_in(enrolled))
        .order_by(User.username_key)
    )
    return list(db.scalars(names))


def users_without_keys(db: Session, vault: Vault) -> list[str]:
    """Return the names of users whose app or recovery codes cannot be verified because a key is missing."""
    apps = db.execute(select(AuthenticatorApp, User.username).join_from(AuthenticatorApp, User))
    codes = db.execute(select(RecoveryCode.pepper_id, User.username).join_from(RecoveryCode, User).distinct())
    lost = {name for row, name in apps if not authenticator_apps.can_verify(vault, row)}
    return sorted(lost | {name for pepper_id, name in codes if not vault.knows_pepper(pepper_id)})


def enroll(db: Session, vault: Vault, actor: Actor, user: User, seed: TotpSeed, code: str) -> list[str]:
    """Add an authenticator app if the code is a current code of the seed. Return the recovery codes for display.

    Raises InvalidInput for a wrong code and Conflict if the user already has an app.
    """
    db.get_one(User, user.id, with_for_update=ROW_LOCK)
    if is_enrolled(db, user.id):
        raise Conflict(
            message("An authenticator app is already set up. Remove it before you set up another one.")
        )
    step = seed.step_of(_digits(code))
    if step is None:
        raise InvalidInput(
            {
                "code": message(
                    "This is not the current code. Check the clock of your phone, and enter the next code."
                )
            }
        )
    authenticator_apps.add(db, vault, user, seed, step)
    codes = recovery_codes.replace(db, vault, user.id)
    audit.record(db, actor, Event.USER_ADD_SECOND_FACTOR, subject=user)
    return codes


def redeem(db: Session, vault: Vault, user_id: int, typed: str) -> str | None:
    """Consume a code of the app or a recovery code. Return its kind, or None if the code is wrong or already used."""
    if len(typed) > _TYPED_LENGTH:
        return None
    if authenticator_apps.redeem(db, vault, user_id, _digits(typed)):
        return OTP
    if recovery_codes.redeem(db, vault, user_id, typed):
        return RECOVERY
    return None


def is_app_code(typed: str) -> bool:
    """Return whether a typed code has the form of a code of an app. Only these can be guessed."""
    digits = _digits(typed[:_TYPED_LENGTH])
    return len(digits) == authenticator_apps.DIGITS and digits.isascii() and digits.isdigit()


def is_valid(db: Session, vault: Vault, user_id: int, typed: str) -> bool:
    """Return whether ``redeem`` would accept a code now."""
    return len(typed) <= _TYPED_LENGTH and (
        authenticator_apps.is_valid(db, vault, user_id, _digits(typed))
        or recovery_codes.is_valid(db, vault, user_id, typed)
    )


def was_just_used(db: Session, vault: Vault, user_id: int, typed: str) -> bool:
    """Return whether a code is the last accepted code of the app, and still valid."""
    return len(typed) <= _TYPED_LENGTH and authenticator_apps.was_just_used(
        db, vault, user_id, _digits(typed)
    )


def renew_codes(db: Session, vault: Vault, actor: Actor, user: User) -> list[str]:
    """Replace the recovery codes and return the new ones for display; raises Conflict if the user has no app."""
    db.get_one(User, user.id, with_for_update=ROW_LOCK)
    if not is_enrolled(db, user.id):
        raise Conflict(message("Recovery codes require an authenticator app. Set up an app first."))
    codes = recovery_codes.replace(db, vault, user.id)
    audit.record(db, actor, Event.USER_RENEW_RECOVERY_CODES, subject=user)
    return codes


def remove(db: Session, actor: Actor, user: User) -> bool:
    """Remove the second factor; return whether there was one. Use ``user_sessions.remove_second_factor``."""
    db.get_one(User, user.id, with_for_update=ROW_LOCK)
    recovery_codes.remove(db, user.id)
    if not authenticator_apps.remove(db, user.id):
        return False
    audit.record(db, actor, Event.USER_REMOVE_SECOND_FACTOR, subject=user)
    return True


def _digits(typed: str) -> str:
    """Return a code without the space that apps display in the middle."""
    return "".join(typed.split())

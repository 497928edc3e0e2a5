"""Recovery codes: ten codes, each of which replaces the authenticator app once.

Each code has 52 random bits, so the database stores a keyed digest instead of a slow hash. A code is shown only once.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, LargeBinary, String, delete, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.domain import typed_codes
from authserver.domain.orm import Base, Id
from authserver.domain.vault import Vault

COUNT = 10
LENGTH = 12
_PURPOSE = "recovery code"


class RecoveryCode(Base):
    """A recovery code of a user."""

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    pepper_id: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]


def replace(db: Session, vault: Vault, user_id: int) -> list[str]:
    """Replace the codes of a user and return the new ones for display."""
    remove(db, user_id)
    codes = [typed_codes.generate_code(LENGTH) for _ in range(COUNT)]
    pepper_id = vault.pepper_id
    db.add_all(
        RecoveryCode(user_id=user_id, digest=_digest(vault, user_id, code, pepper_id), pepper_id=pepper_id)
        for code in codes
    )
    db.flush()
    return [typed_codes.format_code(code) for code in codes]


def redeem(db: Session, vault: Vault, user_id: int, typed: str) -> bool:
    """Consume a code in one conditional statement. Return whether the code was valid and unused."""
    matches = _matches(db, vault, user_id, typed)
    if not matches:
        return False
    accepted = db.scalar(
        update(RecoveryCode)
        .where(*matches)
        .values(used_at=clock.now())
        .returning(RecoveryCode.id)
        .execution_options(synchronize_session=False)
    )
    return accepted is not None


def is_valid(db: Session, vault: Vault, user_id: int, typed: str) -> bool:
    """Return whether ``redeem`` would accept a code."""
    matches = _matches(db, vault, user_id, typed)
    return bool(matches) and db.scalar(select(RecoveryCode.id).where(*matches).limit(1)) is not None


def count_left(db: Session, user_id: int) -> int:
    """Return the number of unused codes of a user."""
    left = (RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return db.scalar(select(func.count()).select_from(RecoveryCode).where(*left)) or 0


def remove(db: Session, user_id: int) -> None:
    """Delete the codes of a user."""
    db.execute(
        delete(RecoveryCode)
        .where(RecoveryCode.user_id == user_id)
        .execution_options(synchronize_session=False)
    )


def _matches(db: Session, vault: Vault, user_id: int, typed: str) -> list[ColumnElement[bool]]:
    """Return the conditions for the unused code of a user that was typed, or an empty list if it cannot be one."""
    code = typed_codes.normalize_code(typed, LENGTH)
    known = (
        [pepper_id for pepper_id in _peppers(db, user_id) if vault.knows_pepper(pepper_id)] if code else []
    )
    digests = [
        (RecoveryCode.pepper_id == pepper_id)
        & (RecoveryCode.digest == _digest(vault, user_id, code, pepper_id))
        for pepper_id in known
    ]
    own = [RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None)]
    return [*own, or_(*digests)] if digests else []


def _peppers(db: Session, user_id: int) -> Sequence[str]:
    owned = select(RecoveryCode.pepper_id).where(RecoveryCode.user_id == user_id)
    return db.scalars(owned.distinct()).all()


def _digest(vault: Vault, user_id: int, code: str, pepper_id: str) -> bytes:
    return vault.mac(_PURPOSE, f"{user_id}\0{code}".encode(), pepper_id)

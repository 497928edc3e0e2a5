"""Signing keys. Each algorithm in use has one active key: those of the setting, and those that clients still need.

A key is *next* (published, but not used yet), *active* (signs) or *retired* (published for verification, until the last
token that it signed has expired). ``key_ring`` is the per-process cache.
"""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from joserfc.jwk import ECKey, OKPKey, RSAKey
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.context import Actor
from authserver.domain import audit
from authserver.domain.audit import Event
from authserver.domain.orm import Base, Id, lock
from authserver.domain.vault import Vault
from authserver.errors import Conflict
from authserver.settings import Settings
from authserver.vocabulary import SigningAlgorithm

ALGORITHMS = tuple(map(str, SigningAlgorithm))
DEFAULT_ALGORITHM = str(SigningAlgorithm.RS256)
PUBLISH_BEFORE_USE = timedelta(hours=1)
MAX_SIGNED_LIFETIME = timedelta(days=1)
"""The longest lifetime of any client's JWTs. It limits the time for which a retired key has to stay published."""

_KEPT_AT_LEAST = MAX_SIGNED_LIFETIME + PUBLISH_BEFORE_USE
_RSA_BITS = 2048
_PURPOSE = "signing-key"
_ORDER = {"active": 0, "next": 1, "retired": 2}

PrivateKey = RSAKey | ECKey | OKPKey


class AlreadyRotated(Conflict):
    """The active key is not the one that the caller expects."""


class SigningKey(Base):
    """A key pair. The private key is encrypted with a key that is not in the database.

    ``keep_seconds`` is the time for which the key stays published after it is retired. While the key is active, this
    time increases with the token and session lifetimes in the settings. It never decreases.
    """

    __tablename__ = "signing_keys"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kid: Mapped[str] = mapped_column(String(64), unique=True)
    algorithm: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(8))
    public: Mapped[dict[str, Any]]
    private: Mapped[str] = mapped_column(String(8000))
    created_at: Mapped[datetime]
    activated_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
    keep_seconds: Mapped[int] = mapped_column(default=int(_KEPT_AT_LEAST.total_seconds()))


def all_keys(db: Session) -> list[SigningKey]:
    """Return all published keys: active, then next, then retired."""
    rows = db.scalars(select(SigningKey).order_by(SigningKey.id.desc()))
    return sorted(rows, key=lambda row: (_ORDER[row.state], ALGORITHMS.index(row.algorithm)))


def algorithms_in_use(rows: Sequence[SigningKey], settings: Settings) -> list[str]:
    """Return the published algorithms, and those that still have an active key."""
    active = {row.algorithm for row in rows if row.state == "active"}
    return [name for name in ALGORITHMS if name in settings.signing_algorithms or name in active]


def open_private(vault: Vault, algorithm: str, sealed: str) -> PrivateKey:
    """Decrypt and import a private key. Importing takes 100 times as long as signing, so callers cache the result."""
    pem = vault.open(_PURPOSE, sealed).decode()
    return _import(algorithm, pem)


def ensure(db: Session, actor: Actor, vault: Vault, algorithms: Collection[str]) -> None:
    """Create the missing active and next keys. Only one node creates them."""
    lock(db, "signing-keys")
    known = {(row.algorithm, row.state) for row in all_keys(db)}
    for algorithm in (name for name in ALGORITHMS if name in algorithms):
        for state in ("active", "next"):
            if (algorithm, state) not in known:
                _add(db, actor, vault, algorithm, state)


def rotate(
    db: Session,
    actor: Actor,
    vault: Vault,
    algorithm: str = DEFAULT_ALGORITHM,
    *,
    is_urgent: bool = False,
    expected_kid: str | None = None,
) -> SigningKey:
    """Make the next key active; raises Conflict if it has not been published for long enough.

    ``expected_kid`` is the kid that the caller expects to be active; raises AlreadyRotated if it is not.
    """
    ensure(db, actor, vault, [algorithm])
    active, following = _in_use(all_keys(db), algorithm)
    _check_active(active, expected_kid)
    now = clock.now()
    usable_at = following.created_at + PUBLISH_BEFORE_USE
    if now < usable_at and not is_urgent:
        raise Conflict(
            f"The next {algorithm} key was published at {following.created_at:%H:%M} UTC, so clients may not have "
            f"fetched it yet. It can be activated from {usable_at:%Y-%m-%d %H:%M} UTC."
        )
    active.state, active.retired_at = "retired", now
    following.state, following.activated_at = "active", now
    _add(db, actor, vault, algorithm, "next")
    audit.record(
        db,
        actor,
        Event.KEY_ROTATE,
        subject=following,
        before={"kid": active.kid},
        after={"kid": following.kid},
    )
    return following


def replace_stolen(
    db: Session, actor: Actor, vault: Vault, algorithm: str, *, expected_kid: str | None = None
) -> SigningKey:
    """Delete all keys of an algorithm, including the next one, and create new keys. Earlier tokens become invalid.

    Raises AlreadyRotated like ``rotate``.
    """
    ensure(db, actor, vault, [algorithm])
    rows = [row for row in all_keys(db) if row.algorithm == algorithm]
    _check_active(_in_use(rows, algorithm)[0], expected_kid)
    _remove(db, actor, rows)
    ensure(db, actor, vault, [algorithm])
    return _in_use(all_keys(db), algorithm)[0]


def is_schedule_due(rows: Sequence[SigningKey], settings: Settings, needed: Collection[str]) -> bool:
    """Return whether ``run_schedule`` would change anything."""
    return bool(
        _unneeded(rows, needed)
        or _due(rows, settings)
        or _with_short_retention(rows, settings)
        or _expired(rows)
    )


def run_schedule(
    db: Session, actor: Actor, vault: Vault, settings: Settings, needed: Collection[str]
) -> None:
    """Retire the keys of algorithms that are not ``needed``, rotate those that are due, and delete the expired ones.

    Only one node does this at a time.
    """
    lock(db, "signing-keys")
    for algorithm in _unneeded(all_keys(db), needed):
        _retire(db, actor, algorithm)
    rows = all_keys(db)
    for row in _with_short_retention(rows, settings):
        row.keep_seconds = _longest_seconds(settings)
    for algorithm in _due(rows, settings):
        rotate(db, actor, vault, algorithm)
    purge(db, actor)


def purge(db: Session, actor: Actor) -> int:
    """Delete the retired keys whose tokens have all expired; return their number."""
    gone = _expired(all_keys(db))
    _remove(db, actor, gone)
    return len(gone)


def _remove(db: Session, actor: Actor, rows: Sequence[SigningKey]) -> None:
    for row in rows:
        audit.record(db, actor, Event.KEY_REMOVE, subject=row, before={"kid": row.kid})
        db.delete(row)
    db.flush()


def _unneeded(rows: Sequence[SigningKey], needed: Collection[str]) -> list[str]:
    """Return the algorithms whose keys can be retired.

    During an upgrade, nodes with another setting can create such keys again. The minimum age limits how often.
    """
    latest = clock.now() - PUBLISH_BEFORE_USE
    return [
        row.algorithm
        for row in rows
        if row.state == "active" and row.algorithm not in needed and row.created_at <= latest
    ]


def _retire(db: Session, actor: Actor, algorithm: str) -> None:
    active, following = _in_use(all_keys(db), algorithm)
    active.state, active.retired_at = "retired", clock.now()
    audit.record(db, actor, Event.KEY_RETIRE, subject=active, before={"kid": active.kid})
    _remove(db, actor, [following])


def _check_active(active: SigningKey, expected: str | None) -> None:
    if expected is not None and active.kid != expected:
        raise AlreadyRotated(
            f"Someone else rotated the keys. The active {active.algorithm} key is now {active.kid}."
        )


def _in_use(rows: Sequence[SigningKey], algorithm: str) -> tuple[SigningKey, SigningKey]:
    states = {row.state: row for row in rows if row.algorithm == algorithm and row.state != "retired"}
    return states["active"], states["next"]


def _due(rows: Sequence[SigningKey], settings: Settings) -> list[str]:
    return [algorithm for algorithm in ALGORITHMS if _is_due(rows, algorithm, settings)]


def _is_due(rows: Sequence[SigningKey], algorithm: str, settings: Settings) -> bool:
    states = {row.state for row in rows if row.algorithm == algorithm}
    if not settings.signing_key_rotation or not {"active", "next"} <= states:
        return False
    active, following = _in_use(rows, algorithm)
    now, began_at = clock.now(), active.activated_at or active.created_at
    return (
        now >= began_at + settings.signing_key_rotation and now >= following.created_at + PUBLISH_BEFORE_USE
    )


def _with_short_retention(rows: Sequence[SigningKey], settings: Settings) -> list[SigningKey]:
    """Return the active keys that would be deleted before their tokens expire under the current settings."""
    return [row for row in rows if row.state == "active" and row.keep_seconds < _longest_seconds(settings)]


def _expired(rows: Sequence[SigningKey]) -> list[SigningKey]:
    """Return the retired keys whose tokens have all expired."""
    now = clock.now()
    return [row for row in rows if row.retired_at and row.retired_at + timedelta(0, row.keep_seconds) < now]


def _longest_seconds(settings: Settings) -> int:
    # An expired ID token is accepted as a hint as long as its session lasts (RP-Initiated Logout, section 2).
    lifetimes = (
        settings.id_token_lifetime,
        settings.access_token_lifetime,
        settings.session_lifetime,
        settings.remembered_session_lifetime,
    )
    return int(max(_KEPT_AT_LEAST, max(lifetimes) + PUBLISH_BEFORE_USE).total_seconds())


def _import(algorithm: str, pem: str) -> PrivateKey:
    if algorithm == "ES256":
        return ECKey.import_key(pem)
    return OKPKey.import_key(pem) if algorithm == "EdDSA" else RSAKey.import_key(pem)


def _generate(algorithm: str) -> PrivateKey:
    if algorithm == "ES256":
        return ECKey.generate_key("P-256")
    if algorithm == "EdDSA":
        return OKPKey.generate_key("Ed25519")
    return RSAKey.generate_key(_RSA_BITS)


def _add(db: Session, actor: Actor, vault: Vault, algorithm: str, state: str) -> None:
    kid = secrets.token_hex(8)
    key = _generate(algorithm)
    public = {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": algorithm}
    now = clock.now()
    row = SigningKey(
        kid=kid,
        algorithm=algorithm,
        state=state,
        public=public,
        private=vault.seal(_PURPOSE, key.as_pem(private=True)),
        created_at=now,
        activated_at=now if state == "active" else None,
    )
    db.add(row)
    db.flush()
    audit.record(
        db, actor, Event.KEY_CREATE, subject=row, after={"kid": kid, "algorithm": algorithm, "state": state}
    )

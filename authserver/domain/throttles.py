"""Rate limits. The database counts the attempts on all nodes together (S20).

An attempt is charged before its outcome is known, in one statement, so that concurrent attempts are all counted. A
successful attempt is refunded. The table stores only keyed digests of the buckets, which do not reveal who tried what.

Programs repeat an outdated secret for hours. A *mark* records that a certain wrong secret has been counted, so that it
counts once within the window. It contains 16 bits of a keyed digest of the secret, which do not identify the secret.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import LargeBinary, case, delete, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.domain.orm import Base, Database, insert
from authserver.domain.vault import Vault
from authserver.errors import Throttled

_PURPOSE = "throttle"
_MARK_PURPOSE = "counted secret"
_MARK_BYTES = 2
_NETWORK_BITS = {4: 24, 6: 64}


class Throttle(Base):
    """A bucket: the number of attempts since its window began.

    ``account`` is a keyed digest of the account whose sign-ins the bucket limits. It is None in rows that an older version
    has written, and in other buckets.
    """

    __tablename__ = "throttles"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    window_started_at: Mapped[datetime] = mapped_column(index=True)
    count: Mapped[int]
    account: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A group of attempts that are counted together, with their limit within a time window.

    The buckets of an account (see ``Throttle``) can be found and deleted together.
    """

    key: bytes
    limit: int
    window: timedelta
    account: bytes | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """A charged attempt, which can be refunded. ``is_last`` is True if the attempt filled the bucket."""

    bucket: Bucket
    window_started_at: datetime
    is_last: bool


def bucket(vault: Vault, *names: str, limit: int, window: timedelta, account: bytes | None = None) -> Bucket:
    """Return a bucket. Its names state what is attempted, by whom and from where."""
    return Bucket(vault.mac(_PURPOSE, _join(names)), limit, window, account)


def mark(vault: Vault, bucket: Bucket, *secret: str) -> Bucket:
    """Return the mark of a wrong secret that is counted in a bucket."""
    short = vault.mac(_MARK_PURPOSE, bucket.key + _join(secret))[:_MARK_BYTES]
    return replace(bucket, key=vault.mac(_MARK_PURPOSE, bucket.key + short), limit=1, account=None)


def network_of(address: str) -> str:
    """Return the network that counts as one source of attempts: the IPv4 /24 or IPv6 /64 of the address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return str(ip_network(f"{parsed}/{_NETWORK_BITS[parsed.version]}", strict=False))


def charge(db: Session, buckets: Sequence[Bucket]) -> list[Charge]:
    """Charge an attempt to every bucket. Raises Throttled if one is full; the caller must then roll back all charges.

    Put the narrow bucket before the wide one, so that fewer attempts wait for the row of the wide one. Commit before
    computing the outcome, because concurrent attempts wait for the commit.
    """
    now = clock.now()
    return [_charge_one(db, one, now) for one in buckets]


def charge_once(db: Session, bucket: Bucket, mark: Bucket) -> bool:
    """Charge a secret that is certainly wrong, unless it has already been counted. Return whether it was charged.

    Raises Throttled like ``charge``.
    """
    is_new = is_first(db, mark)
    if is_new:
        charge(db, [bucket])
    return is_new


def keep_once(db: Session, charges: Sequence[Charge], mark: Bucket) -> bool:
    """Refund the attempt with a secret that turned out to be wrong, if the secret has already been counted.

    Return whether the attempt stays charged.
    """
    is_new = is_first(db, mark)
    if not is_new:
        refund(db, charges)
    return is_new


def is_first(db: Session, mark: Bucket) -> bool:
    """Return whether a mark did not exist in this window, and create it. Concurrent calls wait for each other."""
    return _count(db, mark, clock.now())[1] == 1


def is_full(db: Session, bucket: Bucket) -> bool:
    """Return whether the next attempt would be throttled."""
    return (
        db.scalar(
            select(Throttle.key).where(
                Throttle.key == bucket.key,
                Throttle.count >= bucket.limit,
                Throttle.window_started_at > clock.now() - bucket.window,
            )
        )
        is not None
    )


def refund(db: Session, charges: Sequence[Charge]) -> None:
    """Refund an attempt, unless its window has ended."""
    for one in charges:
        db.execute(
            update(Throttle)
            .where(
                Throttle.key == one.bucket.key,
                Throttle.window_started_at == one.window_started_at,
                Throttle.count > 0,
            )
            .values(count=Throttle.count - 1)
        )


@contextmanager
def refunding(database: Database, charges: Sequence[Charge]) -> Iterator[None]:
    """Refund an attempt if the database fails in this block, because the outcome of the attempt is then unknown.

    The block must contain the transaction with the attempt.
    """
    try:
        yield
    except DBAPIError:
        with suppress(DBAPIError), database.transaction() as db:
            refund(db, charges)
        raise


def purge(db: Session, *, window: timedelta) -> int:
    """Delete buckets whose window has ended, except locked ones; return their number."""
    ended = select(Throttle.key).where(Throttle.window_started_at <= clock.now() - window)
    gone = db.execute(
        delete(Throttle)
        .where(Throttle.key.in_(ended.with_for_update(skip_locked=True)))
        .returning(Throttle.key)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())


def _charge_one(db: Session, bucket: Bucket, now: datetime) -> Charge:
    began_at, attempts = _count(db, bucket, now)
    if attempts > bucket.limit:
        raise Throttled(retry_after=_seconds_until(began_at + bucket.window, now))
    return Charge(bucket, began_at, is_last=attempts == bucket.limit)


def _count(db: Session, bucket: Bucket, now: datetime) -> tuple[datetime, int]:
    """Add an attempt. Return when the window began, and the number of attempts since then."""
    is_over = Throttle.window_started_at <= now - bucket.window
    statement = insert(db, Throttle).values(
        key=bucket.key, window_started_at=now, count=1, account=bucket.account
    )
    statement = statement.on_conflict_do_update(
        index_elements=[Throttle.key],
        set_={
            "window_started_at": case((is_over, now), else_=Throttle.window_started_at),
            "count": case((is_over, 1), else_=Throttle.count + 1),
        },
    )
    began_at, attempts = db.execute(statement.returning(Throttle.window_started_at, Throttle.count)).one()
    return began_at, attempts


def _join(names: Sequence[str]) -> bytes:
    return "\0".join(names).encode("utf-8", "surrogatepass")


def _seconds_until(instant: datetime, now: datetime) -> int:
    return max(1, int((instant - now).total_seconds()) + 1)

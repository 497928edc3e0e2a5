"""Rate limits. The database counts the attempts on all nodes together (S20).

An attempt is charged before its outcome is known, in one statement, so that concurrent attempts are all counted. A
successful attempt is refunded. The table stores only keyed digests of the buckets, which do not reveal who tried what.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import LargeBinary, case, delete, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.domain.orm import Base, Database, insert
from authserver.domain.vault import Vault
from authserver.errors import Throttled

_PURPOSE = "throttle"
_NETWORK_BITS = {4: 24, 6: 64}


class Throttle(Base):
    """A bucket: the number of attempts since its window began."""

    __tablename__ = "throttles"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    window_started_at: Mapped[datetime] = mapped_column(index=True)
    count: Mapped[int]


@dataclass(frozen=True, slots=True)
class Bucket:
    """A group of attempts that are counted together, with their limit within a time window."""

    key: bytes
    limit: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class Charge:
    """A charged attempt, which can be refunded. ``is_last`` is True if the attempt filled the bucket."""

    bucket: Bucket
    window_started_at: datetime
    is_last: bool


def bucket(vault: Vault, *names: str, limit: int, window: timedelta) -> Bucket:
    """Return a bucket. Its names state what is attempted, by whom and from where."""
    message = "\0".join(names).encode("utf-8", "surrogatepass")
    return Bucket(vault.mac(_PURPOSE, message), limit, window)


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
    """Delete buckets whose window has ended; return their number."""
    gone = db.execute(
        delete(Throttle).where(Throttle.window_started_at <= clock.now() - window).returning(Throttle.key)
    )
    return len(gone.all())


def _charge_one(db: Session, bucket: Bucket, now: datetime) -> Charge:
    is_over = Throttle.window_started_at <= now - bucket.window
    statement = insert(db, Throttle).values(key=bucket.key, window_started_at=now, count=1)
    statement = statement.on_conflict_do_update(
        index_elements=[Throttle.key],
        set_={
            "window_started_at": case((is_over, now), else_=Throttle.window_started_at),
            "count": case((is_over, 1), else_=Throttle.count + 1),
        },
    )
    began_at, attempts = db.execute(statement.returning(Throttle.window_started_at, Throttle.count)).one()
    if attempts > bucket.limit:
        raise Throttled(retry_after=_seconds_until(began_at + bucket.window, now))
    return Charge(bucket, began_at, is_last=attempts == bucket.limit)


def _seconds_until(instant: datetime, now: datetime) -> int:
    return max(1, int((instant - now).total_seconds()) + 1)

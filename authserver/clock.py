"""The clock. All code uses it, so that tests can set the time."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time as an aware UTC datetime."""
    return datetime.now(UTC)


def timestamp(instant: datetime) -> int:
    """Return an instant in whole seconds since 1970 (NumericDate, RFC 7519, section 2)."""
    return int(instant.timestamp())

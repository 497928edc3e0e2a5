"""The only place that asks what time it is, so that a test can move it and every floor agrees."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present instant as an aware UTC datetime."""
    return datetime.now(UTC)


def timestamp(instant: datetime) -> int:
    """Return an instant as whole seconds since 1970, the NumericDate of RFC 7519, section 2."""
    return int(instant.timestamp())

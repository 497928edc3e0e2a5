"""Token lifetimes of a client that differ from the settings. They are part of its metadata, in whole seconds.

Each field has the name of the setting that applies when the client has no value. A change applies to tokens issued
afterwards. A new idle lifetime applies from the next refresh, and a new refresh token lifetime from the next sign-in.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from authserver.domain.keys.signing_keys import MAX_SIGNED_LIFETIME
from authserver.setting_values import format_duration, parse_duration
from authserver.settings import Settings

ACCESS_TOKEN = "access_token_lifetime"
ID_TOKEN = "id_token_lifetime"
REFRESH_TOKEN_IDLE = "refresh_token_idle_lifetime"
REFRESH_TOKEN = "refresh_token_lifetime"


class Bounds(NamedTuple):
    """The shortest and the longest lifetime that a client can have."""

    shortest: timedelta
    longest: timedelta


BOUNDS = {
    ACCESS_TOKEN: Bounds(timedelta(minutes=1), MAX_SIGNED_LIFETIME),
    ID_TOKEN: Bounds(timedelta(minutes=1), MAX_SIGNED_LIFETIME),
    REFRESH_TOKEN_IDLE: Bounds(timedelta(minutes=5), timedelta(days=730)),
    REFRESH_TOKEN: Bounds(timedelta(minutes=5), timedelta(days=730)),
}
NAMES = tuple(BOUNDS)


def lifetime_of(details: Mapping[str, Any], settings: Settings, name: str) -> timedelta:
    """Return the lifetime of a client's token: the client's own value, or else the setting of that name."""
    seconds = details.get(name)
    default: timedelta = getattr(settings, name)
    return default if seconds is None else timedelta(seconds=seconds)


def parse_seconds(text: str) -> int:
    """Return the seconds of a duration such as 900, 15m, 1h30m or 14d; raises ValueError."""
    length: timedelta = parse_duration(text)
    return int(length.total_seconds())


def format_seconds(seconds: int) -> str:
    """Return a number of seconds in the largest unit that divides it, such as 15m."""
    return format_duration(timedelta(seconds=seconds))


def bounds_error(name: str, value: Any) -> str | None:
    """Return the error message for a value that is not allowed for the lifetime with that name, or None."""
    shortest, longest = BOUNDS[name]
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if is_number and shortest.total_seconds() <= value <= longest.total_seconds():
        return None
    limits = f"from {format_duration(shortest)} to {format_duration(longest)}"
    return f"Enter a lifetime {limits}, or leave the field empty to use the server's setting."

"""How long the tokens of one client last, where that differs from the settings (``Client.details``, in whole seconds).

Each name is that of the setting which counts where the client has no value of its own. A change counts for what is issued
from then on: the idle lifetime with the next refresh, the lifetime of a family with the next sign-in.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from authserver.setting_values import read_duration, write_duration
from authserver.settings import Settings

ACCESS_TOKEN = "access_token_lifetime"
ID_TOKEN = "id_token_lifetime"
REFRESH_TOKEN_IDLE = "refresh_token_idle_lifetime"
REFRESH_TOKEN = "refresh_token_lifetime"
LONGEST_SIGNED = timedelta(days=1)
"""No client's JWTs last longer, so that a key which signs no more is not published for ever."""


class Bounds(NamedTuple):
    """The shortest and the longest that a client can be given."""

    shortest: timedelta
    longest: timedelta


BOUNDS = {
    ACCESS_TOKEN: Bounds(timedelta(minutes=1), LONGEST_SIGNED),
    ID_TOKEN: Bounds(timedelta(minutes=1), LONGEST_SIGNED),
    REFRESH_TOKEN_IDLE: Bounds(timedelta(minutes=5), timedelta(days=730)),
    REFRESH_TOKEN: Bounds(timedelta(minutes=5), timedelta(days=730)),
}
NAMES = tuple(BOUNDS)


def lifetime_of(details: Mapping[str, Any], settings: Settings, name: str) -> timedelta:
    """Return how long a token of the client with these details lasts: its own value, else the setting of that name."""
    seconds = details.get(name)
    usual: timedelta = getattr(settings, name)
    return usual if seconds is None else timedelta(seconds=seconds)


def parse_seconds(text: str) -> int:
    """Return the seconds of a length that a person wrote: 900, 15m, 1h30m, 14d; raises ValueError."""
    length: timedelta = read_duration(text)
    return int(length.total_seconds())


def format_seconds(seconds: int) -> str:
    """Return a number of seconds as people write it, in the largest unit that fits: 15m."""
    return write_duration(timedelta(seconds=seconds))


def validation_errors(details: Mapping[str, Any]) -> dict[str, str]:
    """Return the sentence about each lifetime that no client can have."""
    given = {name: details[name] for name in NAMES if details.get(name) is not None}
    return {name: _sentence(BOUNDS[name]) for name, value in given.items() if not _fits(value, BOUNDS[name])}


def _fits(value: Any, bounds: Bounds) -> bool:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return is_number and bounds.shortest.total_seconds() <= value <= bounds.longest.total_seconds()


def _sentence(bounds: Bounds) -> str:
    shortest, longest = map(write_duration, bounds)
    return f"Enter a length from {shortest} to {longest}, or leave it empty for the server's own."

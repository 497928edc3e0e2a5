"""Lengths of time in words, in their largest unit: 3 minutes, 3 minutes ago, in 3 minutes.

Each unit has three sentences, because in many languages its name changes with the place: "3 Tage", but "vor 3 Tagen".
"""

from datetime import timedelta

from authserver.web.languages import say_number, to_say_number

_UNITS = (
    timedelta(days=365.25),
    timedelta(days=30.44),
    timedelta(days=1),
    timedelta(hours=1),
    timedelta(minutes=1),
    timedelta(seconds=1),
)
_LENGTHS = (
    to_say_number("%(number)s year", "%(number)s years"),
    to_say_number("%(number)s month", "%(number)s months"),
    to_say_number("%(number)s day", "%(number)s days"),
    to_say_number("%(number)s hour", "%(number)s hours"),
    to_say_number("%(number)s minute", "%(number)s minutes"),
    to_say_number("%(number)s second", "%(number)s seconds"),
)
_PAST = (
    to_say_number("%(number)s year ago", "%(number)s years ago"),
    to_say_number("%(number)s month ago", "%(number)s months ago"),
    to_say_number("%(number)s day ago", "%(number)s days ago"),
    to_say_number("%(number)s hour ago", "%(number)s hours ago"),
    to_say_number("%(number)s minute ago", "%(number)s minutes ago"),
    to_say_number("%(number)s second ago", "%(number)s seconds ago"),
)
_FUTURE = (
    to_say_number("in %(number)s year", "in %(number)s years"),
    to_say_number("in %(number)s month", "in %(number)s months"),
    to_say_number("in %(number)s day", "in %(number)s days"),
    to_say_number("in %(number)s hour", "in %(number)s hours"),
    to_say_number("in %(number)s minute", "in %(number)s minutes"),
    to_say_number("in %(number)s second", "in %(number)s seconds"),
)


def in_words(length: timedelta) -> str:
    """Return a length of time: 3 minutes."""
    return _words(_LENGTHS, length)


def since(length: timedelta) -> str:
    """Return what is so long ago: 3 minutes ago."""
    return _words(_PAST, length)


def until(length: timedelta) -> str:
    """Return what will be after this time: in 3 minutes."""
    return _words(_FUTURE, length)


def _words(sentences: tuple[tuple[str, str], ...], length: timedelta) -> str:
    unit = next((place for place, size in enumerate(_UNITS) if length >= size), len(_UNITS) - 1)
    one, many = sentences[unit]
    return say_number(one, many, max(1, int(length / _UNITS[unit])))

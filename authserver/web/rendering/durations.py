"""Lengths of time in words, in their largest unit: 3 minutes, 3 minutes ago, in 3 minutes.

Each unit has three sentences, because in many languages its name changes with the place: "3 Tage", but "vor 3 Tagen".
"""

from datetime import timedelta

from authserver.web.rendering.languages import ngettext, ngettext_noop

_UNITS = (
    timedelta(days=365.25),
    timedelta(days=30.44),
    timedelta(days=1),
    timedelta(hours=1),
    timedelta(minutes=1),
    timedelta(seconds=1),
)
_LENGTHS = (
    ngettext_noop("%(number)s year", "%(number)s years"),
    ngettext_noop("%(number)s month", "%(number)s months"),
    ngettext_noop("%(number)s day", "%(number)s days"),
    ngettext_noop("%(number)s hour", "%(number)s hours"),
    ngettext_noop("%(number)s minute", "%(number)s minutes"),
    ngettext_noop("%(number)s second", "%(number)s seconds"),
)
_PAST = (
    ngettext_noop("%(number)s year ago", "%(number)s years ago"),
    ngettext_noop("%(number)s month ago", "%(number)s months ago"),
    ngettext_noop("%(number)s day ago", "%(number)s days ago"),
    ngettext_noop("%(number)s hour ago", "%(number)s hours ago"),
    ngettext_noop("%(number)s minute ago", "%(number)s minutes ago"),
    ngettext_noop("%(number)s second ago", "%(number)s seconds ago"),
)
_FUTURE = (
    ngettext_noop("in %(number)s year", "in %(number)s years"),
    ngettext_noop("in %(number)s month", "in %(number)s months"),
    ngettext_noop("in %(number)s day", "in %(number)s days"),
    ngettext_noop("in %(number)s hour", "in %(number)s hours"),
    ngettext_noop("in %(number)s minute", "in %(number)s minutes"),
    ngettext_noop("in %(number)s second", "in %(number)s seconds"),
)


def format_duration(length: timedelta) -> str:
    """Return a length of time: 3 minutes."""
    return _words(_LENGTHS, length)


def format_since(length: timedelta) -> str:
    """Return what is so long ago: 3 minutes ago."""
    return _words(_PAST, length)


def format_until(length: timedelta) -> str:
    """Return what will be after this time: in 3 minutes."""
    return _words(_FUTURE, length)


def _words(sentences: tuple[tuple[str, str], ...], length: timedelta) -> str:
    unit = next((place for place, size in enumerate(_UNITS) if length >= size), len(_UNITS) - 1)
    one, many = sentences[unit]
    return ngettext(one, many, max(1, int(length / _UNITS[unit])))

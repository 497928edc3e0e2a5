"""Durations in their largest unit: 3 minutes, 3 minutes ago, in 3 minutes.

Each unit has three templates, because many languages inflect its name: "3 Tage", but "vor 3 Tagen".
"""

from datetime import timedelta

from flask_babel import ngettext

from authserver.messages import Message, plural_message

_UNITS = (
    timedelta(days=365.25),
    timedelta(days=30.44),
    timedelta(days=1),
    timedelta(hours=1),
    timedelta(minutes=1),
    timedelta(seconds=1),
)
_DURATIONS = (
    plural_message("%(num)s year", "%(num)s years", 1),
    plural_message("%(num)s month", "%(num)s months", 1),
    plural_message("%(num)s day", "%(num)s days", 1),
    plural_message("%(num)s hour", "%(num)s hours", 1),
    plural_message("%(num)s minute", "%(num)s minutes", 1),
    plural_message("%(num)s second", "%(num)s seconds", 1),
)
_PAST = (
    plural_message("%(num)s year ago", "%(num)s years ago", 1),
    plural_message("%(num)s month ago", "%(num)s months ago", 1),
    plural_message("%(num)s day ago", "%(num)s days ago", 1),
    plural_message("%(num)s hour ago", "%(num)s hours ago", 1),
    plural_message("%(num)s minute ago", "%(num)s minutes ago", 1),
    plural_message("%(num)s second ago", "%(num)s seconds ago", 1),
)
_FUTURE = (
    plural_message("in %(num)s year", "in %(num)s years", 1),
    plural_message("in %(num)s month", "in %(num)s months", 1),
    plural_message("in %(num)s day", "in %(num)s days", 1),
    plural_message("in %(num)s hour", "in %(num)s hours", 1),
    plural_message("in %(num)s minute", "in %(num)s minutes", 1),
    plural_message("in %(num)s second", "in %(num)s seconds", 1),
)


def format_duration(duration: timedelta) -> str:
    """Return a duration as text, such as "3 minutes"."""
    return _format(_DURATIONS, duration)


def format_since(duration: timedelta) -> str:
    """Return the time since a past event, such as "3 minutes ago"."""
    return _format(_PAST, duration)


def format_until(duration: timedelta) -> str:
    """Return the time until a future event, such as "in 3 minutes"."""
    return _format(_FUTURE, duration)


def _format(forms: tuple[Message, ...], duration: timedelta) -> str:
    index = next((index for index, unit in enumerate(_UNITS) if duration >= unit), len(_UNITS) - 1)
    form, count = forms[index], max(1, int(duration / _UNITS[index]))
    return ngettext(form.template, form.plural, count)

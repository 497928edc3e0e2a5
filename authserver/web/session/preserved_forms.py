"""Forms that outlive a sign-in: for whom a form was shown, and what was typed into it, sealed until it is sent again.

Every form of somebody who is signed in carries, beside its CSRF token, a mark that only we can make: who it was shown
to, and in which browser. A CSRF token dies when somebody arrives; the mark then still tells that the form is ours, so
that what was typed is kept for this person and nobody else. Where that is done is in ``guards``.
"""

import json
import re
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from flask import g, render_template, request
from werkzeug.exceptions import RequestEntityTooLarge

from authserver.errors import SettingsError
from authserver.web import current, local_urls
from authserver.web.session.browser_id import browser_id

FIELD = "shown_to"
# Compressed: it has to fit into the sign-in form, beside what encryption and encoding add.
_LARGEST = 32768
_SECRET = re.compile(r"password|^secret(_again)?$|^code$")
_COVER = "••••••••"
# What forms carry for themselves, and nobody types.
_OF_THE_PAGE = frozenset(
    {
        FIELD,
        "ask",
        "back",
        "confirmation",
        "epoch",
        "form_token",
        "interaction",
        "next",
        "proposal",
        "revision",
    }
    | {"seen", "token", "ui_locales"}
)


def mark() -> str:
    """Return the mark of this request's forms; nothing where nobody was found to be signed in."""
    found = g.get("_login_user")
    if found is None or not found.is_authenticated:
        return ""
    if "form_mark" not in g:
        # One for all forms of a page, so that it can be compressed away.
        g.form_mark = current.services().vault.seal(_marked(), str(found.user_id).encode())
    return str(g.form_mark)


def owner() -> int | None:
    """Return to whom the form of this request was shown in this browser; None without a mark of ours."""
    try:
        return int(current.services().vault.open(_marked(), request.form.get(FIELD, "")))
    except (SettingsError, ValueError):
        return None


def sent() -> dict[str, Any]:
    """Return the form of this request: its url, the page it stands on, and its fields."""
    fields = [pair for pair in request.form.items(multi=True) if pair[0] != "csrf_token"]
    return {"url": local_urls.current_url(), "page": local_urls.form_page_url(), "fields": fields}


def keep(user_id: int) -> str:
    """Return the form of this request, sealed for a person, so that it can be sent again after a sign-in."""
    text = zlib.compress(json.dumps(sent()).encode())
    if len(text) > _LARGEST:
        raise RequestEntityTooLarge
    return current.services().vault.seal(_purpose(user_id), text)


def find(user_id: int, sealed: str) -> dict[str, Any] | None:
    """Return a form that was kept for this person; None when it is not theirs."""
    try:
        text = zlib.decompress(current.services().vault.open(_purpose(user_id), sealed))
        kept: dict[str, Any] = json.loads(text)
    except (SettingsError, ValueError, zlib.error):
        return None
    return kept


def offer(kept: dict[str, Any], *, username: str = "") -> str:
    """Return the page on which a kept form is sent once more; ``username`` where no sign-in has led there."""
    page = kept.get("page", kept["url"])
    shown = _readable(kept["fields"])
    return render_template(
        "resume.html", url=kept["url"], page=page, fields=kept["fields"], shown=shown, username=username
    )


def _readable(fields: Iterable[Sequence[str]]) -> list[tuple[str, str]]:
    """Return what somebody typed or chose, as it may be read over their shoulder."""
    return [
        (name, _COVER if _SECRET.search(name) else value)
        for name, value in fields
        if value and name not in _OF_THE_PAGE
    ]


def _marked() -> str:
    return f"shown to:{browser_id()}"


def _purpose(user_id: int) -> str:
    return f"resume:{user_id}"

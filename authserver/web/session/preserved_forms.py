"""Preserves the input of a form whose CSRF token expired or whose user must sign in first.

In addition to the CSRF token, every form of a signed-in user contains a mark: the encrypted id of the user, bound to
the browser. The CSRF token expires with a sign-in, but the mark stays valid. The mark identifies the user, so that
nobody else gets the input back. The input is encrypted until it is submitted again. ``access`` uses this module.
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
from authserver.web.session.browser import browser_id

MARK_FIELD = "shown_to"
_MAX_BYTES = 32768  # compressed, so that the encrypted input fits into the sign-in form
_SECRET = re.compile(r"password|^secret(_again)?$|^code$")
_MASK = "••••••••"
_HIDDEN_FIELDS = frozenset(
    {
        MARK_FIELD,
        "ask",
        "back",
        "confirmation",
        "epoch",
        "form_token",
        "interaction",
        "next",
        "proposal",
        "revision",
        "seen",
        "shown",
        "token",
        "ui_locales",
    }
)


def form_mark() -> str:
    """Return the mark for the forms of this response, or "" if no user is signed in."""
    user = current.loaded_user()
    if user is None or not user.is_authenticated:
        return ""
    if "form_mark" not in g:
        # All forms of a page contain the same mark, so that it compresses well.
        g.form_mark = current.services().vault.seal(_mark_purpose(), str(user.user_id).encode())
    return str(g.form_mark)


def owner() -> int | None:
    """Return the id of the user for whom this request's form was rendered in this browser, or None."""
    try:
        return int(current.services().vault.open(_mark_purpose(), request.form.get(MARK_FIELD, "")))
    except (SettingsError, ValueError):
        return None


def submitted() -> dict[str, Any]:
    """Return the form of this request: its URL, the URL of its page, and its fields."""
    fields = [pair for pair in request.form.items(multi=True) if pair[0] != "csrf_token"]
    return {"url": local_urls.current_url(), "page": local_urls.form_page_url(), "fields": fields}


def keep(user_id: int) -> str:
    """Return the form of this request, encrypted for a user; raises RequestEntityTooLarge."""
    text = zlib.compress(json.dumps(submitted()).encode())
    if len(text) > _MAX_BYTES:
        raise RequestEntityTooLarge
    return current.services().vault.seal(_form_purpose(user_id), text)


def find(user_id: int, sealed: str) -> dict[str, Any] | None:
    """Return the form that was preserved for this user, or None."""
    try:
        text = zlib.decompress(current.services().vault.open(_form_purpose(user_id), sealed))
        form: dict[str, Any] = json.loads(text)
    except (SettingsError, ValueError, zlib.error):
        return None
    return form


def offer(form: dict[str, Any], *, username: str = "") -> str:
    """Return the page on which the user can submit the form again.

    Pass ``username`` if the user was already signed in, so that the page shows the name and asks for confirmation.
    """
    page = form.get("page", form["url"])
    shown = _visible_input(form["fields"])
    return render_template(
        "resume.html", url=form["url"], page=page, fields=form["fields"], shown=shown, username=username
    )


def _visible_input(fields: Iterable[Sequence[str]]) -> list[tuple[str, str]]:
    """Return what the user entered, with secrets masked."""
    return [
        (name, _MASK if _SECRET.search(name) else value)
        for name, value in fields
        if value and name not in _HIDDEN_FIELDS
    ]


def _mark_purpose() -> str:
    return f"shown to:{browser_id()}"


def _form_purpose(user_id: int) -> str:
    return f"resume:{user_id}"

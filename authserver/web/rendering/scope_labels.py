"""Descriptions of scopes, for the consent page and the list of applications."""

from collections.abc import Iterable
from typing import cast

from flask import g
from flask_babel import gettext

from authserver.domain import scopes
from authserver.messages import message
from authserver.vocabulary import ScopeName
from authserver.web import current
from authserver.web.rendering.languages import translate

_LABELS = {
    ScopeName.OPENID: message("Recognize you by a permanent identifier"),
    ScopeName.PROFILE: message("See your name and profile"),
    ScopeName.EMAIL: message("See your e-mail address"),
    ScopeName.ADDRESS: message("See your postal address"),
    ScopeName.PHONE: message("See your phone number"),
    ScopeName.GROUPS: message("See the groups that you belong to"),
    ScopeName.OFFLINE_ACCESS: message("Keep this access after you sign out"),
}


def label_of_scope(scope: str) -> str:
    """Return the description of a scope. Without a description, return a sentence with the name of the scope."""
    if scope in set(ScopeName):
        return translate(_LABELS.get(ScopeName(scope), ""))
    return _defined_labels().get(scope) or gettext("Use “%(scope)s” on your behalf", scope=scope)


def _defined_labels() -> dict[str, str]:
    if "scope_labels" not in g:
        g.scope_labels = scopes.scope_labels(current.transaction())
    return cast(dict[str, str], g.scope_labels)


def in_order(names: Iterable[str]) -> list[str]:
    """Return scopes sorted: the standard scopes first, then the administrators' scopes."""
    known = [str(scope) for scope in _LABELS]
    return sorted(names, key=lambda scope: (known.index(scope) if scope in known else len(known), scope))

"""What scopes mean to people, for the consent page and the list of authorised applications."""

from collections.abc import Iterable
from typing import cast

from flask import g
from flask_babel import gettext

from authserver.domain import scopes
from authserver.messages import message
from authserver.vocabulary import ScopeName
from authserver.web import current
from authserver.web.rendering.languages import translate

_WORDS = {
    ScopeName.OPENID: message("Recognize you by a permanent identifier"),
    ScopeName.PROFILE: message("See your name and profile"),
    ScopeName.EMAIL: message("See your e-mail address"),
    ScopeName.ADDRESS: message("See your postal address"),
    ScopeName.PHONE: message("See your phone number"),
    ScopeName.OFFLINE_ACCESS: message("Keep this access after you sign out"),
}


def labels_of_scopes(scope: str) -> str:
    """Return what a scope lets an application do; one that nobody has put into words is quoted."""
    if scope in set(ScopeName):
        return translate(_WORDS.get(ScopeName(scope), ""))
    return _own_words().get(scope) or gettext("Use “%(scope)s” on your behalf", scope=scope)


def _own_words() -> dict[str, str]:
    if "scope_words" not in g:
        g.scope_words = scopes.scope_labels(current.transaction())
    return cast(dict[str, str], g.scope_words)


def in_order(names: Iterable[str]) -> list[str]:
    """Return scopes from who somebody is to what may be done in their name, those of the administrators last."""
    known = [str(scope) for scope in _WORDS]
    return sorted(names, key=lambda scope: (known.index(scope) if scope in known else len(known), scope))

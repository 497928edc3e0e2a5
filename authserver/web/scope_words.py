"""What scopes mean to people, for the consent page and the list of authorised applications."""

from collections.abc import Iterable
from typing import cast

from flask import g

from authserver.domain import scopes
from authserver.terms import Scope
from authserver.web import door
from authserver.web.languages import say, to_say

_WORDS = {
    Scope.OPENID: to_say("Know who you are, by an identifier that stays the same"),
    Scope.PROFILE: to_say("See your name and the rest of your profile"),
    Scope.EMAIL: to_say("See your e-mail address"),
    Scope.ADDRESS: to_say("See your postal address"),
    Scope.PHONE: to_say("See your telephone number"),
    Scope.OFFLINE_ACCESS: to_say("Keep this access after you have signed out"),
}


def in_words(scope: str) -> str:
    """Return what a scope lets an application do; one that nobody has put into words is quoted."""
    if scope in set(Scope):
        return say(_WORDS.get(Scope(scope), ""))
    return _own_words().get(scope) or say("Use “%(scope)s” in your name", scope=scope)


def _own_words() -> dict[str, str]:
    if "scope_words" not in g:
        g.scope_words = scopes.words(door.session())
    return cast(dict[str, str], g.scope_words)


def in_order(names: Iterable[str]) -> list[str]:
    """Return scopes from who somebody is to what may be done in their name, those of the administrators last."""
    known = [str(scope) for scope in _WORDS]
    return sorted(names, key=lambda scope: (known.index(scope) if scope in known else len(known), scope))

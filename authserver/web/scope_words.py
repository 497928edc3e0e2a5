"""What scopes mean to people, for the consent page and the list of authorised applications."""

from collections.abc import Iterable

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
    own = door.services().policies.catalogue.current().words
    return own.get(scope) or say("Use “%(scope)s” in your name", scope=scope)


def in_order(scopes: Iterable[str]) -> list[str]:
    """Return scopes from who somebody is to what may be done in their name, those of the administrators last."""
    known = [str(scope) for scope in _WORDS]
    return sorted(scopes, key=lambda scope: (known.index(scope) if scope in known else len(known), scope))

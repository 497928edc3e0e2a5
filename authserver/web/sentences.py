"""The sentences that come from below the pages and are shown on them: listed for the catalogues, found again when shown.

Lower floors know no languages, and what they tell clients and logs stays English. A sentence that is not listed here is
shown as it is. %(places)s stand for what changes.
"""

import re
from functools import cache

from authserver import languages
from authserver.web.languages import say, spoken, to_say

FROM_BELOW = (
    # domain.sign_in
    to_say("The user name or the password is wrong."),
    to_say("This code is wrong, or was used already."),
    # domain.passwords, domain.users, domain.texts
    to_say("Choose a password of %(number)s characters or more."),
    to_say("Choose a password of at most %(number)s characters."),
    to_say("This password is among the first that an attacker tries. Choose another."),
    to_say("Enter the user name."),
    to_say("This user name is taken."),
    to_say("Enter an e-mail address like name@example.org."),
    # domain.setup
    to_say("This setup link is not one that this server printed. Copy it whole, from https to its end."),
    to_say("This setup link is too old. Start the server again: it prints a new one."),
    # domain.clients
    to_say("Somebody changed this client meanwhile. Look at it again before you decide."),
    # protocol.gate
    to_say("This client is waiting for an administrator's approval."),
    to_say("An administrator has disapproved this client."),
    to_say("The client was disapproved after this was issued."),
    to_say("The user's account is disabled."),
    to_say("The user's account was reset after this was issued."),
    to_say("The authorization was revoked."),
    to_say("The user has signed out."),
    to_say("The client is not registered for this grant type."),
    to_say("The client is not registered for this response type."),
    to_say("The client is not registered for a requested scope."),
    # protocol.messages
    to_say("The parameters are not percent-encoded UTF-8."),
    to_say("A request can have %(number)s parameters at most."),
    to_say("A parameter contains a NUL character or a lone surrogate."),
    # protocol.oauth2.authorization_request, protocol.oidc.end_session
    to_say("%(name)s is repeated."),
    to_say("client_id is missing."),
    to_say("No client is registered under this client_id."),
    to_say("redirect_uri is missing."),
    to_say("redirect_uri is not registered for this client."),
    to_say("client_id is not the client to which the ID token was issued."),
    to_say("id_token_hint is not an ID token of this server."),
    to_say("The address to return to is not registered for the application."),
    # protocol.oauth1.authorization
    to_say("This sign-in is unknown; start it again in the application."),
    to_say("This sign-in was finished already, or took too long."),
    to_say("This sign-in was finished in another tab."),
    to_say("This consumer may not use OAuth Core 1.0."),
    to_say("The callback is not registered for this consumer."),
    # domain.redirect_uris, each behind the URI that it is about
    to_say("A redirect URI can have %(number)s characters at most."),
    to_say("A redirect URI has only the characters of a URI; write others percent-encoded."),
    to_say("This is not a URI: its host or port cannot be read."),
    to_say("The scheme is missing; a redirect URI begins like https://app.example.org/."),
    to_say("The scheme %(scheme)s: cannot receive a sign-in safely."),
    to_say("A private-use scheme contains a dot, such as com.example.app:/callback."),
    to_say("The host is missing; a redirect URI begins like https://app.example.org/."),
    to_say("A wildcard would let anybody receive the sign-in; register each URI by itself."),
    to_say("http:// is accepted on 127.0.0.1, [::1] and localhost only; use https://."),
    to_say("A redirect URI has no fragment (the part from # on)."),
    to_say("A redirect URI carries no user name or password."),
    to_say("This looks copied from a finished sign-in: it carries %(parameter)s=."),
    to_say("A redirect URI has no . or .. in its path."),
    to_say("this URI is in the list twice."),
    to_say("A client can have %(number)s redirect URIs at most."),
)
_PLACE = re.compile(r"%\\\((\w+)\\\)s")


def in_words(sentence: str) -> str:
    """Return a sentence from below, or one that is translated already, in the language of this request."""
    if spoken() == languages.SOURCE:
        return sentence
    subject, colon, rest = sentence.partition(": ")
    return _listed(sentence) or (colon and (told := _listed(rest)) and f"{subject}: {told}") or sentence


def _listed(sentence: str) -> str:
    """Return the translation, empty where there is none."""
    if (translated := say(sentence)) != sentence:
        return translated
    for listed, pattern in _patterns():
        if match := pattern.fullmatch(sentence):
            return say(listed, **match.groupdict())
    return ""


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    with_places = (listed for listed in FROM_BELOW if "%(" in listed)
    return tuple((listed, re.compile(_PLACE.sub(r"(?P<\1>.+)", re.escape(listed)))) for listed in with_places)

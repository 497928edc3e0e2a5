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
    to_say("The %(label)s can have %(number)s characters at most."),
    to_say("The %(label)s contains characters that cannot be stored."),
    to_say("The %(label)s contains a character that cannot be seen or turns text round (%(code)s)."),
    to_say("The %(label)s has nothing in it that can be seen."),
    # domain.profiles
    to_say("The %(label)s is text of %(number)s letters at most."),
    to_say("Enter an address that begins with https://."),
    to_say("Enter a date like 1990-12-31, 0000-12-31 without the year, or the year alone."),
    to_say("Enter a date like 1990-12-31."),
    to_say("Enter a time zone like Europe/Berlin."),
    to_say("Enter a language like en-GB."),
    to_say("Enter a number like +49 30 1234567, with the country's code."),
    # domain.second_factors
    to_say("This is not the code that the app shows now. Check the clock of your telephone."),
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
    to_say("The application did not say which one it is, so that the way back to it is unknown."),
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
    # domain.audit, on the page of a person's own activity
    to_say("The first administrator was created."),
    to_say("An account was created."),
    to_say("An account was edited."),
    to_say("A permission was given or taken."),
    to_say("An account was disabled."),
    to_say("An account was enabled again."),
    to_say("A password was changed."),
    to_say("An authenticator app was set up."),
    to_say("An authenticator app and its recovery codes were removed."),
    to_say("Recovery codes were replaced."),
    to_say("Someone signed in."),
    to_say("A sign-in was refused."),
    to_say("Someone signed out, or a session was ended."),
    to_say("A client was created."),
    to_say("A client was edited."),
    to_say("A client was approved."),
    to_say("A client was disapproved."),
    to_say("A client was removed for good."),
    to_say("A client asked for a change of its registration."),
    to_say("A change that a client asked for was approved."),
    to_say("A change that a client asked for was discarded."),
    to_say("A client got a new secret."),
    to_say("A secret of a client was removed."),
    to_say("A user let a client use their account, or a client acted for itself."),
    to_say("An authorization and its tokens were revoked."),
    to_say("A user removed an application's access."),
    to_say("A scope was defined."),
    to_say("A scope was changed."),
    to_say("A scope was removed."),
    to_say("A signing key was created."),
    to_say("The signing keys were rotated."),
    to_say("A signing key was removed."),
)
LABELS = (
    # domain.users, domain.profiles: what a %(label)s stands for, and what fields are called
    to_say("user name"),
    to_say("name"),
    to_say("e-mail address"),
    to_say("given name"),
    to_say("family name"),
    to_say("middle name"),
    to_say("nickname"),
    to_say("profile page"),
    to_say("picture address"),
    to_say("website"),
    to_say("gender"),
    to_say("birthdate"),
    to_say("time zone"),
    to_say("language"),
    to_say("telephone number"),
    to_say("formatted"),
    to_say("street address"),
    to_say("locality"),
    to_say("region"),
    to_say("postal code"),
    to_say("country"),
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
            return say(listed, **_spoken(match.groupdict()))
    return ""


def _spoken(places: dict[str, str]) -> dict[str, str]:
    # Whatever else is filled in is a name or a number, even where it looks like a sentence of ours.
    return {place: say(text) if place == "label" else text for place, text in places.items()}


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    with_places = (listed for listed in FROM_BELOW if "%(" in listed)
    return tuple((listed, re.compile(_PLACE.sub(r"(?P<\1>.+)", re.escape(listed)))) for listed in with_places)

"""The sentences that come from below the pages and are shown on them: listed for the catalogues, found again when shown.

Lower floors know no languages, and what they tell clients and logs stays English. A sentence that is not listed here is
shown as it is. %(places)s stand for what changes.
"""

import re
from functools import cache

from authserver import languages
from authserver.web.rendering.languages import current_language, gettext, gettext_noop

FROM_BELOW = (
    # domain.sign_in
    gettext_noop("The user name or the password is wrong."),
    gettext_noop("This code is wrong, or was used already."),
    # domain.passwords, domain.users, domain.texts
    gettext_noop("Choose a password of %(number)s characters or more."),
    gettext_noop("Choose a password of at most %(number)s characters."),
    gettext_noop("This password is among the first that an attacker tries. Choose another."),
    gettext_noop("Enter the user name."),
    gettext_noop("This user name is taken."),
    gettext_noop("Enter an e-mail address like name@example.org."),
    gettext_noop("The %(label)s can have %(number)s characters at most."),
    gettext_noop("The %(label)s contains characters that cannot be stored."),
    gettext_noop("The %(label)s contains a character that cannot be seen or turns text round (%(code)s)."),
    gettext_noop("The %(label)s has nothing in it that can be seen."),
    # domain.profiles
    gettext_noop("The %(label)s is text of %(number)s letters at most."),
    gettext_noop("Enter an address that begins with https://."),
    gettext_noop("Enter a date like 1990-12-31, 0000-12-31 without the year, or the year alone."),
    gettext_noop("Enter a date like 1990-12-31."),
    gettext_noop("Enter a time zone like Europe/Berlin."),
    gettext_noop("Enter a language like en-GB."),
    gettext_noop("Enter a number like +49 30 1234567, with the country's code."),
    # domain.second_factors
    gettext_noop("This is not the code that the app shows now. Check the clock of your telephone."),
    # domain.setup
    gettext_noop(
        "This setup link is not one that this server printed. Copy it whole, from https to its end."
    ),
    gettext_noop("This setup link is too old. Start the server again: it prints a new one."),
    # domain.clients
    gettext_noop("Somebody changed this client meanwhile. Look at it again before you decide."),
    # protocol.gate
    gettext_noop("This client is waiting for an administrator's approval."),
    gettext_noop("An administrator has disapproved this client."),
    gettext_noop("The client was disapproved after this was issued."),
    gettext_noop("The user's account is disabled."),
    gettext_noop("The user's account was reset after this was issued."),
    gettext_noop("The authorization was revoked."),
    gettext_noop("The user has signed out."),
    gettext_noop("The client is not registered for this grant type."),
    gettext_noop("The client is not registered for this response type."),
    gettext_noop("The client is not registered for a requested scope."),
    # protocol.messages
    gettext_noop("The parameters are not percent-encoded UTF-8."),
    gettext_noop("A request can have %(number)s parameters at most."),
    gettext_noop("A parameter contains a NUL character or a lone surrogate."),
    # protocol.oauth2.authorization_request, protocol.oidc.end_session
    gettext_noop("%(name)s is repeated."),
    gettext_noop("client_id is missing."),
    gettext_noop("No client is registered under this client_id."),
    gettext_noop("redirect_uri is missing."),
    gettext_noop("redirect_uri is not registered for this client."),
    gettext_noop("client_id is not the client to which the ID token was issued."),
    gettext_noop("id_token_hint is not an ID token of this server."),
    gettext_noop("The address to return to is not registered for the application."),
    gettext_noop("The application did not say which one it is, so that the way back to it is unknown."),
    # protocol.oauth1.authorization
    gettext_noop("This sign-in is unknown; start it again in the application."),
    gettext_noop("This sign-in was finished already, or took too long."),
    gettext_noop("This sign-in was finished in another tab."),
    gettext_noop("This consumer may not use OAuth Core 1.0."),
    gettext_noop("The callback is not registered for this consumer."),
    # domain.redirect_uris, each behind the URI that it is about
    gettext_noop("A redirect URI can have %(number)s characters at most."),
    gettext_noop("A redirect URI has only the characters of a URI; write others percent-encoded."),
    gettext_noop("This is not a URI: its host or port cannot be read."),
    gettext_noop("The scheme is missing; a redirect URI begins like https://app.example.org/."),
    gettext_noop("The scheme %(scheme)s: cannot receive a sign-in safely."),
    gettext_noop("A private-use scheme contains a dot, such as com.example.app:/callback."),
    gettext_noop("The host is missing; a redirect URI begins like https://app.example.org/."),
    gettext_noop("A wildcard would let anybody receive the sign-in; register each URI by itself."),
    gettext_noop("http:// is accepted on 127.0.0.1, [::1] and localhost only; use https://."),
    gettext_noop("A redirect URI has no fragment (the part from # on)."),
    gettext_noop("A redirect URI carries no user name or password."),
    gettext_noop("This looks copied from a finished sign-in: it carries %(parameter)s=."),
    gettext_noop("A redirect URI has no . or .. in its path."),
    gettext_noop("this URI is in the list twice."),
    gettext_noop("A client can have %(number)s redirect URIs at most."),
    # domain.audit, on the page of a person's own activity
    gettext_noop("The first administrator was created."),
    gettext_noop("An account was created."),
    gettext_noop("An account was edited."),
    gettext_noop("A permission was given or taken."),
    gettext_noop("An account was disabled."),
    gettext_noop("An account was enabled again."),
    gettext_noop("A password was changed."),
    gettext_noop("An authenticator app was set up."),
    gettext_noop("An authenticator app and its recovery codes were removed."),
    gettext_noop("Recovery codes were replaced."),
    gettext_noop("Someone signed in."),
    gettext_noop("A sign-in was refused."),
    gettext_noop("Someone signed out, or a session was ended."),
    gettext_noop("A client was created."),
    gettext_noop("A client was edited."),
    gettext_noop("A client was approved."),
    gettext_noop("A client was disapproved."),
    gettext_noop("A client was removed for good."),
    gettext_noop("A client asked for a change of its registration."),
    gettext_noop("A change that a client asked for was approved."),
    gettext_noop("A change that a client asked for was discarded."),
    gettext_noop("A client got a new secret."),
    gettext_noop("A secret of a client was removed."),
    gettext_noop("A user let a client use their account, or a client acted for itself."),
    gettext_noop("An authorization and its tokens were revoked."),
    gettext_noop("A user removed an application's access."),
    gettext_noop("A scope was defined."),
    gettext_noop("A scope was changed."),
    gettext_noop("A scope was removed."),
    gettext_noop("A signing key was created."),
    gettext_noop("The signing keys were rotated."),
    gettext_noop("A signing key was removed."),
)
LABELS = (
    # domain.users, domain.profiles: what a %(label)s stands for, and what fields are called
    gettext_noop("user name"),
    gettext_noop("name"),
    gettext_noop("e-mail address"),
    gettext_noop("given name"),
    gettext_noop("family name"),
    gettext_noop("middle name"),
    gettext_noop("nickname"),
    gettext_noop("profile page"),
    gettext_noop("picture address"),
    gettext_noop("website"),
    gettext_noop("gender"),
    gettext_noop("birthdate"),
    gettext_noop("time zone"),
    gettext_noop("language"),
    gettext_noop("telephone number"),
    gettext_noop("formatted"),
    gettext_noop("street address"),
    gettext_noop("locality"),
    gettext_noop("region"),
    gettext_noop("postal code"),
    gettext_noop("country"),
)
_PLACE = re.compile(r"%\\\((\w+)\\\)s")


def translate_sentence(sentence: str) -> str:
    """Return a sentence from below, or one that is translated already, in the language of this request."""
    if current_language() == languages.SOURCE:
        return sentence
    subject, colon, rest = sentence.partition(": ")
    return _listed(sentence) or (colon and (told := _listed(rest)) and f"{subject}: {told}") or sentence


def _listed(sentence: str) -> str:
    """Return the translation, empty where there is none."""
    if (translated := gettext(sentence)) != sentence:
        return translated
    for listed, pattern in _patterns():
        if match := pattern.fullmatch(sentence):
            return gettext(listed, **_spoken(match.groupdict()))
    return ""


def _spoken(places: dict[str, str]) -> dict[str, str]:
    # Whatever else is filled in is a name or a number, even where it looks like a sentence of ours.
    return {place: gettext(text) if place == "label" else text for place, text in places.items()}


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    with_places = (listed for listed in FROM_BELOW if "%(" in listed)
    return tuple((listed, re.compile(_PLACE.sub(r"(?P<\1>.+)", re.escape(listed)))) for listed in with_places)

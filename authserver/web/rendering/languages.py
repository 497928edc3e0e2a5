"""The language of a page: which one it is, and its words.

What the application asked for comes first (``ui_locales``), then what the browser prefers, then English. The wish of an
application is carried by the addresses and forms of its detour and by nothing else, so that it ends with the detour.

English stands in the code and in the templates. In code, ``say`` translates now, and ``to_say`` marks a sentence that is
translated where it is shown; ``sentences`` lists those that come from lower floors. What machines read is never
translated.
"""

from functools import cache
from gettext import GNUTranslations, NullTranslations
from typing import Any

from flask import Flask, Response, g, has_request_context, request
from werkzeug.exceptions import HTTPException

from authserver import languages

PARAMETER = "ui_locales"
_ENGLISH_WINGS = {"admin"}
_CARRYING_WINGS = {"frontchannel", "account"}
_ASKED = "asked_language"


def install(app: Flask) -> None:
    """Let templates speak, and tell browsers which language they got."""
    environment = app.jinja_env
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(_gettext, _ngettext, newstyle=True, pgettext=_pgettext)  # type: ignore[attr-defined]
    environment.globals |= {"language": current_language, "asked_language": requested_language}
    app.url_defaults(_carry)
    app.after_request(_tell)


def current_language() -> str:
    """Return the language of this request's pages; the console speaks English."""
    if not has_request_context() or request.blueprint in _ENGLISH_WINGS:
        return languages.SOURCE
    return requested_language() or _preferred()


def requested_language() -> str | None:
    """Return the language that the application asked for, if it is one of ours."""
    if not has_request_context():
        return None
    if _ASKED not in g:
        setattr(g, _ASKED, languages.requested_language(_carried()))
    return g.get(_ASKED)


def choose_language(ui_locales: str | None) -> None:
    """Follow a request whose parameters did not come in the address, from here on."""
    wanted = languages.requested_language(ui_locales or "")
    if wanted is not None:
        setattr(g, _ASKED, wanted)


def gettext(message: str, **values: object) -> str:
    """Return a sentence in the language of this request, its %(places)s filled in."""
    return _gettext(message) % values if values else _gettext(message)


def ngettext(one: str, many: str, number: int) -> str:
    """Return a sentence about a %(number)s of things."""
    return _ngettext(one, many, number) % {"number": number}


def gettext_noop(message: str) -> str:
    """Mark a sentence for the catalogues; ``say`` translates it where it is shown."""
    return message


def ngettext_noop(one: str, many: str) -> tuple[str, str]:
    """Mark a sentence about a %(number)s of things for the catalogues, for ``say_number``."""
    return one, many


def _carry(endpoint: str, values: dict[str, Any]) -> None:
    """Put the application's wish into every address of its detour; forms have it beside their CSRF token."""
    if endpoint.partition(".")[0] in _CARRYING_WINGS and (wanted := requested_language()):
        values.setdefault(PARAMETER, wanted)


def _carried() -> str:
    named = request.args.get(PARAMETER)
    if named is None and request.method == "POST":
        try:
            named = request.form.get(PARAMETER)
        except HTTPException:
            return ""  # The form is too large to be read, and the page that says so is being made.
    return named or ""


def _preferred() -> str:
    if "preferred_language" not in g:
        wishes = (tag for tag, quality in request.accept_languages if quality > 0)
        g.preferred_language = languages.first_supported(wishes) or languages.SOURCE
    return str(g.preferred_language)


def _gettext(message: str) -> str:
    # Under the empty message a catalogue keeps its own head.
    return _catalogue(current_language()).gettext(message) if message else ""


def _pgettext(meaning: str, message: str) -> str:
    return _catalogue(current_language()).pgettext(meaning, message)


def _ngettext(one: str, many: str, number: int) -> str:
    return _catalogue(current_language()).ngettext(one, many, number)


@cache
def _catalogue(language: str) -> NullTranslations:
    """Return the words of a language, read from its file once in a process."""
    if language == languages.SOURCE:
        return NullTranslations()
    with languages.compiled(language).open("rb") as file:
        return GNUTranslations(file)


def _tell(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.headers["Content-Language"] = current_language()
        response.vary.add("Accept-Language")
    return response

"""Chooses the language of a page, and translates messages.

The application's choice (``ui_locales``) comes first, then the browser's preference, then English. The application's
choice is part of the URLs and forms of one sign-in, so that it does not affect other pages.

Python code and templates are written in English. Python code calls Flask-Babel's ``gettext`` for text that is used at
once, and ``messages.message`` for text that is shown later. Responses of machine endpoints are never translated.
"""

from typing import Any

import flask_babel
from babel import Locale
from flask import Flask, Response, g, has_request_context, request
from flask_babel import Babel, gettext, ngettext
from werkzeug.exceptions import HTTPException

from authserver import languages
from authserver.messages import Message

PARAMETER = "ui_locales"
_ENGLISH_BLUEPRINTS = {"admin"}
_LOCALIZED_BLUEPRINTS = {"frontchannel", "account"}
_REQUESTED = "requested_language"


def install(app: Flask) -> None:
    """Translate templates and messages, and send the language of each page to the browser."""
    Babel(
        app,
        default_locale=languages.SOURCE,
        default_translation_directories=str(languages.CATALOGS),
        locale_selector=lambda: Locale.parse(current_language(), sep="-"),
    )
    environment = app.jinja_env
    environment.policies["ext.i18n.trimmed"] = True
    environment.finalize = _finalize
    environment.globals |= {"language": current_language, "requested_language": requested_language}
    app.url_defaults(_add_to_url)
    app.after_request(_add_headers)


def current_language() -> str:
    """Return the language of this request's pages; the console is in English."""
    if not has_request_context() or request.blueprint in _ENGLISH_BLUEPRINTS:
        return languages.SOURCE
    return requested_language() or _preferred()


def requested_language() -> str | None:
    """Return the supported language that the application requested, or None."""
    if not has_request_context():
        return None
    if _REQUESTED not in g:
        setattr(g, _REQUESTED, languages.requested_language(_ui_locales()))
    return g.get(_REQUESTED)


def choose_language(ui_locales: str | None) -> None:
    """Use the language in ``ui_locales`` for the rest of this request.

    Views of the authorization endpoint call this, because the parameter may be in the stored request, not in the URL.
    """
    wanted = languages.requested_language(ui_locales or "")
    if wanted is not None:
        setattr(g, _REQUESTED, wanted)
        flask_babel.refresh()


def translate(text: str) -> str:
    """Return a message in the language of this request; a plain ``str`` is returned unchanged."""
    if not isinstance(text, Message):
        return text
    values = {
        name: translate(value) if isinstance(value, str) else value for name, value in text.values.items()
    }
    if text.plural is None:
        return gettext(text.template, **values)
    return ngettext(text.template, text.plural, **values)


def _finalize(value: Any) -> Any:
    # Jinja calls this function for every value that a template prints, so templates need not translate messages.
    return translate(value) if isinstance(value, Message) else value


def _add_to_url(endpoint: str, values: dict[str, Any]) -> None:
    """Add the application's choice to the URLs of a sign-in. Forms contain it in a hidden field."""
    if endpoint.partition(".")[0] in _LOCALIZED_BLUEPRINTS and (wanted := requested_language()):
        values.setdefault(PARAMETER, wanted)


def _ui_locales() -> str:
    named = request.args.get(PARAMETER)
    if named is None and request.method == "POST":
        try:
            named = request.form.get(PARAMETER)
        except HTTPException:
            # The form is too large to be parsed, and Flask is rendering the error page that reports this.
            return ""
    return named or ""


def _preferred() -> str:
    if "preferred_language" not in g:
        preferences = (tag for tag, quality in request.accept_languages if quality > 0)
        g.preferred_language = languages.first_supported(preferences) or languages.SOURCE
    return str(g.preferred_language)


def _add_headers(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.headers["Content-Language"] = current_language()
        response.vary.add("Accept-Language")
    return response

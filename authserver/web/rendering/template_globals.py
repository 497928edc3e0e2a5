"""What every template can use: addresses of assets, icons, the theme, tokens, and times that people can read.

The error pages are in ``mistakes``, the headers around a page in ``headers``, its language in ``languages``.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import Flask, request
from flask_babel import gettext
from flask_login import LoginManager
from jinja2 import StrictUndefined
from markupsafe import Markup

from authserver import clock
from authserver.vocabulary import Acr
from authserver.web import current, local_urls
from authserver.web.rendering import assets, durations, headers, languages, scope_labels
from authserver.web.rendering.assets import Assets
from authserver.web.session import preserved_forms

THEME_COOKIE = "authserver_theme"
THEMES = ("light", "dark", "auto")
_JUST_NOW = timedelta(seconds=10)


def install(app: Flask) -> None:
    """Set the templates up; a name that a view forgot is an error, not an empty place."""
    _keep_flask_login_out(app)
    static = assets.install(app)
    environment = app.jinja_env
    environment.undefined = StrictUndefined
    environment.trim_blocks = environment.lstrip_blocks = True
    languages.install(app)
    environment.globals |= {
        "asset_url": static.url,
        "at": at,
        "form_mark": preserved_forms.mark,
        "here": local_urls.current_url,
        "icon": _icons(static),
        "csp_nonce": headers.nonce,
        "theme": theme,
        "signed_in": current.current_session,
        "product_name": app.extensions["authserver"].settings.product_name,
    }
    environment.filters |= {
        "acr_words": acr_words,
        "ago": ago,
        "bdi": isolated,
        "bdi_ltr": Markup('<bdi dir="ltr">{}</bdi>').format,
        "instant": instant,
        "origin": origin,
        "scope_words": scope_labels.labels_of_scopes,
        "strong": Markup("<strong>{}</strong>").format,
    }


def isolated(name: str) -> Markup:
    """Return a name so that its direction of writing changes nothing around it."""
    return Markup("<bdi>{}</bdi>").format(name)


def at(path: str) -> str:
    """Return a path below the public URL as this site's browsers ask for it."""
    return f"{request.script_root}{path}"


def theme() -> str:
    """Return the colours that the person chose: light, dark or auto."""
    chosen = request.cookies.get(current.cookie_name(THEME_COOKIE), "auto")
    return chosen if chosen in THEMES else "auto"


def ago(at: datetime | None) -> Markup:
    """Return an instant as people say it, with the exact time for those who hover or listen."""
    if at is None:
        return Markup.escape(gettext("never"))
    distance = clock.now() - at
    if abs(distance) < _JUST_NOW:
        words = gettext("just now")
    else:
        words = (
            durations.format_until(-distance) if distance < timedelta(0) else durations.format_since(distance)
        )
    return _time(at, words)


def instant(at: datetime | None) -> Markup:
    """Return an instant as a date and time of day, the same in every country."""
    return Markup.escape(gettext("never")) if at is None else _time(at, f"{at:%Y-%m-%d %H:%M}")


def acr_words(acr: str) -> str:
    """Return how somebody signed in, for the lists of sessions."""
    return gettext("with password and code") if acr == Acr.MULTI_FACTOR else gettext("with password")


def origin(uri: str) -> str:
    """Return the part of a redirect URI by which people know where they are being sent."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def seconds_in_words(seconds: int) -> str:
    """Return a waiting time, rounded up: 40 seconds, 3 minutes."""
    return durations.format_duration(
        timedelta(seconds=seconds) if seconds < 60 else timedelta(minutes=-(-seconds // 60))
    )


def wait_then_try_again(seconds: int) -> str:
    """Return the advice for those who tried too often."""
    return gettext("Wait %(time)s, then try again.", time=seconds_in_words(seconds))


def too_many_attempts(seconds: int) -> str:
    """Return what a form says when it was sent too often."""
    return gettext("Too many attempts. Wait %(time)s, then try again.", time=seconds_in_words(seconds))


def _time(at: datetime, words: str) -> Markup:
    template = Markup('<time datetime="{}" title="{}">{}</time>')
    return template.format(at.isoformat(timespec="seconds"), f"{at:%Y-%m-%d %H:%M:%S} UTC", words)


def _icons(static: Assets) -> Callable[[str], Markup]:
    template = Markup('<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>')

    def icon(name: str) -> Markup:
        """Draw an icon of the sprite beside a word; it says nothing to those who listen."""
        return template.format(static.url(assets.SPRITE), name)

    return icon


def _keep_flask_login_out(app: Flask) -> None:
    """Undo what Flask-Login adds to every page beside the person behind the request.

    It would look that person up for every template, error pages included, write into the browser's cookie to guard
    sessions that live on the server here, and set a cookie of its own to remember people.
    """
    app.config["SESSION_PROTECTION"] = None
    processors = app.template_context_processors[None]
    processors[:] = [found for found in processors if found.__module__ != "flask_login.utils"]
    manager: LoginManager | None = getattr(app, "login_manager", None)
    after = app.after_request_funcs.get(None, [])
    after[:] = [
        found for found in after if getattr(found, "__self__", None) is not manager or manager is None
    ]

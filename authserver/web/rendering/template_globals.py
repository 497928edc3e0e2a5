"""The globals and filters of the templates: asset URLs, icons, the theme, times and texts."""

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import Flask, request
from flask_babel import gettext
from jinja2 import StrictUndefined
from markupsafe import Markup

from authserver import clock
from authserver.vocabulary import Acr
from authserver.web import current, local_urls
from authserver.web.rendering import assets, durations, headers, languages, scope_labels
from authserver.web.rendering.assets import Assets

THEME_COOKIE = "authserver_theme"
THEMES = ("light", "dark", "auto")
_JUST_NOW = timedelta(seconds=10)


def install(app: Flask) -> None:
    """Set up the templates; an undefined name is an error."""
    static = assets.install(app)
    environment = app.jinja_env
    environment.undefined = StrictUndefined
    environment.trim_blocks = environment.lstrip_blocks = True
    languages.install(app)
    environment.globals |= {
        "asset_url": static.url,
        "local_url": local_url,
        "current_url": local_urls.current_url,
        "icon": _icons(static),
        "csp_nonce": headers.nonce,
        "theme": theme,
        "signed_in": current.current_session,
        "product_name": app.extensions["authserver"].settings.product_name,
    }
    environment.filters |= {
        "acr_label": acr_label,
        "ago": ago,
        "bdi": isolated,
        "bdi_ltr": Markup('<bdi dir="ltr">{}</bdi>').format,
        "instant": instant,
        "origin": origin,
        "scope_label": scope_labels.label_of_scope,
        "code": Markup("<code>{}</code>").format,
        "strong": Markup("<strong>{}</strong>").format,
    }


def isolated(name: str) -> Markup:
    """Return a name in a ``bdi`` element, so that right-to-left names do not reorder the text around them."""
    return Markup("<bdi>{}</bdi>").format(name)


def local_url(path: str) -> str:
    """Return the URL of a path below the public URL."""
    return f"{request.script_root}{path}"


def theme() -> str:
    """Return the theme that the user chose: light, dark or auto."""
    chosen = request.cookies.get(current.cookie_name(THEME_COOKIE), "auto")
    return chosen if chosen in THEMES else "auto"


def ago(at: datetime | None) -> Markup:
    """Return a time relative to now, with the exact time in attributes."""
    if at is None:
        return Markup.escape(gettext("never"))
    distance = clock.now() - at
    if abs(distance) < _JUST_NOW:
        text = gettext("just now")
    else:
        text = (
            durations.format_until(-distance) if distance < timedelta(0) else durations.format_since(distance)
        )
    return _time(at, text)


def instant(at: datetime | None) -> Markup:
    """Return a time as an ISO date and time of day."""
    return Markup.escape(gettext("never")) if at is None else _time(at, f"{at:%Y-%m-%d %H:%M}")


def acr_label(acr: str) -> str:
    """Return how the user signed in."""
    return gettext("with password and code") if acr == Acr.MULTI_FACTOR else gettext("with password")


def origin(uri: str) -> str:
    """Return the origin of a redirect URI, or the scheme of one without a host."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def format_wait(seconds: int) -> str:
    """Return a time to wait, rounded up: 40 seconds, 3 minutes."""
    return durations.format_duration(
        timedelta(seconds=seconds) if seconds < 60 else timedelta(minutes=-(-seconds // 60))
    )


def wait_then_try_again(seconds: int) -> str:
    """Return the advice after too many attempts."""
    return gettext("Wait %(time)s, then try again.", time=format_wait(seconds))


def too_many_attempts(seconds: int) -> str:
    """Return the error of a form after too many attempts."""
    return gettext("Too many attempts. Wait %(time)s, then try again.", time=format_wait(seconds))


def _time(at: datetime, text: str) -> Markup:
    template = Markup('<time datetime="{}" title="{}">{}</time>')
    return template.format(at.isoformat(timespec="seconds"), f"{at:%Y-%m-%d %H:%M:%S} UTC", text)


def _icons(static: Assets) -> Callable[[str], Markup]:
    template = Markup('<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>')

    def icon(name: str) -> Markup:
        """Return an icon of the sprite, hidden from screen readers."""
        return template.format(static.url(assets.SPRITE), name)

    return icon

"""The color theme, stored per browser."""

from datetime import timedelta

from flask import make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from authserver.web import current, local_urls
from authserver.web.account.blueprint import account
from authserver.web.rendering import template_globals

_LIFETIME = timedelta(days=400)


@account.post("/theme")
def choose_theme() -> ResponseReturnValue:
    """Store the theme in a cookie."""
    response = make_response(
        redirect(local_urls.safe_local_url(request.form.get("next")) or url_for("account.profile"), 303)
    )
    chosen = request.form.get("theme", "")
    if chosen in template_globals.THEMES:
        current.set_cookie(
            response, template_globals.THEME_COOKIE, chosen, max_age=int(_LIFETIME.total_seconds())
        )
    return response

"""URLs of this site. Redirect targets from forms and links are accepted only within the site (no open redirect)."""

import re
from urllib.parse import quote

from flask import current_app, request

from authserver.web import current

_MAX_LENGTH = 4000
_UNSAFE = re.compile(r"[^\x21-\x7e]|\\|^//|/\.\.?(/|\?|#|$)|/(\.|%2e)(\.|%2e)?(/|\?|#|$)", re.IGNORECASE)


def current_url() -> str:
    """Return the path and query of this request."""
    path = _quoted(request.path)
    query = quote(request.query_string, safe="%/:?@!$&'()*+,;=~[]")
    return f"{path}?{query}" if query else path


def form_page_url() -> str:
    """Return the URL of the page that contains this request's form."""
    pages, path = current_app.create_url_adapter(request), request.path
    if request.method != "POST" or pages is None or pages.test(path, "GET"):
        return current_url()
    named = safe_local_url(request.form.get("next"))
    if named is not None:
        return named
    # If an action has no page, its path is below the path of the page that contains its form: /account/sessions/7/end.
    while path and not pages.test(path, "GET"):
        path = path.rpartition("/")[0]
    return _quoted(path or "/")


def safe_local_url(wanted: str | None) -> str | None:
    """Return the URL if it is a path below the public URL, None for anything that may lead elsewhere."""
    base = current.services().settings.base_path
    if not wanted or len(wanted) > _MAX_LENGTH or not wanted.startswith("/") or _UNSAFE.search(wanted):
        return None
    below = wanted.removeprefix(base)
    is_below = wanted.startswith(base) and (not below or below[0] in "/?")
    return wanted if is_below and not below.startswith("//") else None


def _quoted(path: str) -> str:
    return quote(f"{request.script_root}{path}", safe="/:@!$&'()*+,;=~")

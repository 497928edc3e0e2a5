"""The browser state of session management: a cookie that scripts of our own frame can read, unlike all others.

It follows who is signed in: set when a page was answered for a live session, gone when there is none any more. It opens
nothing: from the value one cannot tell the session, let alone use it.
"""

from typing import Any

from flask import Flask, Response, g, request

from authserver.protocol.oidc import session_state
from authserver.web import current

COOKIE = "authserver_state"


def install(app: Flask) -> None:
    """Keep the cookie true on every page that has looked up who is signed in."""
    app.after_request(_follow)


def forget(response: Response) -> None:
    """Make the browser forget the state, because the session is over."""
    if current.cookie_name(COOKIE) in request.cookies:
        response.delete_cookie(current.cookie_name(COOKIE), path="/", **_attributes())


def _follow(response: Response) -> Response:
    person = g.get("_login_user")
    if person is None:
        return response
    if not person.is_authenticated:
        forget(response)
        return response
    state = session_state.browser_state(current.services().vault, person.sid)
    if request.cookies.get(current.cookie_name(COOKIE)) != state:
        response.set_cookie(current.cookie_name(COOKIE), state, path="/", **_attributes())
    return response


def _attributes() -> dict[str, Any]:
    # The frame is embedded by other sites, where browsers send only cookies that say None, and that only with TLS.
    is_secure = current.services().settings.is_secure
    return {"secure": is_secure, "httponly": False, "samesite": "None" if is_secure else "Lax"}

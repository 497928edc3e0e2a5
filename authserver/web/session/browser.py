"""The identity of a browser: a random id in its signed cookie, and the browser state of session management."""

import secrets
from typing import Any, cast

from flask import Flask, Response, request
from flask import session as browser_cookie

from authserver.protocol.oidc import session_state
from authserver.web import current

STATE_COOKIE = "authserver_state"
_ID = "browser"


def browser_id() -> str:
    """Return the id of this browser, which binds a sign-in to the browser that started it (S12)."""
    if _ID not in browser_cookie:
        browser_cookie[_ID] = secrets.token_urlsafe(16)
    return cast(str, browser_cookie[_ID])


def install(app: Flask) -> None:
    """Update the state cookie with every response for which the user session was looked up."""
    app.after_request(_update_state)


def delete_state(response: Response) -> None:
    """Delete the state cookie after a sign-out."""
    if current.cookie_name(STATE_COOKIE) in request.cookies:
        response.delete_cookie(current.cookie_name(STATE_COOKIE), path="/", **_attributes())


def _update_state(response: Response) -> Response:
    # Scripts can read this cookie, but no other cookie (OpenID Connect Session Management 1.0). The state does not
    # reveal the session.
    user = current.loaded_user()
    if user is None:
        return response
    if not user.is_authenticated:
        delete_state(response)
        return response
    state = session_state.browser_state(current.services().vault, user.sid)
    if request.cookies.get(current.cookie_name(STATE_COOKIE)) != state:
        response.set_cookie(current.cookie_name(STATE_COOKIE), state, path="/", **_attributes())
    return response


def _attributes() -> dict[str, Any]:
    # Other sites embed the iframe whose script reads this cookie. In such an iframe, browsers allow only SameSite=None
    # cookies, which require TLS.
    is_secure = current.services().settings.is_secure
    return {"secure": is_secure, "httponly": False, "samesite": "None" if is_secure else "Lax"}

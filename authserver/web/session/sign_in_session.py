"""Starts, renews and steps up the user session of a browser, and sets its cookies.

Every sign-in sets a new session cookie (S18). If the same user signs in again, the session continues, even if it had
expired. Its authorizations stay valid, and one sign-out ends all of them. If another user signs in, the previous
session ends.
"""

from dataclasses import dataclass

from flask import Response, g, request
from flask import session as browser_cookie
from sqlalchemy.orm import Session

from authserver.context import Actor
from authserver.domain import user_sessions
from authserver.domain.user_sessions import PASSWORD, AuthenticationMethod, StartedSession, UserSession
from authserver.domain.users import known_browsers, second_factors
from authserver.domain.users.users import User
from authserver.web import current

KNOWN_COOKIE = "authserver_known"
SIGN_OUT_RESULT = "signed_out"  # the key in the signed cookie


@dataclass(frozen=True)
class SignedInBrowser:
    """A session and its new cookies. ``is_renewed`` is True if the same user continues the same session."""

    session: UserSession
    cookie: str
    known: str
    is_renewed: bool = False


def anonymous_actor(name: str = "anonymous") -> Actor:
    """Return the actor of a request without a user; reads no records."""
    return Actor(
        name=name, address=current.network_address(), channel="browser", request_id=g.get("request_id", "")
    )


def user_actor(user: User) -> Actor:
    """Return the actor for a user who has just proved their identity."""
    return Actor(user.username, user.id, current.network_address(), "browser", g.get("request_id", ""))


def known_browser_cookie() -> str:
    """Return the cookie that identifies a known browser."""
    return request.cookies.get(current.cookie_name(KNOWN_COOKIE), "")


def method_with_code(kind: str) -> AuthenticationMethod:
    """Return the authentication method of a sign-in with a password and a code of this kind (see ``second_factors``)."""
    is_recovery = kind == second_factors.RECOVERY
    return user_sessions.PASSWORD_AND_RECOVERY_CODE if is_recovery else user_sessions.PASSWORD_AND_OTP


def begin_session(
    db: Session,
    user: User,
    user_session: UserSession | None,
    *,
    is_remembered: bool,
    method: AuthenticationMethod = PASSWORD,
) -> SignedInBrowser:
    """Start a session, or renew the session of the same user in this browser, even if it has expired."""
    services, actor = current.services(), user_actor(user)
    open_session = user_session or user_sessions.find_open(db, current.session_cookie())
    renewed = None
    if open_session is not None and _can_renew(open_session, user, user_session):
        remembered = user_session.is_remembered if user_session is not None else is_remembered
        renewed = user_sessions.renew(
            db, actor, services.settings, open_session, user, is_remembered=remembered, method=method
        )
    elif open_session is not None:
        user_sessions.end(db, actor, db.get_one(UserSession, open_session.id))
    started = renewed or user_sessions.start(
        db,
        actor,
        services.settings,
        user,
        is_remembered=is_remembered,
        user_agent=request.headers.get("User-Agent", ""),
        method=method,
    )
    return _signed_in_browser(db, started, user, method, is_renewed=renewed is not None)


def _can_renew(open_session: UserSession, user: User, user_session: UserSession | None) -> bool:
    # Clients were notified that sessions from before a password change have ended, so these sessions must not continue.
    return open_session.user_id == user.id and (
        user_session is not None or open_session.user_epoch == user.epoch
    )


def step_up(db: Session, user: User, user_session: UserSession, kind: str) -> SignedInBrowser | None:
    """Step up a session after its user has proved a second factor; return None if the session has ended."""
    method = method_with_code(kind)
    started = user_sessions.step_up(db, user_actor(user), user_session, method)
    return None if started is None else _signed_in_browser(db, started, user, method, is_renewed=True)


def _signed_in_browser(
    db: Session, started: StartedSession, user: User, method: AuthenticationMethod, *, is_renewed: bool
) -> SignedInBrowser:
    factor = "" if method is PASSWORD else second_factors.enrollment_id(db, user.id)
    known = known_browsers.remember_browser(
        current.services().vault, known_browser_cookie(), user.id, user.epoch, factor
    )
    return SignedInBrowser(started.session, started.cookie, known, is_renewed)


def invalidate_forms() -> None:
    """Invalidate the CSRF tokens of all forms rendered before."""
    browser_cookie.pop("csrf_token", None)
    g.pop("csrf_token", None)
    current.clear_loaded_user()


def set_cookies(response: Response, signed_in: SignedInBrowser) -> None:
    """Set the session cookies; call it after the transaction has committed."""
    # The next user must not see which applications the previous user had used.
    browser_cookie.pop(SIGN_OUT_RESULT, None)
    settings, remembered = current.services().settings, signed_in.session.is_remembered
    lifetime = int(settings.remembered_session_lifetime.total_seconds()) if remembered else None
    current.set_cookie(response, current.SESSION_COOKIE, signed_in.cookie, max_age=lifetime)
    current.set_cookie(
        response, KNOWN_COOKIE, signed_in.known, max_age=int(known_browsers.LIFETIME.total_seconds())
    )

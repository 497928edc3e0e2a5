"""What happens in the browser when somebody has proved who they are: a fresh session cookie, and being known next time.

The cookie's value is new after every sign-in (S18). Where the same person signs in again, the session goes on under
the new value, so that nothing granted in it is lost and one sign-out ends all of it, even when it had run out; where
another person does, the earlier session ends.
"""

from dataclasses import dataclass

from flask import Response, g, request
from flask import session as browser
from sqlalchemy.orm import Session

from authserver.context import Actor
from authserver.domain.sessions import known_browsers, user_sessions
from authserver.domain.sessions.user_sessions import (
    PASSWORD,
    AuthenticationMethod,
    StartedSession,
    UserSession,
)
from authserver.domain.users import second_factors
from authserver.domain.users.users import User
from authserver.web import current

KNOWN_COOKIE = "authserver_known"
SIGN_OUT_RESULT = "signed_out"
"""What the browser remembers of the sign-out before, for the page that tells what came of it."""


@dataclass(frozen=True)
class SignedInBrowser:
    """What the browser is to be given; ``is_again`` where the same person goes on in the same session."""

    session: UserSession
    cookie: str
    known: str
    is_again: bool = False


def anonymous_actor(name: str = "anonymous") -> Actor:
    """Return the actor of a request whose person is not known yet; reads no records."""
    return Actor(
        name=name, address=current.network_address(), channel="browser", request_id=g.get("request_id", "")
    )


def user_actor(user: User) -> Actor:
    """Return the actor for somebody who has just proved to be this user."""
    return Actor(user.username, user.id, current.network_address(), "browser", g.get("request_id", ""))


def known_browser_cookie() -> str:
    """Return what the browser carries to be recognised."""
    return request.cookies.get(current.cookie_name(KNOWN_COOKIE), "")


def method_with_code(kind: str) -> AuthenticationMethod:
    """Return how somebody signed in whose password and code were right; ``kind`` is that of ``second_factors``."""
    is_recovery = kind == second_factors.RECOVERY
    return user_sessions.PASSWORD_AND_RECOVERY_CODE if is_recovery else user_sessions.PASSWORD_AND_OTP


def begin_session(
    transaction: Session,
    user: User,
    live: UserSession | None,
    *,
    is_remembered: bool,
    how: AuthenticationMethod = PASSWORD,
) -> SignedInBrowser:
    """Start a session, or renew the one that the same person has in this browser, were it one that has run out."""
    services, actor = current.services(), user_actor(user)
    present = live or user_sessions.find_open(transaction, current.session_cookie())
    renewed = None
    if present is not None and _is_of(present, user, live):
        remembered = live.is_remembered if live is not None else is_remembered
        renewed = user_sessions.renew(
            transaction, actor, services.settings, present, user, is_remembered=remembered, how=how
        )
    elif present is not None:
        user_sessions.end(transaction, actor, transaction.get_one(UserSession, present.id))
    started = renewed or user_sessions.start(
        transaction,
        actor,
        services.settings,
        user,
        is_remembered=is_remembered,
        user_agent=request.headers.get("User-Agent", ""),
        how=how,
    )
    return _arrival(transaction, started, user, how, is_again=renewed is not None)


def _is_of(present: UserSession, user: User, live: UserSession | None) -> bool:
    # What ran out before the password was changed has been announced as over, and must not come back.
    return present.user_id == user.id and (live is not None or present.user_epoch == user.epoch)


def step_up(transaction: Session, user: User, live: UserSession, kind: str) -> SignedInBrowser | None:
    """Raise the session of somebody who has just proved their second factor; None when it is over."""
    how = method_with_code(kind)
    started = user_sessions.step_up(transaction, user_actor(user), live, how)
    return None if started is None else _arrival(transaction, started, user, how, is_again=True)


def _arrival(
    transaction: Session, started: StartedSession, user: User, how: AuthenticationMethod, *, is_again: bool
) -> SignedInBrowser:
    factor = "" if how is PASSWORD else second_factors.enrolment(transaction, user.id)
    known = known_browsers.remember_browser(
        current.services().vault, known_browser_cookie(), user.id, user.epoch, factor
    )
    return SignedInBrowser(started.session, started.cookie, known, is_again)


def void_forms() -> None:
    """Make the forms that were shown before this arrival worthless; pages rendered from now on carry a new token."""
    browser.pop("csrf_token", None)
    g.pop("csrf_token", None)
    current.forget_loaded_user()


def attach_cookies(response: Response, arrival: SignedInBrowser) -> None:
    """Put the cookies on the answer, once the transaction is committed."""
    # Whoever comes next is not told which applications the person before had used.
    browser.pop(SIGN_OUT_RESULT, None)
    settings, remembered = current.services().settings, arrival.session.is_remembered
    lifetime = int(settings.remembered_session_lifetime.total_seconds()) if remembered else None
    current.set_cookie(response, current.SESSION_COOKIE, arrival.cookie, max_age=lifetime)
    current.set_cookie(
        response, KNOWN_COOKIE, arrival.known, max_age=int(known_browsers.LIFETIME.total_seconds())
    )

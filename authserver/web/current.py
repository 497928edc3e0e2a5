"""The current browser request: its transaction, its user session, and the actor for the audit trail.

Each request has one transaction. ``transaction()`` opens it on first use, in a ``before_request`` function or in the
view. It is committed once there is a response, before the response leaves. GET requests read; a view that writes on GET
is marked with ``@writes``. Requests to machine endpoints are served by ``web.machine`` and do not use this module.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar, cast

from flask import Flask, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user
from sqlalchemy.orm import Session

from authserver.context import Actor
from authserver.domain.sessions import user_sessions
from authserver.domain.sessions.user_sessions import UserSession
from authserver.protocol.services import Services
from authserver.web.network import client_address

View = TypeVar("View", bound=Callable[..., Any])
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

login_manager = LoginManager()


class Application(Flask):
    """Flask with one transaction for each request: a response commits it, an exception rolls it back."""

    def preprocess_request(self) -> ResponseReturnValue | None:
        # No connection is held here.
        services().key_ring.tend()
        with _rollback_on_error():
            response = super().preprocess_request()
            if response is not None:
                _commit()
        return response

    def dispatch_request(self) -> ResponseReturnValue:
        with _rollback_on_error():
            response = super().dispatch_request()
            _commit()
        return response


class SignedInUser(UserMixin):
    """The person behind a request, for Flask-Login."""

    def __init__(self, session: UserSession) -> None:
        self.session = session
        self.user = session.user
        # Kept apart from the record, which cannot be read any more once the request's transaction was rolled back.
        self.sid = session.sid
        self.user_id = session.user_id

    def get_id(self) -> str:
        return str(self.user.id)


def writes(view: View) -> View:
    """Mark a view that changes records although it answers GET."""
    view.writes_on_get = True  # type: ignore[attr-defined]
    return view


def services() -> Services:
    """Return what this application is made of."""
    return cast(Services, current_app.extensions["authserver"])


def transaction() -> Session:
    """Return this request's transaction, opening it on first use."""
    if not has_transaction():
        g.open_transaction = ExitStack()
        g.db = g.open_transaction.enter_context(services().database.transaction(write=_is_writing()))
    return cast(Session, g.db)


def has_transaction() -> bool:
    """Return whether this request's transaction is open."""
    return "db" in g


def release() -> None:
    """Commit this request's transaction before slow work, so that no lock or connection is held during it.

    Records stay readable. To change them, load them again: ``transaction()`` then opens a new transaction.
    """
    if has_transaction():
        g.pop("db")
        g.pop("open_transaction").close()


def _commit() -> None:
    seen = g.pop("seen_session", None)
    if seen is not None and has_transaction() and _is_writing():
        user_sessions.touch(transaction(), seen)
        seen = None
    release()
    if seen is not None:
        # A transaction that only reads cannot record it.
        with services().database.transaction() as db:
            user_sessions.touch(db, seen)


@contextmanager
def _rollback_on_error() -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        if has_transaction():
            g.pop("db")
            g.pop("open_transaction").__exit__(type(error), error, error.__traceback__)
        raise


def _is_writing() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return request.method not in _SAFE_METHODS or getattr(view, "writes_on_get", False)


def cookie_name(name: str) -> str:
    """Return what a cookie of ours is called here."""
    return services().settings.cookie_name(name)


def set_cookie(response: Any, name: str, value: str, max_age: int | None = None) -> None:
    """Set a cookie that scripts cannot read and other sites cannot send with a POST."""
    secure = services().settings.is_secure
    response.set_cookie(
        cookie_name(name), value, max_age=max_age, secure=secure, httponly=True, samesite="Lax", path="/"
    )


def delete_cookie(response: Any, name: str) -> None:
    """Make the browser forget a cookie."""
    secure = services().settings.is_secure
    response.delete_cookie(cookie_name(name), secure=secure, httponly=True, samesite="Lax", path="/")


SESSION_COOKIE = "authserver_session"


@login_manager.request_loader
def _load(_request: Any) -> SignedInUser | None:
    cookie = session_cookie()
    return find_signed_in_user(transaction(), cookie) if cookie else None


def session_cookie() -> str:
    """Return what the browser carries of its session, which may be over."""
    return request.cookies.get(cookie_name(SESSION_COOKIE), "")


def find_signed_in_user(db: Session, cookie: str) -> SignedInUser | None:
    """Return the user whose live session the cookie opens. The session's last use is recorded with the response."""
    row = user_sessions.find(db, services().settings, cookie)
    if row is None:
        return None
    if user_sessions.needs_touch(row):
        g.seen_session = row.id
    return SignedInUser(row)


def current_session() -> UserSession | None:
    """Return the live session behind this request, with its user."""
    return cast(UserSession, current_user.session) if current_user.is_authenticated else None


def endable_session() -> UserSession | None:
    """Return the session of this browser that can be ended: the live one, or one that ran out before anybody ended it."""
    return current_session() or user_sessions.find_open(transaction(), session_cookie())


def forget_loaded_user() -> None:
    """Have Flask-Login look again, after a sign-in or sign-out within the request."""
    g.pop("_login_user", None)


def network_address() -> str:
    """Return the network address the request came from."""
    trusted = services().settings.trusted_proxies
    return client_address(request.remote_addr or "", request.headers.get("X-Forwarded-For", ""), trusted)


def actor() -> Actor:
    """Return who acts in this request, for the audit trail."""
    live = current_session()
    return Actor(
        name=live.user.username if live else "anonymous",
        user_id=live.user_id if live else None,
        address=network_address(),
        channel="browser",
        request_id=g.get("request_id", ""),
    )

"""The current request: its database transaction, its user session and its actor.

A request has one transaction. It begins with the first call of ``transaction()``, in a view or in a ``before_request``
function. It commits before the response is sent. GET requests only read; a view that writes on GET is marked with
``@writes``. The machine endpoints do not use this module (see ``web.machine``).
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar, cast

from flask import Flask, Request, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user
from sqlalchemy.orm import Session
from werkzeug.routing import MapAdapter

from authserver.context import Actor
from authserver.domain import user_sessions
from authserver.domain.user_sessions import UserSession
from authserver.protocol.services import Services
from authserver.web.network import client_address

View = TypeVar("View", bound=Callable[..., Any])
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_LOADED_USER = "_login_user"  # the attribute of ``g`` in which Flask-Login caches the user

login_manager = LoginManager()
login_manager.session_protection = None  # A user session is a database row, not a cookie.


class Application(Flask):
    """Flask with one database transaction per request: a response commits, an exception rolls back."""

    # ``LoginManager.init_app`` would also look up the user for every template, write session protection data to the
    # cookie and add a remember-me cookie. Only ``current_user`` is used here.
    login_manager = login_manager

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Return the router for a request. Its redirects lead to the public URL, whatever the Host header says (S25)."""
        router = super().create_url_adapter(request)
        if router is not None and request is not None:
            origin = self.extensions["authserver"].settings.origin
            router.url_scheme, _, router.server_name = origin.partition("://")
        return router

    def preprocess_request(self) -> ResponseReturnValue | None:
        # Refresh the keys before the transaction begins, so that the request does not hold two connections.
        services().key_ring.refresh()
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
    """The user of a request, for Flask-Login."""

    def __init__(self, session: UserSession) -> None:
        self.session = session
        self.user = session.user
        # Copy these values, because the record cannot be read after the request's transaction was rolled back.
        self.sid = session.sid
        self.user_id = session.user_id

    def get_id(self) -> str:
        return str(self.user.id)


def writes(view: View) -> View:
    """Mark a view that changes records in response to GET."""
    view.writes_on_get = True  # type: ignore[attr-defined]
    return view


def services() -> Services:
    """Return the services of this application."""
    return cast(Services, current_app.extensions["authserver"])


def transaction() -> Session:
    """Return this request's transaction, beginning it on first use."""
    if not has_transaction():
        g.open_transaction = ExitStack()
        g.db = g.open_transaction.enter_context(services().database.transaction(write=_is_writing()))
    return cast(Session, g.db)


def has_transaction() -> bool:
    """Return whether this request's transaction has begun."""
    return "db" in g


def release() -> None:
    """Commit this request's transaction before slow work, so that the request holds no locks.

    Records stay readable. To change them, read them again in a new ``transaction()``.
    """
    if has_transaction():
        g.pop("db")
        g.pop("open_transaction").close()


def _is_writing() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return request.method not in _SAFE_METHODS or getattr(view, "writes_on_get", False)


def cookie_name(name: str) -> str:
    """Return the name of a cookie in this installation."""
    return services().settings.cookie_name(name)


def set_cookie(response: Any, name: str, value: str, max_age: int | None = None) -> None:
    """Set a cookie that scripts cannot read and other sites cannot send with a POST."""
    secure = services().settings.is_secure
    response.set_cookie(
        cookie_name(name), value, max_age=max_age, secure=secure, httponly=True, samesite="Lax", path="/"
    )


def delete_cookie(response: Any, name: str) -> None:
    """Delete a cookie from the browser."""
    secure = services().settings.is_secure
    response.delete_cookie(cookie_name(name), secure=secure, httponly=True, samesite="Lax", path="/")


SESSION_COOKIE = "authserver_session"


@login_manager.request_loader
def _load(_request: Any) -> SignedInUser | None:
    cookie = session_cookie()
    return find_signed_in_user(transaction(), cookie) if cookie else None


def session_cookie() -> str:
    """Return the browser's session cookie. The session of the cookie may have ended."""
    return request.cookies.get(cookie_name(SESSION_COOKIE), "")


def find_signed_in_user(db: Session, cookie: str) -> SignedInUser | None:
    """Return the user of a live session cookie; the session's last use is stored when the request commits."""
    row = user_sessions.find(db, services().settings, cookie)
    if row is None:
        return None
    if user_sessions.needs_touch(row):
        g.seen_session = row.id
    return SignedInUser(row)


def current_session() -> UserSession | None:
    """Return the live session of this request, with its user, or None."""
    return cast(UserSession, current_user.session) if current_user.is_authenticated else None


def load_session() -> UserSession | None:
    """Look up and return the live session of this request, with its user, in the request's transaction.

    Flask-Login's own lookup would read Flask's cookie first, and every page would vary by cookie.
    """
    if _LOADED_USER not in g:
        setattr(g, _LOADED_USER, _load(request) or login_manager.anonymous_user())
    return current_session()


def current_session_without_transaction() -> UserSession | None:
    """Return the live session of this request. The function looks it up in a separate, short transaction.

    Use it in error handlers, which run after the request's transaction has ended, and in views that hash passwords
    before they begin the transaction. The records are read-only; to change them, read them again in a transaction.
    """
    if _LOADED_USER not in g and not has_transaction():
        setattr(g, _LOADED_USER, _find_in_own_transaction())
    return current_session()


def loaded_user() -> Any:
    """Return the user that Flask-Login has loaded in this request, or None if no user was looked up."""
    return g.get(_LOADED_USER)


def clear_loaded_user() -> None:
    """Make Flask-Login load the user again, after a sign-in or sign-out within the request."""
    g.pop(_LOADED_USER, None)


def endable_session() -> UserSession | None:
    """Return the session of this browser that can be ended: the live one, or one that has expired."""
    return current_session() or user_sessions.find_open(transaction(), session_cookie())


def network_address() -> str:
    """Return the network address of the browser."""
    trusted = services().settings.trusted_proxies
    return client_address(request.remote_addr or "", request.headers.get("X-Forwarded-For", ""), trusted)


def actor() -> Actor:
    """Return the actor of this request, for the audit trail."""
    user_session = current_session()
    return Actor(
        name=user_session.user.username if user_session else "anonymous",
        user_id=user_session.user_id if user_session else None,
        address=network_address(),
        channel="browser",
        request_id=g.get("request_id", ""),
    )


def _find_in_own_transaction() -> Any:
    cookie = session_cookie()
    if not cookie:
        return login_manager.anonymous_user()
    with services().database.transaction(write=False) as db:
        return find_signed_in_user(db, cookie) or login_manager.anonymous_user()


def _commit() -> None:
    seen = g.pop("seen_session", None)
    if seen is not None and has_transaction() and _is_writing():
        user_sessions.touch(transaction(), seen)
        seen = None
    release()
    if seen is not None:
        # The read-only transaction of this request cannot store the last use.
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

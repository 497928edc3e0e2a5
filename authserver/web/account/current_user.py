"""Whose account this is: the session behind the request, and the records of its person to read and change."""

from authserver.domain.sessions.user_sessions import UserSession
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.errors import Forbidden
from authserver.messages import message
from authserver.web import current


def own_session() -> UserSession:
    """Return the session of this browser, for reading."""
    live = current.current_session()
    if live is None:
        raise Forbidden(message("You are signed out."))
    return live


def own_user() -> User:
    """Return the person's record within this request's transaction."""
    return users.get(current.transaction(), own_session().user_id)

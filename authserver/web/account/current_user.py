"""The session and the user of an account page."""

from authserver.domain.user_sessions import UserSession
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.errors import Forbidden
from authserver.messages import message
from authserver.web import current


def own_session() -> UserSession:
    """Return the session of this browser, read-only."""
    user_session = current.current_session()
    if user_session is None:
        raise Forbidden(message("You were signed out. Sign in again."))
    return user_session


def own_user() -> User:
    """Return the user in this request's transaction."""
    return users.get(current.transaction(), own_session().user_id)

"""Whose account this is: the session behind the request, and the records of its person to read and change."""

from authserver.domain import users
from authserver.domain.sessions import UserSession
from authserver.domain.users import User
from authserver.errors import Refused
from authserver.web import door
from authserver.web.languages import say


def my_session() -> UserSession:
    """Return the session of this browser, for reading."""
    live = door.signed_in()
    if live is None:
        raise Refused(say("You have been signed out."))
    return live


def me() -> User:
    """Return the person's record within this request's transaction."""
    return users.get(door.session(), my_session().user_id)

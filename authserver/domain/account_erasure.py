"""Erases accounts: the row stays without personal data, so that the audit trail and owned clients still refer to it.

The subject stays, too. Clients know it, so no other account may get it.
"""

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from authserver.context import Actor
from authserver.domain.authorizations.consents import Consent
from authserver.domain.groups import group_changes
from authserver.domain.orm import ROW_LOCK
from authserver.domain.user_sessions import UserSession
from authserver.domain.users import authenticator_apps, recovery_codes, user_names, users
from authserver.domain.users.users import User
from authserver.errors import Conflict, InvalidInput


def erase(
    db: Session,
    actor: Actor,
    user: User,
    *,
    revision: int | None = None,
    typed_name: str | None = None,
) -> None:
    """Erase an account permanently. Its sessions, tokens and codes stop working, and its clients are notified.

    Raises Conflict for the last administrator, for the actor's own account, for an account that was already erased, and
    if ``revision`` is given and is not the current one. Raises InvalidInput if ``typed_name`` is given and is not the user
    name.
    """
    if actor.user_id == user.id:
        raise Conflict("You cannot erase your own account. Ask another administrator to do it.")
    if typed_name is not None and user_names.canonical_username(typed_name) != user.username_key:
        raise InvalidInput({"typed_name": f"Type the user name {user.username} to erase the account."})
    # If the account cannot be erased, it keeps its groups: an error response commits the transaction.
    with db.begin_nested():
        group_changes.forget_user(db, user)
        users.anonymize(db, actor, user, revision=revision)
    recovery_codes.remove(db, user.id)
    authenticator_apps.remove(db, user.id)
    _forget_consents(db, user.id)
    _forget_browsers(db, user.id)


def _forget_consents(db: Session, user_id: int) -> None:
    locked = select(Consent.id).where(Consent.user_id == user_id).order_by(Consent.id)
    db.execute(
        delete(Consent)
        .where(Consent.id.in_(locked.with_for_update(**ROW_LOCK)))
        .execution_options(synchronize_session=False)
    )


def _forget_browsers(db: Session, user_id: int) -> None:
    """Remove browsers and IP addresses from the sessions, which no longer work because the epoch has changed."""
    locked = select(UserSession.id).where(UserSession.user_id == user_id).order_by(UserSession.id)
    db.execute(
        update(UserSession)
        .where(UserSession.id.in_(locked.with_for_update(**ROW_LOCK)))
        .values(user_agent="", address="")
        .execution_options(synchronize_session=False)
    )

"""Authorizations and codes in the database, as the endpoints would create them."""

from sqlalchemy.orm import Session

from authserver import clock
from authserver.context import SYSTEM, Actor
from authserver.domain.authorizations import authorizations
from authserver.domain.authorizations.authorizations import (
    Authorization,
    NewAuthorization,
    UserAuthentication,
)
from authserver.domain.clients.clients import Client
from authserver.domain.tokens import codes
from authserver.settings import Settings
from tests.support.relying_party import CHALLENGE, REDIRECT_URI


def add_authorization(
    db: Session,
    client: Client,
    user: UserAuthentication | None = None,
    *,
    actor: Actor = SYSTEM,
    grant_type: str = "authorization_code",
    scope: str = "openid",
) -> Authorization:
    """Record the authorization of a client, by this user or on its own behalf."""
    new = NewAuthorization(
        client_id=client.id,
        client_epoch=client.epoch,
        client_name=client.name,
        grant_type=grant_type,
        scope=scope,
        user=user,
    )
    return authorizations.add(db, actor, new)


def add_code(db: Session, settings: Settings, client: Client, user_id: int) -> str:
    """Return a new code for the scopes openid and profile, after a sign-in just now."""
    user = UserAuthentication(user_id, auth_time=clock.now())
    authorization = add_authorization(db, client, user, scope="openid profile")
    return codes.add(db, settings, authorization, redirect_uri=REDIRECT_URI, code_challenge=CHALLENGE)

"""Clean-up: deletes what is over, in small steps, so that a running server does not notice.

What is deleted here had stopped working before: tokens, codes and sessions are judged by their times on every use. The
order matters: an authorization goes when nothing under it is left and its session is over, because it is what tells who
takes part in that, and a session when no authorization names it any more, so that nothing that was revoked or ended can
come back to life for want of the row that said so.
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select
from sqlalchemy.orm import aliased

from authserver import clock
from authserver.context import SYSTEM
from authserver.domain import form_tokens, throttles
from authserver.domain.authorizations.authorization_requests import StoredAuthorizationRequest
from authserver.domain.authorizations.authorizations import Authorization
from authserver.domain.authorizations.codes import Code
from authserver.domain.authorizations.device_authorizations import DeviceAuthorization
from authserver.domain.clients import pending_clients, used_assertions
from authserver.domain.diagnostics import error_log
from authserver.domain.diagnostics.error_log import RecordedError
from authserver.domain.keys import signing_keys
from authserver.domain.oauth1 import nonces
from authserver.domain.oauth1.temporary_credentials import TemporaryCredential
from authserver.domain.oauth1.token_credentials import TokenCredential
from authserver.domain.orm import Base, Database
from authserver.domain.sessions import logout_notices
from authserver.domain.sessions.user_sessions import UserSession
from authserver.domain.tokens.tokens import AccessToken, RefreshToken
from authserver.settings import Settings

_STEP = 1000
# Measured: without a pause between the steps refreshes on PostgreSQL fell to a tenth, with this one not at all.
_PAUSE_SECONDS = 0.02
_KEPT = timedelta(days=1)
_NOTICES_KEPT = timedelta(days=7)


class Rule(NamedTuple):
    """Which rows of a table are over at an instant."""

    name: str
    model: Any
    is_over: Callable[[datetime], ColumnElement[bool]]


def _expired(model: Any) -> Callable[[datetime], ColumnElement[bool]]:
    return lambda before: model.expires_at < before


def _is_unused(before: datetime) -> ColumnElement[bool]:
    # A consumed code stays with its authorization, so that its replay is recognised as long as there is something to revoke.
    return and_(Code.expires_at < before, Code.consumed_at.is_(None))


def _is_empty(before: datetime) -> ColumnElement[bool]:
    under = (AccessToken, RefreshToken, TokenCredential, TemporaryCredential, DeviceAuthorization)
    left = [exists().where(model.authorization_id == Authorization.id) for model in under]
    redeemable = exists().where(Code.authorization_id == Authorization.id, Code.expires_at >= before)
    # A client's own authorization is found again and used for the next token, however old it is; there are few of them.
    return and_(
        Authorization.created_at < before,
        Authorization.own_key.is_(None),
        ~or_(*left, redeemable, _takes_part(before)),
    )


def _takes_part(before: datetime) -> ColumnElement[bool]:
    """Whether somebody would look for the row to tell its client of a sign-out; the latest of a client's is enough."""
    later = aliased(Authorization)
    is_open = exists().where(
        UserSession.id == Authorization.session_id,
        UserSession.expires_at >= before,
        or_(UserSession.ended_at.is_(None), UserSession.ended_at >= before),
    )
    is_told_by_another = exists().where(
        later.session_id == Authorization.session_id,
        later.client_id == Authorization.client_id,
        later.id > Authorization.id,
    )
    return and_(is_open, ~is_told_by_another)


def _is_unnamed(before: datetime) -> ColumnElement[bool]:
    return and_(UserSession.expires_at < before, ~exists().where(Authorization.session_id == UserSession.id))


RULES = (
    Rule("access tokens", AccessToken, _expired(AccessToken)),
    Rule(
        "refresh tokens",
        RefreshToken,
        lambda before: or_(RefreshToken.idle_expires_at < before, RefreshToken.expires_at < before),
    ),
    Rule("codes", Code, _is_unused),
    Rule("device authorizations", DeviceAuthorization, _expired(DeviceAuthorization)),
    Rule("temporary credentials", TemporaryCredential, _expired(TemporaryCredential)),
    Rule("token credentials", TokenCredential, _expired(TokenCredential)),
    Rule("authorizations", Authorization, _is_empty),
    Rule("authorization requests", StoredAuthorizationRequest, _expired(StoredAuthorizationRequest)),
    Rule("sessions", UserSession, _is_unnamed),
)


def purge(database: Database, settings: Settings) -> Iterator[tuple[str, int]]:
    """Delete what is over and yield, step by step, what and how many rows went."""
    now = clock.now()
    for rule in RULES:
        yield from ((rule.name, count) for count in _delete(database, rule.model, rule.is_over(now - _KEPT)))
    yield from (("failures", count) for count in _purge_failures(database, now))
    yield from _purge_small(database, settings, now)


def _delete(database: Database, model: type[Base], is_over: ColumnElement[bool]) -> Iterator[int]:
    # Row ids rise with time, so that each step goes on where the last one ended and none reads a row twice.
    identity = model.__table__.c.id
    after, count = 0, _STEP
    while count == _STEP:
        step = select(identity).where(identity > after, is_over).order_by(identity).limit(_STEP)
        with database.transaction() as db:
            gone = list(db.scalars(delete(model).where(identity.in_(step)).returning(identity)))
        after, count = max(gone, default=after), len(gone)
        yield count
        time.sleep(_PAUSE_SECONDS)


def _purge_failures(database: Database, now: datetime) -> Iterator[int]:
    yield from _delete(database, RecordedError, RecordedError.last_at < now - error_log.KEPT)
    with database.transaction(write=False) as db:
        crowded = error_log.clients_over_limit(db)
    for client_id in crowded:
        with database.transaction() as db:
            yield error_log.trim(db, client_id)


def _purge_small(database: Database, settings: Settings, now: datetime) -> Iterator[tuple[str, int]]:
    with database.transaction() as db:
        nonces.purge(db, now)
        used_assertions.purge(db, now)
        form_tokens.purge(db, now - _KEPT)
        yield "throttles", throttles.purge(db, window=_KEPT)
        yield "logout notices", logout_notices.purge(db, older_than=_NOTICES_KEPT)
        yield "unapproved clients", pending_clients.purge(db, settings)
        yield "signing keys", signing_keys.purge(db, SYSTEM)

"""Cleanup: deletes expired rows in small batches, so that a running server does not slow down.

Expired rows are already invalid, because their times are checked at every use. The order of the deletions matters. An
authorization is deleted after everything issued under it. The latest authorization of each client in a session is also
kept until the session has ended, because it records that the client was used in the session. A session is deleted after
its authorizations. In this order, a missing row never makes a revoked token or an ended session valid again.
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select
from sqlalchemy.orm import aliased

from authserver import clock
from authserver.context import SYSTEM
from authserver.domain import form_tokens, logout_notices, throttles
from authserver.domain.authorizations import authorization_requests
from authserver.domain.authorizations.authorization_requests import StoredAuthorizationRequest
from authserver.domain.authorizations.authorizations import Authorization
from authserver.domain.clients import pending_clients, used_assertions
from authserver.domain.diagnostics import error_log
from authserver.domain.diagnostics.error_log import RecordedError
from authserver.domain.keys import signing_keys
from authserver.domain.oauth1 import nonces
from authserver.domain.oauth1.temporary_credentials import TemporaryCredential
from authserver.domain.oauth1.token_credentials import TokenCredential
from authserver.domain.orm import Base, Database
from authserver.domain.tokens import device_authorizations
from authserver.domain.tokens.codes import Code
from authserver.domain.tokens.device_authorizations import DeviceAuthorization
from authserver.domain.tokens.tokens import AccessToken, RefreshTokenFamily
from authserver.domain.user_sessions import UserSession
from authserver.settings import Settings

_BATCH = 1000
# Measured on PostgreSQL: without a pause between batches, token refreshes per second fell to a tenth. With the pause,
# they did not fall.
_PAUSE_SECONDS = 0.02
_KEPT = timedelta(days=1)
_NOTICES_KEPT = timedelta(days=7)
_DEVICES_KEPT = device_authorizations.KEPT


class Rule(NamedTuple):
    """The condition for deleting the rows of a table. ``kept`` is how long expired rows are kept."""

    name: str
    model: Any
    is_expired: Callable[[datetime], ColumnElement[bool]]
    kept: timedelta = _KEPT


def _expired(model: Any) -> Callable[[datetime], ColumnElement[bool]]:
    return lambda before: model.expires_at < before


def _is_unused(before: datetime) -> ColumnElement[bool]:
    # A consumed code is kept as long as its authorization, so that a replay can still revoke the authorization.
    return and_(Code.expires_at < before, Code.consumed_at.is_(None))


def _is_empty(before: datetime) -> ColumnElement[bool]:
    under = (AccessToken, RefreshTokenFamily, TokenCredential, TemporaryCredential, DeviceAuthorization)
    left = [exists().where(model.authorization_id == Authorization.id) for model in under]
    redeemable = exists().where(Code.authorization_id == Authorization.id, Code.expires_at >= before)
    # The authorization of a client that acts on its own behalf is reused for later tokens, so it is kept.
    return and_(
        Authorization.created_at < before,
        Authorization.own_key.is_(None),
        ~or_(*left, redeemable, _is_needed_for_logout(before)),
    )


def _is_needed_for_logout(before: datetime) -> ColumnElement[bool]:
    """Return the SQL condition for the latest authorization of each client in a session that was open at this time.

    The clients with such an authorization are notified when the session ends.
    """
    later = aliased(Authorization)
    is_open = exists().where(
        UserSession.id == Authorization.session_id,
        UserSession.expires_at >= before,
        or_(UserSession.ended_at.is_(None), UserSession.ended_at >= before),
    )
    has_later_one = exists().where(
        later.session_id == Authorization.session_id,
        later.client_id == Authorization.client_id,
        later.id > Authorization.id,
    )
    return and_(is_open, ~has_later_one)


def _is_unreferenced(before: datetime) -> ColumnElement[bool]:
    return and_(UserSession.expires_at < before, ~exists().where(Authorization.session_id == UserSession.id))


RULES = (
    Rule("access tokens", AccessToken, _expired(AccessToken)),
    Rule(
        "refresh tokens",
        RefreshTokenFamily,
        lambda before: or_(
            RefreshTokenFamily.idle_expires_at < before, RefreshTokenFamily.expires_at < before
        ),
    ),
    Rule("codes", Code, _is_unused),
    Rule("device authorizations", DeviceAuthorization, _expired(DeviceAuthorization), _DEVICES_KEPT),
    Rule("temporary credentials", TemporaryCredential, _expired(TemporaryCredential)),
    Rule("token credentials", TokenCredential, _expired(TokenCredential)),
    Rule("authorizations", Authorization, _is_empty),
    Rule(
        "authorization requests",
        StoredAuthorizationRequest,
        _expired(StoredAuthorizationRequest),
        authorization_requests.RESTARTABLE_FOR,
    ),
    Rule("sessions", UserSession, _is_unreferenced),
)


def purge(database: Database, settings: Settings) -> Iterator[tuple[str, int]]:
    """Delete expired rows and yield, for each batch, the name of the table and the number of rows."""
    now = clock.now()
    for rule in RULES:
        yield from (
            (rule.name, count) for count in _delete(database, rule.model, rule.is_expired(now - rule.kept))
        )
    yield from (("failures", count) for count in _purge_recorded_errors(database, now))
    yield from _purge_small_tables(database, settings, now)


def _delete(database: Database, model: type[Base], is_expired: ColumnElement[bool]) -> Iterator[int]:
    # Row ids ascend, so each batch continues after the previous one and no row is read twice.
    identity = model.__table__.c.id
    after, count = 0, _BATCH
    while count == _BATCH:
        expired = select(identity).where(identity > after, is_expired).order_by(identity).limit(_BATCH)
        # Rows that another transaction has locked wait for the next cleanup.
        batch = expired.with_for_update(skip_locked=True)
        with database.transaction() as db:
            deleted = list(db.scalars(delete(model).where(identity.in_(batch)).returning(identity)))
        after, count = max(deleted, default=after), len(deleted)
        yield count
        time.sleep(_PAUSE_SECONDS)


def _purge_recorded_errors(database: Database, now: datetime) -> Iterator[int]:
    yield from _delete(database, RecordedError, RecordedError.last_at < now - error_log.KEPT)
    with database.transaction(write=False) as db:
        over_limit = error_log.clients_over_limit(db)
    for client_id in over_limit:
        with database.transaction() as db:
            yield error_log.trim(db, client_id)


def _purge_small_tables(database: Database, settings: Settings, now: datetime) -> Iterator[tuple[str, int]]:
    with database.transaction() as db:
        nonces.purge(db, now)
        used_assertions.purge(db, now)
        form_tokens.purge(db, now - _KEPT)
        yield "throttles", throttles.purge(db, window=max(settings.sign_in_window, pending_clients.WINDOW))
        yield "logout notices", logout_notices.purge(db, older_than=_NOTICES_KEPT)
        yield "unapproved clients", pending_clients.purge(db, settings)
        yield "signing keys", signing_keys.purge(db, SYSTEM)

"""The order in which transactions lock rows, so that no two transactions wait for each other.

A transaction that locks rows of several tables locks them in the order of ``LOCK_ORDER``, and rows of one table by
ascending id. A lock is an UPDATE, a DELETE, an upsert, or a SELECT with ``with_for_update``. Inserting a row does not
count, because nobody else knows the row yet. A foreign key of the row locks its parent only against deletion
(``FOR KEY SHARE``), which is why rows are locked with ``ROW_LOCK``. FOR UPDATE is used only with SKIP LOCKED, which does
not wait, for rows that are deleted next.
"""

from collections import defaultdict

from sqlalchemy import ColumnElement, Table, delete, or_, select
from sqlalchemy.orm import Session

from authserver.domain.orm import Base

LOCK_ORDER = (
    "installation",
    "setup_links",
    "submissions",
    "subject_salts",
    "signing_keys",
    "nonces",
    "client_assertions",
    "scopes",
    "resources",
    "scope_revisions",
    "authorization_requests",
    "device_authorizations",
    "groups",
    "group_members",
    "users",
    "recovery_codes",
    "authenticator_apps",
    "throttles",
    "consents",
    "user_sessions",
    "temporary_credentials",
    "token_credentials",
    "codes",
    "refresh_tokens",
    "access_tokens",
    "authorizations",
    "clients",
    "client_secrets",
    "client_registrations",
    "client_origins",
    "logout_notices",
    "failures",
    "heartbeats",
    "audit_events",
)


def delete_with_dependents(db: Session, table: Table, row_id: int) -> bool:
    """Delete a row, after the rows of tables that are locked earlier and refer to it with ``ON DELETE CASCADE``.

    Return False if another transaction has already deleted the row.

    The database would delete these rows by itself, but after their parents: in the opposite order of a request that
    consumes a credential and then refers to the authorization of the credential.
    """
    conditions: dict[str, list[ColumnElement[bool]]] = defaultdict(list)
    _collect(table, table.c.id == row_id, conditions)
    for name in LOCK_ORDER[: LOCK_ORDER.index(table.name)]:
        if name in conditions:
            db.execute(delete(Base.metadata.tables[name]).where(or_(*conditions[name])))
    return db.scalar(delete(table).where(table.c.id == row_id).returning(table.c.id)) is not None


def _collect(
    table: Table, condition: ColumnElement[bool], conditions: dict[str, list[ColumnElement[bool]]]
) -> None:
    for child in Base.metadata.sorted_tables:
        for key in child.foreign_keys:
            if key.column.table is table and key.ondelete == "CASCADE":
                refers = key.parent.in_(select(key.column).where(condition))
                conditions[child.name].append(refers)
                _collect(child, refers, conditions)

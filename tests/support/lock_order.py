"""Checks that transactions lock rows in the order of `authserver.domain.lock_order`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Delete, Insert, Select, Update, event
from sqlalchemy.engine import Engine
from sqlalchemy.sql import visitors

from authserver.domain.lock_order import LOCK_ORDER

_RANK = {name: rank for rank, name in enumerate(LOCK_ORDER)}


@contextmanager
def checking() -> Iterator[list[str]]:
    """Watch all transactions of this process, and collect a sentence about each that violates the order."""
    violations: list[str] = []

    def on_execute(connection: Connection, statement: Any, *_: Any) -> None:
        if isinstance(statement, str) or not hasattr(statement, "get_children"):
            return
        locked = connection.info.setdefault("locked_tables", [])
        for table in _locked_tables(statement):
            if table not in locked:
                locked.append(table)

    def on_end(connection: Connection) -> None:
        # A migration also changes tables of Alembic.
        locked = [table for table in connection.info.pop("locked_tables", []) if table in _RANK]
        if sorted(locked, key=_RANK.__getitem__) != locked:
            violations.append(f"locked in the wrong order: {', '.join(locked)}")

    listeners = {"before_execute": on_execute, "commit": on_end, "rollback": on_end}
    for name, listener in listeners.items():
        event.listen(Engine, name, listener)
    try:
        yield violations
    finally:
        for name, listener in listeners.items():
            event.remove(Engine, name, listener)


def _locked_tables(statement: Any) -> Iterator[str]:
    parts = list(visitors.iterate(statement))
    locking = [part for part in parts if isinstance(part, Select) and part._for_update_arg is not None]
    if any(part._for_update_arg.skip_locked for part in locking):
        return  # The statement waits for nobody.
    for part in locking:
        yield from (source.name for source in part.get_final_froms() if hasattr(source, "name"))
    for part in parts:
        is_upsert = isinstance(part, Insert) and part._post_values_clause is not None
        if is_upsert or isinstance(part, Update | Delete):
            yield part.table.name

"""Transactions lock rows in one order (docs/architecture.md). `tests/wire` also checks it for all endpoints and pages."""

import importlib
import pkgutil

import pytest
from sqlalchemy import select, update

from authserver import domain
from authserver.domain.clients.clients import Client
from authserver.domain.lock_order import LOCK_ORDER
from authserver.domain.orm import ROW_LOCK, Base
from authserver.domain.throttles import Throttle
from authserver.domain.users.users import User
from tests.support import lock_order
from tools.external_programs import ROOT

LOCK_CLIENT = update(Client).values(name=Client.name)
LOCK_USER = select(User.id).with_for_update(**ROW_LOCK)


def test_order_names_every_table():
    for module in pkgutil.walk_packages(domain.__path__, "authserver.domain."):
        importlib.import_module(module.name)
    assert sorted(LOCK_ORDER) == sorted(Base.metadata.tables)


def test_documented_order_is_the_real_one():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.partition("## Lock order")[2].partition("\n## ")[0]
    rows = [line.split("|")[2] for line in section.splitlines() if line.startswith("| ") and "`" in line]
    assert [name.strip("` ") for row in rows for name in row.split(",")] == list(LOCK_ORDER)


@pytest.mark.parametrize(
    ("statements", "count"),
    [
        ([LOCK_USER, LOCK_CLIENT], 0),
        ([LOCK_CLIENT, LOCK_USER], 1),
        ([select(User.id), LOCK_CLIENT, select(User.id)], 0),
        ([LOCK_CLIENT, update(Throttle).values(count=0)], 1),
    ],
)
def test_wrong_order_is_found(database, statements, count):
    with lock_order.checking() as violations, database.transaction() as db:
        for statement in statements:
            db.execute(statement)
    assert len(violations) == count

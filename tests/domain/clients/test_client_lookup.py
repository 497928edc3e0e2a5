"""Lookup of clients by origin or by similar name. Both use an index, which is updated with the client."""

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import event, select

from authserver.context import SYSTEM
from authserver.domain import schema
from authserver.domain.clients import client_search, clients, web_origins
from authserver.domain.clients.clients import Client, ClientOrigin
from tests.support.relying_party import edit, register

REGISTERED_ORIGIN = "https://rp.example"


@pytest.fixture
def plans(database):
    """The query plans of SQLite for all following statements. SCAN means that the whole table is read."""
    found = []

    def explain(connection, cursor, statement, parameters, *_):
        if not statement.startswith("EXPLAIN"):
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            found.extend(row[-1] for row in cursor.fetchall())

    event.listen(database.engine, "before_cursor_execute", explain)
    yield found
    event.remove(database.engine, "before_cursor_execute", explain)


def owner(database, origin):
    with database.reading() as connection:
        return web_origins.find_owner(connection, origin)


def stored_lookups(database):
    with database.transaction(write=False) as db:
        skeletons = {row.name: row.skeleton for row in db.scalars(select(Client))}
        return {row.origin for row in db.scalars(select(ClientOrigin))}, skeletons


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("origin", [REGISTERED_ORIGIN, "https://evil.example"])
def test_origin_lookup_uses_an_index(services, plans, origin):
    register(services)
    plans.clear()
    assert (owner(services.database, origin) is not None) == (origin == REGISTERED_ORIGIN)
    assert plans
    assert [plan for plan in plans if plan.startswith("SCAN")] == []


@pytest.mark.only_on("sqlite")
def test_similar_name_lookup_uses_an_index(services, plans):
    key, twin = (register(services, name=name)[0] for name in ("Grafana", "GRAFANA"))
    register(services, name="Another")
    with services.database.transaction(write=False) as db:
        client = clients.get(db, key)
        plans.clear()
        assert [row.client_key for row in client_search.similar_to_client(db, client)] == [twin]
    assert plans
    assert [plan for plan in plans if plan.startswith("SCAN")] == []


def test_origins_and_skeletons_are_updated_with_the_client(services):
    key, _ = register(
        services, redirect_uris=(f"{REGISTERED_ORIGIN}/cb", "https://other.example/cb", "com.example.app:/cb")
    )
    assert stored_lookups(services.database) == (
        {REGISTERED_ORIGIN, "https://other.example"},
        {"The Relying Party": "therelylngparty"},
    )
    edit(services, key, redirect_uris=(f"{REGISTERED_ORIGIN}:8443/cb",), name="Grafana")
    assert stored_lookups(services.database) == ({f"{REGISTERED_ORIGIN}:8443"}, {"Grafana": "grafana"})
    with services.database.transaction() as db:
        clients.remove(db, SYSTEM, clients.get(db, key))
    assert stored_lookups(services.database) == (set(), {})


def test_stale_origin_does_not_match(services):
    key, _ = register(services)
    edit(services, key, redirect_uris=("https://other.example/cb",))
    with services.database.transaction() as db:
        clients.store_origins(db, clients.get(db, key).id, [f"{REGISTERED_ORIGIN}/cb"])
    assert owner(services.database, REGISTERED_ORIGIN) is None


def test_migration_fills_origins_and_skeletons(services, database):
    register(services)
    register(services, kind="oauth1", name="A Consumer", redirect_uris=(), grant_types=(), response_types=())
    before = stored_lookups(database)
    with schema.rebuilding(database) as connection:
        config = Config()
        config.set_main_option("script_location", str(schema.MIGRATIONS))
        config.attributes["connection"] = connection
        command.downgrade(config, "0013")  # the revision before 0015, which adds both
        command.upgrade(config, "head")
    assert stored_lookups(database) == before
    assert owner(database, REGISTERED_ORIGIN) is not None

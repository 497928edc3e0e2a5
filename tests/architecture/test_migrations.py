"""The migrations create exactly the tables of the models, on both databases."""

import importlib
import pkgutil

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Integer, MetaData, Table, create_engine

from authserver import domain
from authserver.domain.orm import Base

pytestmark = pytest.mark.both_databases


def differences(url, metadata):
    """Return the differences between the database and the models, which a new migration would have to remove."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return compare_metadata(
                MigrationContext.configure(connection, opts={"compare_type": True}), metadata
            )
    finally:
        engine.dispose()


@pytest.fixture
def records():
    """Return the tables of all models; imports every module of the domain."""
    for module in pkgutil.walk_packages(domain.__path__, "authserver.domain."):
        importlib.import_module(module.name)
    return Base.metadata


def test_migrations_create_the_tables_of_the_models(database_url, records):
    assert differences(database_url, records) == []


@pytest.mark.only_on("sqlite")
def test_missing_migration_is_found(database_url, records):
    planted = MetaData()
    for table in records.tables.values():
        table.to_metadata(planted)
    Table("forgotten", planted, Column("id", Integer, primary_key=True))
    added = [change[1].name for change in differences(database_url, planted) if change[0] == "add_table"]
    assert added == ["forgotten"]

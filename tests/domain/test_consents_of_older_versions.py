"""Migration 0020: consents of an older version cover the clients as they are at the time of the upgrade."""

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from authserver.domain import schema
from authserver.domain.authorizations import consents
from authserver.domain.clients import clients
from authserver.domain.orm import Database
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.relying_party import edit, register

pytestmark = [pytest.mark.both_databases, pytest.mark.own_app]


def test_migrated_consents_count_until_the_client_changes(
    services: Services, database: Database, alice: User
) -> None:
    key, _ = register(services, redirect_uris=("https://rp.example/cb", "com.example.app:/cb"))
    with database.transaction() as db:
        client_id = clients.get(db, key).id
        consents.remember(db, alice.id, client_id, ("profile",))
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    with schema.rebuilding(database) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0019")
        assert connection.scalar(text("SELECT count(*) FROM consents")) == 1
        command.upgrade(config, "head")
    with database.transaction(write=False) as db:
        assert consents.find_covering(db, alice.id, client_id) is not None
    edit(services, key, name="Another Name")
    with database.transaction(write=False) as db:
        assert consents.find_covering(db, alice.id, client_id) is None
        assert consents.is_outdated(db, alice.id, client_id)

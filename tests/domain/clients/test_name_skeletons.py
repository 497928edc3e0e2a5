"""Skeletons of names: names that look alike have the same skeleton, and a migration recomputes stored skeletons."""

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import select, update

from authserver.domain import schema
from authserver.domain.clients.clients import Client
from authserver.domain.clients.name_skeletons import skeleton_of
from authserver.domain.orm import Database
from authserver.protocol.services import Services
from tests.support.relying_party import register


@pytest.mark.parametrize(
    "other",
    [
        "GRAFANA",
        "Gráfana",
        "G r a f a n a",
        "grafаna",
        "ɡrafana",
        "Ｇｒａｆａｎａ",
        "𝐆rafana",
        "grafαna",
        "g-r-a-f-a-n-a",
    ],
)
def test_names_that_look_alike_have_equal_skeletons(other: str) -> None:
    assert skeleton_of(other) == skeleton_of("Grafana")


@pytest.mark.parametrize(
    ("one", "other"),
    [("ВМW", "BMW"), ("Modern", "Modem"), ("Paypa1", "PayPal"), ("App1e", "Apple"), ("ЗАПАД", "запад")],
)
def test_pairs_that_look_alike_have_equal_skeletons(one: str, other: str) -> None:
    assert skeleton_of(one) == skeleton_of(other)


@pytest.mark.parametrize("other", ["Graphana", "Grafana 2", "日本", ""])
def test_other_names_have_other_skeletons(other: str) -> None:
    assert skeleton_of(other) != skeleton_of("Grafana")


def test_the_migration_recomputes_stored_skeletons(services: Services, database: Database) -> None:
    register(services, name="ВМW")
    with database.transaction() as db:
        db.execute(update(Client).values(skeleton="something older"))
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    with schema.rebuilding(database) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0015")
        assert connection.scalar(select(Client.skeleton)) == "вмw"
        command.upgrade(config, "head")
        assert connection.scalar(select(Client.skeleton)) == "bmw"

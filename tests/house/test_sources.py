"""Laws 4 and 5: one place each for the commit, the time, the environment and chance."""

import ast

import pytest

from tests.house.engine import Room, dotted, imports, is_within, names, report, rooms

CLOCKS = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "datetime.now",
    "datetime.utcnow",
    "time.time",
    "time.time_ns",
    "time.gmtime",
    "time.localtime",
    "sqlalchemy.func.now",
    "sqlalchemy.func.current_timestamp",
}
ENVIRONMENT = {"os.environ", "os.environb", "os.getenv", "os.putenv"}
CHANCE = {"random", "uuid", "numpy", "os.urandom", "os.getrandom", "authlib.common.security"}
COMMITS = {"commit", "rollback"}


def one_commit(house: list[Room]) -> list[str]:
    """Calls of commit or rollback outside domain/db."""
    return [
        report(room, node.lineno, f".{node.func.attr}() belongs to domain/db")
        for room in house
        if room.path != "authserver/domain/db.py"
        for node in ast.walk(room.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in COMMITS
    ]


def one_clock(house: list[Room]) -> list[str]:
    """Other ways to ask what time it is than clock.now()."""
    return [
        report(room, line, f"{name} is not clock.now()")
        for room in house
        if room.path != "authserver/clock.py"
        for line, name in sorted(set(names(room)))
        if name in CLOCKS
    ]


def one_environment(house: list[Room]) -> list[str]:
    """Looks at the environment outside settings."""
    return [
        report(room, line, f"{name} belongs to settings")
        for room in house
        if room.path != "authserver/settings.py"
        for line, name in sorted(set(names(room)))
        if name in ENVIRONMENT
    ]


def chance_from_secrets(house: list[Room]) -> list[str]:
    """Random values from anywhere but `secrets`."""
    found = []
    for room in house:
        used = {(line, name) for line, name in imports(room) if is_within(name, CHANCE)}
        used |= {(line, name) for line, name in names(room) if name in {"os.urandom", "os.getrandom"}}
        found += [report(room, line, f"{name} is not `secrets`") for line, name in sorted(used)]
    return found


LAWS = [one_commit, one_clock, one_environment, chance_from_secrets]


@pytest.mark.parametrize("law", LAWS)
def test_house_obeys(law):
    assert law(rooms()) == []


@pytest.mark.parametrize(
    ("law", "source"),
    [
        (one_commit, "def f(session):\n    session.commit()"),
        (one_commit, "def f(self):\n    self.database.session().rollback()"),
        (one_clock, "from datetime import datetime, UTC\nx = datetime.now(UTC)"),
        (one_clock, "import datetime as d\nx = d.datetime.utcnow()"),
        (one_clock, "from time import time as t\nx = t()"),
        (one_clock, "import time\nx = time.time()"),
        (one_clock, "from sqlalchemy import func\nx = func.now()"),
        (one_clock, "from datetime import datetime\nf = dict(default=datetime.utcnow)"),
        (one_environment, "import os\nx = os.environ['A']"),
        (one_environment, "from os import getenv\nx = getenv('A')"),
        (chance_from_secrets, "import random"),
        (chance_from_secrets, "from uuid import uuid4"),
        (chance_from_secrets, "import os\nx = os.urandom(8)"),
        (chance_from_secrets, "from authlib.common.security import generate_token"),
    ],
)
def test_a_planted_violation_is_seen(law, source):
    assert len(law([Room("authserver/domain/users.py", source)])) == 1


def test_what_is_allowed_passes():
    source = "import secrets, time\nfrom authserver import clock\nx = secrets.token_urlsafe(), clock.now(), time.monotonic()"
    assert [law([Room("authserver/domain/users.py", source)]) for law in LAWS] == [[], [], [], []]


def test_dotted_names_stop_at_calls():
    assert dotted(ast.parse("a().b", mode="eval").body) == ""

"""Laws 4 and 5: one place each for the commit, the time, the environment and chance."""

import ast
import re

import pytest

from tests.architecture.engine import Room, dotted, imports, is_within, names, original, report, rooms

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
COMMITS = {"commit", "rollback", "begin", "begin_twophase"}
COMMIT_WORDS = re.compile(
    r"(BEGIN|COMMIT|ROLLBACK)( (DEFERRED|IMMEDIATE|EXCLUSIVE|TRANSACTION|WORK))?|AUTOCOMMIT"
)


def one_commit(house: list[Room]) -> list[str]:
    """Transactions that are opened or ended outside domain/db, by a call or by words; a savepoint is neither."""
    return [
        report(room, node.lineno, f"{found} belongs to domain/db")
        for room in house
        if room.path != "authserver/domain/orm.py"
        for node in ast.walk(room.tree)
        if (found := _transaction_call(room, node) or _transaction_words(node))
    ]


def _transaction_call(room: Room, node: ast.AST) -> str:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return ""
    # A function of ours may bear such a name: `arrivals.begin`.
    is_ours = original(room, dotted(node.func)).startswith("authserver.")
    return f".{node.func.attr}()" if node.func.attr in COMMITS and not is_ours else ""


def _transaction_words(node: ast.AST) -> str:
    words = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
    return words if COMMIT_WORDS.fullmatch(words) else ""


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
        (one_commit, "def f(engine):\n    with engine.begin() as connection:\n        connection.execute(x)"),
        (one_commit, "with Session(engine) as session, Session(engine).begin():\n    pass"),
        (one_commit, "driver.execute('BEGIN IMMEDIATE')"),
        (one_commit, "engine.execution_options(isolation_level='AUTOCOMMIT')"),
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
    assert len(law([Room("authserver/domain/users/users.py", source)])) == 1


def test_what_is_allowed_passes():
    source = "import secrets, time\nfrom authserver import clock\nx = secrets.token_urlsafe(), clock.now(), time.monotonic()"
    source += (
        "\nfrom authserver.web import arrivals\narrivals.begin(1)\nwith session.begin_nested():\n    pass"
    )
    assert [law([Room("authserver/domain/users/users.py", source)]) for law in LAWS] == [[], [], [], []]


def test_dotted_names_stop_at_calls():
    assert dotted(ast.parse("a().b", mode="eval").body) == ""

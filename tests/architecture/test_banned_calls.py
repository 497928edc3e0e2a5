"""Rules about calls. ruff checks most of them (TID251 in pyproject.toml). This module checks the two that depend on a
method name or an argument.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.architecture import ROOT

SOURCES = {
    path.relative_to(ROOT).as_posix(): path.read_text() for path in (ROOT / "authserver").rglob("*.py")
}
ENDS_A_TRANSACTION = {"commit", "rollback", "begin", "begin_twophase"}
TRANSACTION_STATEMENT = re.compile(
    r"(BEGIN|COMMIT|ROLLBACK)( (DEFERRED|IMMEDIATE|EXCLUSIVE|TRANSACTION|WORK))?|AUTOCOMMIT"
)


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime, UTC\nx = datetime.now(UTC)",
        "import datetime as d\nx = d.datetime.utcnow()",
        "from time import time as t\nx = t()",
        "from sqlalchemy import func\nx = func.now()",
        "import os\nx = os.environ['A']",
        "from os import getenv\nx = getenv('A')",
        "import random",
        "from uuid import uuid4",
        "import os\nx = os.urandom(8)",
        "from authlib.common.security import generate_token",
        "from authlib.integrations.flask_oauth2 import X",
        "from authlib import jose",
        "from flask import request\nx = request.host_url",
    ],
)
def test_ruff_rejects_a_banned_name(source):
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "TID251", "-"]
    name = ["--stdin-filename", "authserver/domain/users/users.py"]
    run = subprocess.run(
        [*command, *name], input=source, capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert "TID251" in run.stdout


def transactions(path: str, source: str) -> Iterator[str]:
    """Yield the places outside domain/orm that begin, commit or roll back a transaction; savepoints are allowed."""
    if path == "authserver/domain/orm.py":
        return
    for node in ast.walk(ast.parse(source)):
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if is_call and node.func.attr in ENDS_A_TRANSACTION:
            yield f"{path}:{node.lineno}"
        if isinstance(node, ast.Constant) and TRANSACTION_STATEMENT.fullmatch(str(node.value)):
            yield f"{path}:{node.lineno}"


def external_urls(path: str, source: str) -> Iterator[str]:
    """Yield the calls that build a URL from the Host header."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.keyword) and node.arg == "_external":
            yield f"{path}:{node.value.lineno}"


@pytest.mark.parametrize("rule", [transactions, external_urls])
def test_rule_is_kept(rule):
    assert [place for path, source in SOURCES.items() for place in rule(path, source)] == []


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (transactions, "def f(db):\n    db.commit()"),
        (
            transactions,
            "def f(engine):\n    with engine.begin() as connection:\n        connection.execute(x)",
        ),
        (transactions, "driver.execute('BEGIN IMMEDIATE')"),
        (transactions, "engine.execution_options(isolation_level='AUTOCOMMIT')"),
        (external_urls, "import flask\nx = flask.url_for('a', _external=True)"),
    ],
)
def test_planted_violation_is_found(rule, source):
    assert len(list(rule("authserver/domain/users/users.py", source))) == 1


def test_savepoint_is_allowed():
    assert list(transactions("authserver/web/current.py", "with db.begin_nested():\n    pass")) == []

"""Every dependency has its reason in docs/decisions/dependencies.md, and whatever is imported is a dependency."""

import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions

import pytest

from tests.architecture.engine import ROOT, Room, imports, report, rooms

OURS = {"authserver", "tests", "tools", "benchmarks", "wsgi"}


def named(requirements):
    """The package names of requirement strings: `oauthlib[signedtoken]>=4.0` is oauthlib."""
    return {re.match(r"[A-Za-z0-9_.-]+", requirement)[0].lower() for requirement in requirements}


def explained(page):
    """The first cells of all table rows but the heads."""
    return set(re.findall(r"^\| ([a-z0-9_.-]+) \|", page, re.MULTILINE))


def at_run_time():
    """What pyproject.toml says the product needs."""
    return named(_project()["project"]["dependencies"])


def altogether():
    """The same, with what building and the tests need."""
    return at_run_time().union(*map(named, _project()["dependency-groups"].values()))


@cache
def _project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def undeclared(house, declared):
    """Imports of packages that are there by accident only, because another package needs them."""
    return [
        report(room, line, f"{package} is imported and not declared")
        for room in house
        for line, name in imports(room)
        if (package := name.partition(".")[0]) not in OURS | sys.stdlib_module_names
        if not _distributions(package) & declared
    ]


def _distributions(package):
    return {name.lower().replace("_", "-") for name in _installed().get(package, ())}


@cache
def _installed():
    return packages_distributions()


def rooms_of(*folders):
    """Every source file in these folders at the top."""
    paths = [
        path
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "node_modules" not in path.parts
    ]
    return [Room(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths]


def test_every_dependency_is_explained_and_nothing_else():
    page = (ROOT / "docs" / "decisions" / "dependencies.md").read_text(encoding="utf-8")
    assert explained(page) == altogether()


def test_what_the_product_imports_is_declared():
    assert undeclared([*rooms(), *rooms_of("migrations")], at_run_time()) == []


def test_what_tests_and_tools_import_is_declared():
    assert undeclared(rooms_of("tests", "tools", "benchmarks"), altogether()) == []


def test_a_planted_dependency_is_seen():
    assert named(["Left-Pad[all]>=1"]) - explained("| flask | doors | – |") == {"left-pad"}


@pytest.mark.parametrize("source", ["import werkzeug", "from werkzeug.routing import Map", "import left_pad"])
def test_a_planted_import_is_seen(source):
    assert len(undeclared([Room("authserver/web/rendering/template_globals.py", source)], {"flask"})) == 1


def test_what_is_declared_passes():
    source = "import os, flask_login\nfrom sqlalchemy.orm import Session\nfrom authserver import clock"
    assert (
        undeclared(
            [Room("authserver/web/rendering/template_globals.py", source)], {"flask-login", "sqlalchemy"}
        )
        == []
    )

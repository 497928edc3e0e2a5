"""Every dependency has a reason in docs/decisions/dependencies.md, and every imported package is a dependency."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.architecture import ROOT

OWN_PACKAGES = {"authserver", "tests", "tools", "benchmarks", "wsgi"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DISTRIBUTIONS = packages_distributions()


def names_of(requirements: list[str]) -> set[str]:
    """Return the package names of requirements: `oauthlib[signedtoken]>=4.0` is oauthlib."""
    return {re.match(r"[A-Za-z0-9_.-]+", requirement)[0].lower() for requirement in requirements}


RUNTIME = names_of(PROJECT["project"]["dependencies"])
ALL = RUNTIME.union(*map(names_of, PROJECT["dependency-groups"].values()))


def explained(page: str) -> set[str]:
    """Return the first cells of all table rows except the heads."""
    return set(re.findall(r"^\| ([a-z0-9_.-]+) \|", page, re.MULTILINE))


def imported(source: str) -> Iterator[str]:
    """Yield the top-level packages that a module imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module).partition(".")[0]


def undeclared(source: str, declared: set[str]) -> set[str]:
    """Return the imported packages that are installed only because another package needs them."""
    foreign = set(imported(source)) - OWN_PACKAGES - sys.stdlib_module_names
    return {name for name in foreign if not _distributions_of(name) & declared}


def _distributions_of(package: str) -> set[str]:
    return {name.lower().replace("_", "-") for name in DISTRIBUTIONS.get(package, ())}


def sources(*folders: str) -> Iterator[Path]:
    """Yield the Python files in these top-level folders."""
    for folder in folders:
        yield from (path for path in (ROOT / folder).rglob("*.py") if "node_modules" not in path.parts)


@pytest.mark.parametrize(
    ("folders", "declared"),
    [(("authserver", "migrations"), RUNTIME), (("tests", "tools", "benchmarks"), ALL)],
    ids=["product", "tests and tools"],
)
def test_imported_packages_are_declared(folders, declared):
    found = {path: undeclared(path.read_text(encoding="utf-8"), declared) for path in sources(*folders)}
    assert {path: names for path, names in found.items() if names} == {}


def test_every_dependency_is_explained_and_nothing_else():
    page = (ROOT / "docs" / "decisions" / "dependencies.md").read_text(encoding="utf-8")
    assert explained(page) == ALL


def test_planted_dependency_is_found():
    assert names_of(["Left-Pad[all]>=1"]) - explained("| flask | pages | – |") == {"left-pad"}


@pytest.mark.parametrize("source", ["import werkzeug", "from werkzeug.routing import Map", "import left_pad"])
def test_planted_import_is_found(source):
    assert len(undeclared(source, {"flask"})) == 1


def test_declared_import_passes():
    source = "import os, flask_login\nfrom sqlalchemy.orm import Session\nfrom authserver import clock"
    assert undeclared(source, {"flask-login", "sqlalchemy"}) == set()

"""Every dependency has its reason in docs/decisions/dependencies.md, and every reason its dependency."""

import re
import tomllib

from tests.house.engine import ROOT


def named(requirements):
    """The package names of requirement strings: `oauthlib[signedtoken]>=4.0` is oauthlib."""
    return {re.match(r"[A-Za-z0-9_.-]+", requirement)[0].lower() for requirement in requirements}


def explained(page):
    """The first cells of all table rows but the heads."""
    return set(re.findall(r"^\| ([a-z0-9_.-]+) \|", page, re.MULTILINE))


def test_every_dependency_is_explained_and_nothing_else():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = named(project["project"]["dependencies"])
    for group in project["dependency-groups"].values():
        wanted |= named(group)
    page = (ROOT / "docs" / "decisions" / "dependencies.md").read_text(encoding="utf-8")
    assert explained(page) == wanted


def test_a_planted_dependency_is_seen():
    assert named(["Left-Pad[all]>=1"]) - explained("| flask | doors | – |") == {"left-pad"}

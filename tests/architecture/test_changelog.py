"""CHANGELOG.md follows Keep a Changelog, and its newest release is the version in pyproject.toml."""

import re
import tomllib
from datetime import date

from authserver.settings import ROOT

HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
RELEASE = re.compile(r"(\d+\.\d+\.\d+) - (\d{4}-\d{2}-\d{2})")
UNRELEASED = "Unreleased"


def headings(text):
    return HEADING.findall(text)


def malformed(text):
    """Return the sections that are neither a version with its date nor the unreleased changes on top."""
    first, *others = headings(text)
    return [
        heading
        for heading in [*([] if first == UNRELEASED else [first]), *others]
        if not _is_release(heading)
    ]


def newest_release(text):
    return next(match[1] for heading in headings(text) if (match := RELEASE.fullmatch(heading)))


def _is_release(heading):
    match = RELEASE.fullmatch(heading)
    return match is not None and bool(date.fromisoformat(match[2]))


def changelog():
    return (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_section_is_a_release():
    assert malformed(changelog()) == []


def test_the_newest_release_is_the_version_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert newest_release(changelog()) == project["project"]["version"]


def test_a_malformed_section_is_found():
    text = "## 1.1.0 - 2026-12-01\n\n## Unreleased\n\n## 1.0.0\n"
    assert malformed(text) == ["Unreleased", "1.0.0"]
    assert newest_release(text) == "1.1.0"

"""Selects the databases that a test runs on."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.databases import KINDS

TESTS = Path(__file__).resolve().parents[1]
ON_BOTH = {"domain", "faults"}
"""The folders whose tests run on both databases in every run."""


def kinds(test: pytest.Item | pytest.Function, *, is_full: bool) -> Sequence[str]:
    """Return the kinds of databases that a test runs on. A full run uses all databases that the test may run on."""
    if marker := test.get_closest_marker("only_on"):
        return tuple(marker.args)
    is_in_folder = test.path.is_relative_to(TESTS) and test.path.relative_to(TESTS).parts[0] in ON_BOTH
    is_on_both = is_full or is_in_folder or test.get_closest_marker("both_databases") is not None
    return KINDS if is_on_both else ("sqlite",)

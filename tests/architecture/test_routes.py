"""Law 6 for routes: every address that answers is in routes.txt, with its methods and the door that serves it.

A new route is a decision: write its line into routes.txt (the failure shows it).
"""

from pathlib import Path

import pytest

from authserver.web.machine.routes import routes

PINNED = Path(__file__).with_name("routes.txt")
IMPLIED = {"HEAD", "OPTIONS"}


def served(app):
    """Every address of both doors: `people GET,POST /sign-in`."""
    found = {
        ("people", rule.rule, method)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - IMPLIED
    }
    found |= {("machines", path, method) for path, route in routes().items() for method in route.methods}
    return [_line(door, path, found) for door, path in sorted({(door, path) for door, path, _ in found})]


def _line(door, path, found):
    methods = sorted({method for d, p, method in found if (d, p) == (door, path)} - IMPLIED)
    return f"{door} {','.join(methods)} {path}"


@pytest.mark.only_on("sqlite")
def test_every_route_is_pinned(app):
    pinned = PINNED.read_text(encoding="utf-8").splitlines()
    answers = served(app)
    assert {"new": sorted(set(answers) - set(pinned)), "gone": sorted(set(pinned) - set(answers))} == {
        "new": [],
        "gone": [],
    }


@pytest.mark.only_on("sqlite")
def test_no_address_is_served_by_both_doors(app):
    people = {rule.rule for rule in app.url_map.iter_rules()}
    assert people & set(routes()) == set()


@pytest.mark.only_on("sqlite")
@pytest.mark.own_app
def test_a_planted_route_is_seen(app):
    app.add_url_rule("/planted", "planted", view_func=lambda: "")
    assert "people GET /planted" in served(app)

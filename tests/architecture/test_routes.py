"""routes.txt lists every route, with its methods and whether it is a page or a machine endpoint.

A new route must be a deliberate decision: add the line that the failing test shows to routes.txt.
"""

from pathlib import Path

import pytest

from authserver.web.machine.routes import routes

ROUTES_FILE = Path(__file__).with_name("routes.txt")
IMPLIED = {"HEAD", "OPTIONS"}


def served(app):
    """Return the lines of all routes: `page GET,POST /sign-in`."""
    found = {
        ("page", rule.rule, method) for rule in app.url_map.iter_rules() for method in rule.methods - IMPLIED
    }
    found |= {("machine", path, method) for path, route in routes().items() for method in route.methods}
    return [_line(side, path, found) for side, path in sorted({(side, path) for side, path, _ in found})]


def _line(side, path, found):
    methods = sorted({method for s, p, method in found if (s, p) == (side, path)} - IMPLIED)
    return f"{side} {','.join(methods)} {path}"


@pytest.mark.only_on("sqlite")
def test_every_route_is_listed(app):
    listed = ROUTES_FILE.read_text(encoding="utf-8").splitlines()
    routes_now = served(app)
    assert {"new": sorted(set(routes_now) - set(listed)), "gone": sorted(set(listed) - set(routes_now))} == {
        "new": [],
        "gone": [],
    }


@pytest.mark.only_on("sqlite")
def test_no_path_serves_both_pages_and_machines(app):
    pages = {rule.rule for rule in app.url_map.iter_rules()}
    assert pages & set(routes()) == set()


@pytest.mark.only_on("sqlite")
@pytest.mark.own_app
def test_planted_route_is_found(app):
    app.add_url_rule("/planted", "planted", view_func=lambda: "")
    assert "page GET /planted" in served(app)

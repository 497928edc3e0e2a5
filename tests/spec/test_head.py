"""RFC 9110, section 9.3.2: HEAD is GET without the content of the response."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from authserver.app import create_app
from authserver.settings import Settings
from authserver.web.machine.routes import routes
from tests.web.browser_session import sign_in

pytestmark = pytest.mark.only_on("sqlite")


def readable_paths(app: Flask) -> list[str]:
    """Return a path for every route that supports GET."""
    rules = {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    rules |= {path for path, route in routes().items() if "GET" in route.methods}
    return sorted(re.sub(r"<[^>]*>", "7", rule) for rule in rules)


@pytest.mark.parametrize("is_signed_in", [False, True])
def test_head_answers_wherever_get_does(
    app: Flask, client: FlaskClient, sample_users: object, is_signed_in: bool
) -> None:
    """Section 9.1: general-purpose servers MUST support GET and HEAD. Section 9.3.2: the same header fields."""
    if is_signed_in:
        sign_in(client, "admin")
    for path in readable_paths(app):
        get, head = client.get(path), client.head(path)
        assert head.status_code == get.status_code, path
        assert head.get_data() == b"", path
        assert head.mimetype == get.mimetype, path
        # The browser gets its cookie only once.
        assert {*head.headers.keys(), "Set-Cookie"} == {*get.headers.keys(), "Set-Cookie"}, path


def test_path_outside_the_public_url_has_no_content(settings: Settings) -> None:
    """Section 9.3.2: the server MUST NOT send content in the response to HEAD."""
    app = create_app(settings.model_copy(update={"public_url": "https://login.example.org/auth"}))
    response = app.test_client().head("/elsewhere")
    app.extensions["authserver"].database.engine.dispose()
    assert (response.status_code, response.get_data()) == (404, b"")

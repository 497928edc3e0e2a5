"""Error pages say what happened and what to do. They need no database and show no stack trace."""

import re

import pytest
from flask import abort, request
from sqlalchemy import event
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from structlog.testing import capture_logs

from authserver.errors import Conflict, Forbidden, InvalidInput, NotFound, Throttled
from tests.web.browser_session import sign_in

pytestmark = pytest.mark.own_app

SECRET = "value-of-a-statement"


def database_error(kind):
    return kind("SELECT :x", {"x": SECRET}, Exception("the driver's words"))


CASES = {
    "not found": (NotFound("There is no such thing."), 404, "There is no such thing."),
    "conflict": (Conflict("It is the last one."), 409, "It is the last one."),
    "refused": (Forbidden("You may not."), 403, "You may not."),
    "input": (InvalidInput({"name": "Enter the name."}), 422, "Enter the name."),
    "throttled": (Throttled(90), 429, "Wait 2 minutes"),
    "stale": (StaleDataError(), 409, "Someone else changed this"),
    "collision": (database_error(IntegrityError), 409, "Someone else changed this"),
    "data": (database_error(DataError), 400, "could not read"),
    "database away": (database_error(OperationalError), 503, "cannot reach its database"),
    "connection gone": (database_error(InterfaceError), 503, "cannot reach its database"),
    "pool empty": (PoolTimeout(), 503, "cannot reach its database"),
    "surprise": (RuntimeError(SECRET), 500, "Something went wrong"),
}
STATUSES = {400, 403, 404, 405, 409, 413, 422, 429, 500, 503}


@pytest.fixture
def app(app):
    def fail(name):
        raise CASES[name][0]

    def abort_with(status):
        abort(status)

    app.add_url_rule("/fail/<name>", view_func=fail)
    app.add_url_rule("/refuse/<int:status>", view_func=abort_with)
    app.add_url_rule(
        "/only-post", view_func=lambda: request.form.get("x", ""), methods=["POST"], endpoint="only_post"
    )
    return app


@pytest.mark.parametrize("name", CASES)
def test_each_error_has_its_page(client, name):
    _, status, words = CASES[name]
    page = client.get(f"/fail/{name}")
    assert page.status_code == status
    assert words in page.text.replace("&#39;", "'")
    assert re.search(r'id="reference">[A-Z]{8,}<', page.text)
    assert "Traceback" not in page.text
    assert SECRET not in page.text
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("status", sorted(STATUSES | {410, 418, 501}))
def test_each_http_error_has_a_page(client, status):
    page = client.get(f"/refuse/{status}")
    assert page.status_code == status
    assert page.text.count("<h1>") == 1


def test_log_contains_the_reference_and_the_cause(client):
    with capture_logs() as lines:
        page = client.get("/fail/surprise")
    reference = re.search(r'id="reference">([^<]+)<', page.text)[1]
    (line,) = [line for line in lines if line["event"] == "unexpected error"]
    assert line["reference"] == reference
    assert isinstance(line["exc_info"], RuntimeError)


def test_statements_are_logged_without_their_values(client):
    with capture_logs() as lines:
        client.get("/fail/collision")
        client.get("/fail/database away")
    assert [line["detail"] for line in lines if "detail" in line] == ["the driver's words"] * 2
    assert SECRET not in str(lines)


@pytest.mark.parametrize("name", ["database away", "throttled"])
def test_retry_after_is_set(client, name):
    assert int(client.get(f"/fail/{name}").headers["Retry-After"]) > 0


def test_method_not_allowed_lists_the_allowed_methods(client):
    page = client.get("/only-post")
    assert page.status_code == 405
    assert "POST" in page.headers["Allow"]


def test_body_too_large(client, settings):
    assert client.post("/only-post", data={"x": "a" * settings.max_body_bytes}).status_code == 413


def test_too_many_fields(client):
    fields = {f"field{number}": "x" for number in range(2000)}
    assert client.post("/only-post", data=fields).status_code in {400, 413}


def test_form_without_csrf_token(client):
    page = client.post("/only-post", data={"x": "y"})
    assert page.status_code == 400
    assert "has expired" in page.text


def test_error_pages_need_no_database(client, sample_users, database):
    sign_in(client, "alice")
    statements = []
    event.listen(database.engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    assert client.get("/no-such-page").status_code == 404
    assert client.get("/fail/surprise").status_code == 500
    assert statements == []


def test_error_rolls_back_the_writes_of_the_view(app, client, sample_users, database):
    from authserver.domain.users import users
    from authserver.web import current

    @current.writes
    def half():
        users.get(current.transaction(), sample_users["alice"].id).name = "Half"
        current.transaction().flush()
        raise Conflict("Too late.")

    app.add_url_rule("/half", view_func=half)
    assert client.get("/half").status_code == 409
    with database.transaction(write=False) as db:
        assert users.get(db, sample_users["alice"].id).name == "Alice Adams"


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "path", ["/%00", "/%ff%fe", "/account/sessions/99999999999999999999999/end", "/..%2f..%2fetc"]
)
def test_malformed_paths_are_not_found(client, path):
    assert client.get(path).status_code in {303, 404, 405}

"""Every error becomes a page that says what happened and what to do, without records and without a stack trace."""

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


def of_database(kind):
    return kind("SELECT :x", {"x": SECRET}, Exception("the driver's words"))


CASES = {
    "not found": (NotFound("There is no such thing."), 404, "There is no such thing."),
    "conflict": (Conflict("It is the last one."), 409, "It is the last one."),
    "refused": (Forbidden("You may not."), 403, "You may not."),
    "input": (InvalidInput({"name": "Enter the name."}), 422, "Enter the name."),
    "throttled": (Throttled(90), 429, "Wait 2 minutes"),
    "stale": (StaleDataError(), 409, "changed in the meantime"),
    "collision": (of_database(IntegrityError), 409, "changed in the meantime"),
    "data": (of_database(DataError), 400, "cannot read"),
    "database away": (of_database(OperationalError), 503, "cannot reach its database"),
    "connection gone": (of_database(InterfaceError), 503, "cannot reach its database"),
    "pool empty": (PoolTimeout(), 503, "cannot reach its database"),
    "surprise": (RuntimeError(SECRET), 500, "Something went wrong here"),
}
STATUSES = {400, 403, 404, 405, 409, 413, 422, 429, 500, 503}


@pytest.fixture
def app(app):
    def fail(name):
        raise CASES[name][0]

    def refuse(status):
        abort(status)

    app.add_url_rule("/fail/<name>", view_func=fail)
    app.add_url_rule("/refuse/<int:status>", view_func=refuse)
    app.add_url_rule(
        "/only-post", view_func=lambda: request.form.get("x", ""), methods=["POST"], endpoint="only_post"
    )
    return app


@pytest.mark.parametrize("name", CASES)
def test_errors_have_their_pages(client, name):
    _, status, words = CASES[name]
    page = client.get(f"/fail/{name}")
    assert page.status_code == status
    assert words in page.text.replace("&#39;", "'")
    assert re.search(r'id="reference">[A-Z]{8,}<', page.text)
    assert "Traceback" not in page.text
    assert SECRET not in page.text
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("status", sorted(STATUSES | {410, 418, 501}))
def test_http_errors_have_their_pages(client, status):
    page = client.get(f"/refuse/{status}")
    assert page.status_code == status
    assert page.text.count("<h1>") == 1


def test_the_log_knows_the_reference_and_the_cause(client):
    with capture_logs() as lines:
        page = client.get("/fail/surprise")
    reference = re.search(r'id="reference">([^<]+)<', page.text)[1]
    (line,) = [line for line in lines if line["event"] == "unexpected error"]
    assert line["reference"] == reference
    assert isinstance(line["exc_info"], RuntimeError)


def test_statements_are_not_logged_with_their_values(client):
    with capture_logs() as lines:
        client.get("/fail/collision")
        client.get("/fail/database away")
    assert [line["detail"] for line in lines if "detail" in line] == ["the driver's words"] * 2
    assert SECRET not in str(lines)


@pytest.mark.parametrize("name", ["database away", "throttled"])
def test_when_to_come_back_is_told(client, name):
    assert int(client.get(f"/fail/{name}").headers["Retry-After"]) > 0


def test_a_method_that_is_not_meant_is_told_what_is(client):
    page = client.get("/only-post")
    assert page.status_code == 405
    assert "POST" in page.headers["Allow"]


def test_a_body_that_is_too_large(client, settings):
    assert client.post("/only-post", data={"x": "a" * settings.max_body_bytes}).status_code == 413


def test_too_many_fields(client):
    fields = {f"field{number}": "x" for number in range(2000)}
    assert client.post("/only-post", data=fields).status_code in {400, 413}


def test_a_form_without_its_token(client):
    page = client.post("/only-post", data={"x": "y"})
    assert page.status_code == 400
    assert "too old" in page.text


def test_error_pages_need_no_records(client, people, database):
    sign_in(client, "alice")
    statements = []
    event.listen(database.engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    assert client.get("/no-such-page").status_code == 404
    assert client.get("/fail/surprise").status_code == 500
    assert statements == []


def test_an_error_rolls_back_what_the_view_wrote(app, client, people, database):
    from authserver.domain.users import users
    from authserver.web import current

    @current.writes
    def half():
        users.get(current.transaction(), people["alice"].id).name = "Half"
        current.transaction().flush()
        raise Conflict("Too late.")

    app.add_url_rule("/half", view_func=half)
    assert client.get("/half").status_code == 409
    with database.transaction(write=False) as db:
        assert users.get(db, people["alice"].id).name == "Alice Adams"


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "path", ["/%00", "/%ff%fe", "/account/sessions/99999999999999999999999/end", "/..%2f..%2fetc"]
)
def test_odd_addresses_are_not_found(client, path):
    assert client.get(path).status_code in {303, 404, 405}

"""Each browser request has one transaction, which a response commits and an exception rolls back."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from authserver.domain.keys.key_ring import KeyRing
from authserver.domain.user_sessions import UserSession
from authserver.domain.users import users
from authserver.errors import Conflict
from authserver.web import current
from tests.web.admin.console import Console
from tests.web.browser_session import sign_in

PAGES = ["/admin", "/admin/clients", "/admin/clients/new", "/admin/users", "/account", "/account/password"]


@pytest.fixture
def console(client, services, sample_users):
    sign_in(client, "admin")
    return Console(client, services)


@pytest.fixture
def begun(database, monkeypatch):
    """One value per transaction: whether it can write. The transactions of the signing keys are omitted."""
    found = []
    monkeypatch.setattr(KeyRing, "refresh", lambda _: None)

    def on_begin(connection):
        found.append("authserver_begin" not in connection.get_execution_options())

    event.listen(database.engine, "begin", on_begin)
    yield found
    event.remove(database.engine, "begin", on_begin)


def name_of_alice(sample_users, database):
    with database.transaction(write=False) as db:
        return users.get(db, sample_users["alice"].id).name


@pytest.mark.parametrize("path", PAGES)
def test_a_page_reads_in_one_transaction(console, begun, path):
    begun.clear()
    assert console.get(path).status_code == 200
    assert begun == [False]


def test_a_change_has_one_transaction(console, sample_users, database, begun):
    page = console.get(f"/admin/users/{sample_users['alice'].id}/edit")
    begun.clear()
    assert console.press(page, "Save", name="Alice B.").status_code == 303
    assert begun == [True]
    assert name_of_alice(sample_users, database) == "Alice B."


def test_a_rejected_request_has_one_transaction(client, services, sample_users, begun):
    sign_in(client, "alice")
    begun.clear()
    assert client.get("/admin").status_code == 403
    assert begun == [False]


def test_the_last_use_of_a_session_is_recorded(console, sample_users, database, begun, moving_clock):
    with database.transaction() as db:
        row = db.query(UserSession).one()
    page = console.get(f"/admin/users/{sample_users['alice'].id}/edit")
    for method, transactions in (("post", [True]), ("get", [False, True])):
        moving_clock.advance(timedelta(minutes=1))
        begun.clear()
        console.press(page, "Save") if method == "post" else console.get("/admin")
        assert begun == transactions
        with database.transaction(write=False) as db:
            seen_at = db.get_one(UserSession, row.id).seen_at
        assert moving_clock.now() - seen_at < timedelta(minutes=1)


@pytest.mark.own_app
def test_an_exception_rolls_back_the_checks_before_the_view(app, client, services, sample_users, database):
    @current.writes
    def renamed():
        raise Conflict("Too late.")

    @app.before_request
    def rename():
        users.get(current.transaction(), sample_users["alice"].id).name = "Renamed"

    app.add_url_rule("/renamed", view_func=renamed)
    assert client.get("/renamed").status_code == 409
    assert name_of_alice(sample_users, database) == "Alice Adams"


@pytest.mark.own_app
def test_a_response_from_a_check_before_the_view_is_committed(app, client, sample_users, database):
    @app.before_request
    def rename():
        users.get(current.transaction(), sample_users["alice"].id).name = "Renamed"
        return "renamed"

    app.add_url_rule("/renamed", view_func=current.writes(lambda: "unreached"))
    assert client.get("/renamed").text == "renamed"
    assert name_of_alice(sample_users, database) == "Renamed"

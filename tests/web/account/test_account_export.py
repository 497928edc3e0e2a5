"""Users download their data as a file, after a recent sign-in."""

import json
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from authserver.domain import audit
from authserver.domain.orm import Database
from authserver.domain.user_sessions import UserSession
from authserver.domain.users.users import User
from authserver.settings import Settings
from tests.support import forms
from tests.web.browser_session import sign_in

pytestmark = pytest.mark.both_databases


@pytest.fixture
def signed_in(client: FlaskClient, sample_users: dict[str, User]) -> FlaskClient:
    sign_in(client, "alice")
    return client


def test_data_is_downloaded_as_a_json_file(signed_in: FlaskClient, database: Database) -> None:
    assert 'href="/account/data"' in signed_in.get("/account").text
    response = forms.submit(signed_in, signed_in.get("/account/data"), "data-download")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.headers["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert "no-store" in response.headers["Cache-Control"]
    assert json.loads(response.text)["account"]["username"] == "alice"
    with database.transaction(write=False) as db:
        newest = audit.page_of_events(db, audit.EventFilter(), limit=1)[0][0]
    assert (newest.event, newest.actor_name) == ("user:export", "alice")


def test_download_requires_a_recent_sign_in(
    signed_in: FlaskClient, database: Database, settings: Settings
) -> None:
    page = signed_in.get("/account/data")
    with database.transaction() as db:
        row = db.query(UserSession).one()
        row.signed_in_at -= settings.recent_sign_in + timedelta(minutes=1)
    assert signed_in.get("/account/data").location.startswith("/sign-in?next=/account/data")
    assert forms.submit(signed_in, page, "data-download").status_code == 403

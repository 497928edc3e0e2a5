"""The groups and roles of a client, and the claims in its ID token."""

import pytest

from authserver.context import SYSTEM
from authserver.domain import scopes
from tests.support import groups
from tests.web.admin.console import HTMX_DIALOG, authorize


@pytest.fixture
def portal(console):
    """A client and a group with Alice."""
    groups.add(console.services.database, "Engineering", "alice")
    groups.add(console.services.database, "Wing")
    return console.add_client("Portal", approve=True)


def form(console, client):
    return console.get(f"/admin/clients/{client.client_key}/access")


def details(console, client):
    return console.client(client.client_key).details


def test_groups_and_roles_are_saved(console, portal):
    response = console.press(
        form(console, portal), "Save", allowed_groups=["Wing"], roles="editor = Engineering\n\nviewer=Wing"
    )
    assert response.status_code == 303
    assert details(console, portal) == {
        "allowed_groups": ["Wing"],
        "roles": ["editor=Engineering", "viewer=Wing"],
    }
    settings = console.get(f"/admin/clients/{portal.client_key}/settings").text
    assert "Allowed groups" in settings
    assert "editor" in settings
    assert 'value="Wing" checked' in " ".join(form(console, portal).text.split())


def test_selection_is_cleared(console, portal):
    console.press(form(console, portal), "Save", allowed_groups=["Wing"], roles="editor=Wing")
    console.press(form(console, portal), "Save", allowed_groups=None, roles="")
    assert details(console, portal) == {}
    assert "Every user may use the client" in console.get(f"/admin/clients/{portal.client_key}/settings").text


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"allowed_groups": ["Nobody"]}, "allowed_groups"),
        ({"roles": "editor=Nobody"}, "roles"),
        ({"roles": "editor"}, "roles"),
        ({"roles": "=Wing"}, "roles"),
    ],
)
def test_invalid_input_is_shown_again(console, portal, values, field):
    page = console.press(form(console, portal), "Save", **values)
    assert page.status_code == 422
    assert f'id="{field}-error"' in page.text
    assert details(console, portal) == {}


def test_conflicting_edit_is_shown(console, portal):
    pages = [form(console, portal) for _ in range(2)]
    console.press(pages[0], "Save", allowed_groups=["Wing"])
    assert console.press(pages[1], "Save", headers=HTMX_DIALOG, roles="a=Wing").status_code == 409
    assert details(console, portal) == {"allowed_groups": ["Wing"]}


def test_diagnostics_offers_the_dialog(console, portal):
    """An administrator outside the group sees the page, and the error leads to the setting."""
    console.press(form(console, portal), "Save", allowed_groups=["Wing"])
    page = authorize(console.browser, portal)
    assert page.status_code == 403
    reference = page.text.partition('<code id="reference">')[2][:8]
    error = console.get(f"/admin/diagnostics/{reference}").text
    assert "The user may not use this client" in error
    assert f"/admin/clients/{portal.client_key}/access" in error


def test_user_page_marks_applications_that_the_user_may_not_use(console, portal):
    authorize(console.browser, portal)
    console.press(form(console, portal), "Save", allowed_groups=["Wing"])
    with console.services.database.transaction(write=False) as db:
        admin = groups.find_user(db, "admin")
    assert "not in an allowed group" not in console.get(f"/admin/users/{admin.id}").text


def test_claims_in_the_id_token_are_chosen(console, portal):
    page = console.get(f"/admin/clients/{portal.client_key}/tokens")
    assert "Auth.js" in page.text
    assert console.press(page, "Save", id_token_claims="all").status_code == 303
    assert details(console, portal) == {"id_token_claims": "all"}
    page = console.get(f"/admin/clients/{portal.client_key}/tokens")
    console.press(page, "Save", id_token_claims="")
    assert details(console, portal) == {}


def test_claims_of_a_scope_are_edited(console):
    with console.services.database.transaction() as db:
        scopes.add(db, SYSTEM, name="directory", words="See your work", claims={"tenant": '"acme"'})
    page = console.get("/admin/settings/scopes/edit?name=directory")
    assert "tenant = &#34;acme&#34;" in page.text
    refused = console.press(page, "Save", claims="sub = username")
    assert refused.status_code == 422
    assert "The claim sub is reserved." in refused.text
    assert "sub = username" in refused.text
    assert console.press(page, "Save", claims="login = username\nsite=attribute:site").status_code == 303
    with console.services.database.transaction(write=False) as db:
        assert scopes.get(db, "directory").claims == {"login": "username", "site": "attribute:site"}
    assert "login" in console.get("/admin/settings/scopes").text

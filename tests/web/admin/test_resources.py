"""Resources in the console: define, change and remove them, and choose them in the options of a client."""

from html import unescape
from urllib.parse import quote

import pytest

from tests.web.admin.console import HTMX_DIALOG

API = "https://api.example.org/models?v=1&x"
EDIT = f"/admin/settings/resources/edit?identifier={quote(API)}"


def define(console, identifier=API, name="Models API", **more):
    page = console.get("/admin/settings/resources/new")
    return console.press(page, "Save", identifier=identifier, name=name, **more)


def test_resource_is_defined(console, trail):
    assert "No resources are defined" in console.get("/admin/settings/resources").text
    response = define(console, scopes="models.read models.write", open="1")
    assert response.status_code == 303
    text = unescape(console.get(response.location).text)
    assert all(part in text for part in ("Models API", API, "models.write", "Every client"))
    assert (trail()[0].event, trail()[0].after["scopes"]) == ("resource:add", ["models.read", "models.write"])
    assert "defined the resource" in console.get("/admin/activity").text


def test_invalid_input_is_named_under_its_field(console):
    response = define(console, identifier="models", name="", scopes="openid")
    assert response.status_code == 422
    for field in ("identifier", "name", "scopes"):
        assert f'id="{field}-error"' in response.text
    assert 'value="models"' in response.text
    assert 'value="openid"' in response.text
    define(console)
    assert "already defined" in define(console).text


def test_resource_is_changed(console, trail):
    define(console, scopes="models.read")
    response = console.press(console.get(EDIT), "Save", name="Models", scopes="models.all", open="1")
    assert response.status_code == 303
    assert trail()[0].before["scopes"] == ["models.read"]
    assert trail()[0].after == {
        "identifier": API,
        "name": "Models",
        "scopes": ["models.all"],
        "open": True,
    }


def test_conflicting_edit_shows_the_other_change(console):
    define(console)
    pages = [console.get(EDIT) for _ in range(2)]
    assert console.press(pages[0], "Save", name="First").status_code == 303
    answer = console.press(pages[1], "Save", headers=HTMX_DIALOG, name="Second")
    assert answer.status_code == 409
    assert "Your change was not applied" in answer.text
    assert "Second" not in console.get("/admin/settings/resources").text


def test_invalid_input_keeps_the_revision_that_was_shown(console):
    define(console)
    pages = [console.get(EDIT) for _ in range(2)]
    invalid = console.press(pages[1], "Save", name="")
    assert invalid.status_code == 422
    console.press(pages[0], "Save", name="First")
    assert console.press(invalid, "Save", name="Second").status_code == 409


def test_resource_is_removed(console, trail):
    define(console)
    page = console.get(f"/admin/settings/resources/remove?identifier={quote(API)}")
    response = console.press(page, "Remove")
    assert "was removed" in console.get(response.location).text
    assert "No resources are defined" in console.get("/admin/settings/resources").text
    assert trail()[0].event == "resource:remove"
    assert console.get(EDIT).status_code == 404


@pytest.mark.parametrize("name", ["{0}", "a.{b}", "%(name)s", "<b>API</b>"])
def test_name_with_format_characters(console, name):
    assert name in unescape(console.get(define(console, name=name).location).text)


def test_client_form_offers_the_resources(console):
    define(console)
    define(console, identifier="https://other.example.org/", name="Other API")
    client = console.add_client()
    url = f"/admin/clients/{client.client_key}/tokens"
    more = {"resources_defined": [API], "resources": "https://third.example.org/\n", "serves": API}
    assert console.press(console.get(url), "Save", **more).status_code == 303
    details = console.client(client.client_key).details
    assert details == {"resources": [API, "https://third.example.org/"], "serves": [API]}
    assert console.press(console.get(url), "Save").status_code == 303
    assert console.client(client.client_key).details == details, "the form shows what is registered"
    assert console.press(console.get(url), "Save", resources_defined=[], resources="").status_code == 303
    assert console.client(client.client_key).details == {"serves": [API]}
    settings = console.get(f"/admin/clients/{client.client_key}/settings").text
    assert "Serves" in settings


def test_resources_of_a_client_have_a_limit(console):
    client = console.add_client()
    page = console.get(f"/admin/clients/{client.client_key}/tokens")
    uris = "\n".join(f"https://api.example.org/{letter * 1500}" for letter in "abc")
    response = console.press(page, "Save", resources=uris)
    assert response.status_code == 422
    assert "All identifiers together" in response.text


def test_right_and_type_header_are_saved(console):
    client = console.add_client()
    url = f"/admin/clients/{client.client_key}/tokens"
    assert "learns which users use which applications" in console.get(url).text
    console.press(console.get(url), "Save", may_introspect_all="1", access_token_typ="JWT")
    assert console.client(client.client_key).details == {
        "may_introspect_all": True,
        "access_token_typ": "JWT",
    }
    assert console.press(console.get(url), "Save").status_code == 303
    assert console.client(client.client_key).details["may_introspect_all"] is True
    settings = console.get(f"/admin/clients/{client.client_key}/settings").text
    assert "May introspect the tokens of every client" in settings
    console.press(console.get(url), "Save", may_introspect_all=[], access_token_typ="")
    assert console.client(client.client_key).details == {}


def test_client_cannot_register_the_right_for_itself(console):
    """S16: only administrators give this right, and choose the resources and the format of tokens."""
    for name, value in {
        "may_introspect_all": True,
        "access_token_typ": "JWT",
        "serves": ["https://a.example/"],
        "resources": ["https://a.example/"],
    }.items():
        metadata = {"redirect_uris": ["https://app.example.org/cb"], name: value}
        response = console.browser.application.test_client().post("/oauth2/register", json=metadata)
        assert response.status_code == 201
        assert name not in response.get_json()
        assert console.client(response.get_json()["client_id"]).details.get(name) is None

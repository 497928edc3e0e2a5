"""Edit client, and the pages of a client."""

import pytest

from authserver.domain.clients import clients
from tests.web.admin.console import HTMX_DIALOG


@pytest.mark.parametrize("kind", ["oauth1", "oauth2", "oidc"])
def test_client_of_each_type_is_edited(console, trail, kind):
    client = console.add_client(kind=kind)
    page = console.get(f"/admin/clients/{client.client_key}/edit")
    values = {
        "name": "Grafana 2",
        "redirect_uris": "https://a.example/cb\nhttps://b.example/cb",
        "trusted": "1",
    }
    response = console.press(page, "Save", **values)
    assert response.location == f"/admin/clients/{client.client_key}/settings"
    after = console.client(client.client_key)
    assert (after.name, after.kind, after.is_trusted) == ("Grafana 2", kind, True)
    assert after.redirect_uris == ["https://a.example/cb", "https://b.example/cb"]
    assert after.status == "pending"
    event = trail()[0]
    assert (event.event, event.before["name"], event.after["name"]) == ("client:edit", "Grafana", "Grafana 2")
    shown = console.get(response.location).text
    assert "https://b.example/cb" in shown
    assert "<bdi>Grafana 2</bdi> was saved." in shown


def test_saving_without_changes_keeps_everything(console):
    client = console.add_client(
        grant_types=("authorization_code", "password", "urn:ietf:params:oauth:grant-type:device_code"),
        response_types=("code", "code id_token"),
        scopes=("openid", "models"),
        auth_method="client_secret_post",
        is_pkce_required=False,
        is_trusted=True,
        details={"client_uri": "https://example.org"},
    )
    console.press(console.get(f"/admin/clients/{client.client_key}/edit"), "Save")
    after = console.client(client.client_key)
    assert set(after.grant_types) == set(client.grant_types)
    for column in [
        "response_types",
        "scopes",
        "auth_method",
        "is_pkce_required",
        "is_trusted",
        "details",
    ]:
        assert getattr(after, column) == getattr(client, column), column


def test_kind_and_key_cannot_be_edited(console):
    client = console.add_client()
    page = console.get(f"/admin/clients/{client.client_key}/edit")
    console.press(page, "Save", kind="oauth1", client_key="mine", name="New")
    assert console.client(client.client_key).kind == "oidc"
    assert console.client("mine") is None


def test_invalid_input_is_shown_again_and_changes_nothing(console):
    client = console.add_client()
    page = console.get(f"/admin/clients/{client.client_key}/edit")
    wrong = console.press(page, "Save", name="New", redirect_uris="ftp://x.example/")
    assert wrong.status_code == 422
    assert 'value="New"' in wrong.text
    assert console.client(client.client_key).name == "Grafana"
    assert console.press(wrong, "Save", redirect_uris="https://x.example/").status_code == 303


def test_conflicting_edit_shows_the_other_change(console):
    client = console.add_client()
    pages = [console.get(f"/admin/clients/{client.client_key}/edit") for _ in range(2)]
    console.press(pages[0], "Save", name="First")
    response = console.press(pages[1], "Save", headers=HTMX_DIALOG, name="Second")
    assert response.status_code == 409
    assert "First" in response.text
    assert console.client(client.client_key).name == "First"


def test_public_client_can_become_confidential(console):
    client = console.add_client(auth_method="none")
    page = console.get(f"/admin/clients/{client.client_key}/edit")
    console.press(page, "Save", secret_choice=None)
    assert console.client(client.client_key).auth_method == "client_secret"
    assert "has no active secret" in console.get(f"/admin/clients/{client.client_key}").text


def test_pending_client_is_reviewed_on_its_page(console):
    client = console.add_client()
    text = console.get(f"/admin/clients/{client.client_key}").text
    assert "Review before you approve" in text
    assert "203.0.113.9" in text
    console.press(console.get(f"/admin/clients/{client.client_key}/approve"), "Approve")
    assert "Review before you approve" not in console.get(f"/admin/clients/{client.client_key}").text


def test_activity_tab_shows_before_and_after(console):
    client = console.add_client()
    console.press(console.get(f"/admin/clients/{client.client_key}/edit"), "Save", name="Renamed")
    text = console.get(f"/admin/clients/{client.client_key}/activity").text
    assert '<bdi class="trail-name">admin</bdi> edited the client <bdi class="trail-name">' in text
    assert '<dd class="was"><span class="visually-hidden">was: </span><bdi dir="auto">Grafana</bdi>' in text
    assert (
        '<dd class="now"><span class="visually-hidden">is now: </span><bdi dir="auto">Renamed</bdi>' in text
    )


def test_names_are_escaped(console):
    client = console.add_client('<img src=x onerror="alert(1)">')
    for path in ["/admin/clients", f"/admin/clients/{client.client_key}", "/admin/activity", "/admin"]:
        assert "<img" not in console.get(path).text


@pytest.mark.parametrize(
    ("uri", "sentence", "fix"),
    [
        ("https://app.example.org/cb", "", ""),
        ("app.example.org/cb", "The scheme is missing", "https://app.example.org/cb"),
        ("http://app.example.org/cb", "Use https://", "https://app.example.org/cb"),
        ("https://app.example.org/cb/", "ends with a slash", "https://app.example.org/cb"),
        (
            "https://app.example.org/cb?code=1&state=2",
            "is copied from a completed sign-in",
            "https://app.example.org/cb",
        ),
        ("myapp:/cb", "can also claim the scheme myapp", ""),
        ("https%3A%2F%2Fapp.example.org%2Fcb", "is percent-encoded", "https://app.example.org/cb"),
        ("javascript:alert(1)", "is not safe for a redirect URI", ""),
        ("https://\0", "not allowed in URIs", ""),
    ],
)
@pytest.mark.only_on("sqlite")
def test_redirect_uri_is_checked_while_typing(console, uri, sentence, fix):
    response = console.browser.get("/admin/redirect-uris/check", query_string={"uri": uri}).json
    assert sentence in response["sentence"]
    assert bool(response["sentence"]) == bool(sentence)
    assert response["fix"] == fix


def test_name_does_not_affect_the_surrounding_message(console, services):
    """A name with any content, also one from an older version, adds no markup and changes no text around it."""
    client = console.add_client()
    name = "{name} <b>\u202egpj"
    with services.database.transaction() as db:
        clients.get(db, client.client_key).name = name
    response = console.press(console.get(f"/admin/clients/{client.client_key}/approve"), "Approve")
    shown = console.get(response.location).text
    assert "<bdi>{name} &lt;b&gt;\u202egpj</bdi> is approved and can be used." in shown

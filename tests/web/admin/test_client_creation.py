"""Create client, for every client type, without scripts."""

import re

import pytest

from authserver.domain.clients import client_secrets
from tests.support import forms
from tests.support.relying_party import edit
from tests.support.table import table
from tests.web.admin.console import HTMX_DIALOG

KINDS = ["oauth1", "oauth2", "oidc"]


def code_after(text, label):
    match = re.search(rf"<dt>{label}</dt>\s*<dd><bdi dir=\"ltr\"><code>([^<]+)</code>", text)
    return match and match[1]


def create(console, tab="oidc", button="Save", **values):
    page = console.get(f"/admin/clients/new?kind={tab}")
    filled = {"name": "Grafana", "redirect_uris": "https://grafana.example.org/login"} | values
    return console.press(page, button, **filled)


@pytest.mark.parametrize("kind", KINDS)
def test_client_of_each_type_is_created_pending_with_key_and_secret(console, kind):
    page = create(console, kind)
    noun = "Consumer" if kind == "oauth1" else "Client"
    key = code_after(page.text, f"{noun} key")
    secret = code_after(page.text, f"{noun} secret")
    client = console.client(key)
    assert (client.kind, client.status, client.source, client.name) == (kind, "pending", "console", "Grafana")
    assert len(secret) >= 43
    assert "no-store" in page.headers["Cache-Control"]
    assert "not shown again" in page.text or "not be shown again" in page.text
    with console.services.database.transaction(write=False) as db:
        (stored,) = client_secrets.secrets_of_client(db, client)
    assert secret not in stored.stored
    assert stored.form == ("sealed" if kind == "oauth1" else "hmac")
    form = client_secrets.StoredSecret(stored.id, stored.form, stored.pepper_id, stored.stored, None, None)
    assert console.services.secret_verifier.verify((form,), client.revision, secret)


def test_secret_is_in_no_cookie_url_or_later_page(console):
    page = create(console)
    secret, key = code_after(page.text, "Client secret"), code_after(page.text, "Client key")
    assert not any(secret in value for value in page.headers.getlist("Set-Cookie"))
    for tab in ["", "/settings", "/credentials", "/activity", "/edit"]:
        assert secret not in console.get(f"/admin/clients/{key}{tab}").text


def test_repeated_form_creates_no_second_client(console):
    page = console.get("/admin/clients/new")
    values = {"name": "Grafana", "redirect_uris": "https://grafana.example.org/login"}
    first = console.press(page, "Save", **values)
    again = console.press(page, "Save", **values)
    key = code_after(first.text, "Client key")
    assert again.status_code == 303
    assert again.location == f"/admin/clients/{key}/credentials"
    assert "was already submitted" in console.get(again.location).text
    assert 'Client keys <span class="soft">1<' in console.get("/admin/clients").text


@pytest.mark.parametrize("kind", ["oauth2", "oidc"])
def test_device_client_needs_neither_redirect_uri_nor_response_type(console, kind):
    device = "urn:ietf:params:oauth:grant-type:device_code"
    page = create(console, kind, redirect_uris="", grant_types=[device])
    client = console.client(code_after(page.text, "Client key"))
    assert (client.grant_types, client.redirect_uris, client.response_types) == ([device], [], [])
    console.press(console.get(f"/admin/clients/{client.client_key}/edit"), "Save", name="TV")
    assert console.client(client.client_key).name == "TV"


def test_repeated_redirect_uri_counts_once(console):
    page = create(console, redirect_uris="https://a.example/\nhttps://a.example/")
    assert console.client(code_after(page.text, "Client key")).redirect_uris == ["https://a.example/"]


@pytest.mark.parametrize("kind", KINDS)
def test_administrator_may_allow_a_scheme_without_a_dot_and_sees_a_warning(console, kind):
    uri = "cursor://anysphere.cursor-mcp/oauth/callback"
    label = "Consumer key" if kind == "oauth1" else "Client key"
    client = console.client(code_after(create(console, kind, redirect_uris=uri).text, label))
    assert client.redirect_uris == [uri]
    for page in ("settings", "edit"):
        assert (
            "can also claim the scheme cursor"
            in console.get(f"/admin/clients/{client.client_key}/{page}").text
        )
    console.press(console.get(f"/admin/clients/{client.client_key}/edit"), "Save", name="Cursor")
    assert console.client(client.client_key).name == "Cursor"


def test_save_and_approve(console, trail):
    page = create(console, button="Save and approve")
    client = console.client(code_after(page.text, "Client key"))
    assert client.is_approved
    assert [event.event for event in trail()[:3]] == ["client:approve", "client:add-secret", "client:create"]


def test_approve_now_on_the_result_page(console):
    page = create(console)
    response = console.press(page, "Approve now")
    assert response.status_code == 200
    assert "The client is approved and can be used." in response.text
    for label in ("Client key", "Client secret", "Discovery URL"):
        assert code_after(response.text, label) == code_after(page.text, label)
    assert console.client(code_after(page.text, "Client key")).is_approved


def test_secret_is_still_shown_if_the_client_cannot_be_approved(console, services):
    page = create(console)
    key = code_after(page.text, "Client key")
    edit(services, key, name="Renamed")
    response = console.press(page, "Approve now")
    assert response.status_code == 409
    assert code_after(response.text, "Client secret") == code_after(page.text, "Client secret")
    assert console.press(response, "Approve now").status_code == 200
    assert "The client is approved" in console.press(page, "Approve now").text, "the form is sent again"


def test_shown_values_are_sealed_for_their_client_and_administrator(console, services):
    first, second = create(console), create(console)
    shown = dict(forms.parse(second.text)[-1].fields)["shown"]
    assert code_after(second.text, "Client secret") not in shown
    response = console.press(first, "Approve now", shown=shown)
    assert response.status_code == 303, "it is not sealed for this client"


def test_new_client_is_shown_and_marked_wherever_it_sorts(console):
    for number in range(27):
        console.add_client(f"Client {number:02}")
    back = "/admin/clients?status=pending&sort=name"
    page = console.browser.get("/admin/clients/new", query_string={"back": back})
    created = console.press(page, "Save", name="Zulu", redirect_uris="https://zulu.example/cb", kind="oidc")
    key = code_after(created.text, "Client key")
    listed = console.get(f"{back}&new={key}").text
    assert re.search(r'<tr [^>]*class="is-new" tabindex="-1" autofocus', listed)
    assert f'data-reloads="{back}&new={key}"'.replace("&", "&amp;") in created.text


def test_client_without_secret_is_public_and_requires_pkce(console):
    page = create(console, secret_choice="none", pkce_required=None)
    client = console.client(code_after(page.text, "Client key"))
    assert (client.auth_method, client.is_pkce_required) == ("none", True)
    assert code_after(page.text, "Client secret") is None
    with console.services.database.transaction(write=False) as db:
        assert client_secrets.secrets_of_client(db, client) == []


def test_secret_is_accepted_in_header_and_body_by_default(console):
    key = code_after(create(console).text, "Client key")
    assert console.client(key).auth_method == "client_secret"
    settings = console.get(f"/admin/clients/{key}/settings").text
    assert "Secret in the header or the body (client_secret_basic or client_secret_post)" in settings


@pytest.mark.parametrize(
    ("tab", "grant_types", "typed", "scope"),
    [
        ("oidc", ["authorization_code", "refresh_token"], {}, "openid profile email offline_access"),
        ("oidc", ["authorization_code"], {}, "openid profile email"),
        ("oauth2", ["authorization_code"], {}, "profile email"),
        ("oidc", ["authorization_code"], {"oidc_scopes": "openid models"}, "openid models"),
    ],
)
def test_default_scopes_follow_the_grant_types(console, tab, grant_types, typed, scope):
    page = create(console, tab, grant_types=grant_types, **typed)
    assert console.client(code_after(page.text, "Client key")).scopes == scope.split()


def test_console_command_line_and_registration_have_the_same_defaults(console, runner):
    uri = "https://grafana.example.org/login"
    in_console = code_after(create(console, redirect_uris=uri).text, "Client key")
    options = ["--type", "oidc", "--name", "Grafana", "--redirect-uri", uri]
    in_shell = runner.run_json("clients", "add", *options)["client_key"]
    metadata = {"client_name": "Grafana", "redirect_uris": [uri]}
    by_itself = console.browser.post("/oauth2/register", json=metadata).get_json()["client_id"]
    columns = (
        "kind",
        "scopes",
        "auth_method",
        "is_pkce_required",
        "is_trusted",
        "response_types",
        "grant_types",
    )
    first, *others = [
        [getattr(console.client(key), column) for column in columns]
        for key in (in_console, in_shell, by_itself)
    ]
    assert others == [first, first]


def test_secret_can_be_restricted_to_the_header(console):
    page = create(console, auth_method="client_secret_basic")
    assert console.client(code_after(page.text, "Client key")).auth_method == "client_secret_basic"


def test_typed_secret_is_accepted_and_not_shown(console):
    typed = "a secret that a person chose"
    page = create(console, secret_choice="typed", secret=typed, secret_again=typed)
    client = console.client(code_after(page.text, "Client key"))
    assert typed not in page.text
    with console.services.database.transaction(write=False) as db:
        (stored,) = client_secrets.secrets_of_client(db, client)
    assert stored.form == "argon2"


@pytest.mark.both_databases
@table(
    ("values", "field", "sentence"),
    [
        ({"name": " "}, "name", "Enter the name."),
        ({"name": "a\0b"}, "name", "not allowed"),
        ({"name": "x" * 201}, "name", "at most 200 characters"),
        ({"redirect_uris": ""}, "redirect_uris", "Enter at least one redirect URI"),
        ({"redirect_uris": "http://app.example.org/cb"}, "redirect_uris", "Use https://"),
        ({"redirect_uris": "javascript:alert(1)"}, "redirect_uris", "is not safe for a redirect URI"),
        ({"grant_types": []}, "grant_types", "at least one grant type"),
        ({"grant_types": ["urb:ietf:params:oauth:grant-type:device_code"]}, "grant_types", "is misspelled"),
        ({"oidc_response_types": ["token"]}, "response_types", "Unknown response type"),
        ({"oidc_scopes": 'quo"te'}, "scopes", "A scope is invalid. Use 1 to 100"),
        ({"auth_method": "guess"}, "auth_method", "Choose how the application authenticates"),
        ({"kind": "saml"}, "kind", "Choose OAuth 1.0a"),
        (
            {"secret_choice": "typed", "secret": "short", "secret_again": "short"},
            "secret",
            "12 to 256 characters",
        ),
        ({"secret_choice": "typed", "secret": "x" * 12, "secret_again": "y" * 12}, "secret_again", "differ"),
    ],
)
def test_invalid_input_is_shown_with_its_error_and_creates_nothing(console, values, field, sentence):
    page = create(console, **values)
    assert page.status_code == 422
    assert f'<a href="#{field}">' in page.text
    assert f'id="{field}-error"' in page.text
    assert sentence in page.text
    assert 'value="Grafana"' in page.text or "name" in values
    assert "No client yet" in console.get("/admin/clients").text


def test_input_is_shown_again_without_the_secret(console):
    page = create(
        console,
        tab="oauth2",
        redirect_uris="https://a.example/cb\nhttp://b.example/cb",
        grant_types=["authorization_code", "password"],
        oauth2_response_types=["code", "token"],
        oauth2_scopes="profile models.read",
        auth_method="client_secret_post",
        pkce_required=None,
        trusted="1",
        secret_choice="typed",
        secret="twelve letters",
        secret_again="twelve letters",
    )
    text = page.text
    assert "https://a.example/cb\nhttp://b.example/cb</textarea>" in text
    assert 'value="password" checked' in text
    assert 'name="oauth2_response_types" value="token" checked' in text
    assert 'value="profile models.read"' in text
    assert '<option value="client_secret_post" selected>' in text
    assert 'name="pkce_required" value="1" aria' in text
    assert 'name="trusted" value="1" checked' in text
    assert "twelve letters" not in text


def test_suggested_redirect_uri_is_applied_without_scripts(console):
    page = create(console, redirect_uris="http://app.example.org/cb#top\nhttps://b.example/cb")
    better = console.press(page, "Use https://app.example.org/cb#top")
    assert better.status_code == 200
    best = console.press(better, "Use https://app.example.org/cb")
    assert "https://app.example.org/cb\nhttps://b.example/cb</textarea>" in best.text
    assert console.press(best, "Save").status_code == 200


def test_htmx_gets_a_fragment_with_errors_in_the_dialog(console):
    page = console.browser.get("/admin/clients/new", headers=HTMX_DIALOG)
    assert "<html" not in page.text
    assert 'id="dialog-title">Create client' in page.text
    wrong = console.press(page, "Save", headers=HTMX_DIALOG, name="")
    assert wrong.status_code == 422
    assert "<html" not in wrong.text
    made = console.press(wrong, "Save", headers=HTMX_DIALOG, name="X", redirect_uris="https://x.example/cb")
    assert made.status_code == 200
    assert code_after(made.text, "Client key")


def test_tab_selects_the_client_type(console):
    for kind in KINDS:
        assert f'name="kind" value="{kind}" checked' in console.get(f"/admin/clients/new?kind={kind}").text
    assert 'name="kind" value="oidc" checked' in console.get("/admin/clients/new?kind=saml").text


def test_discovery_url_uses_the_public_url(console):
    page = create(console)
    assert code_after(page.text, "Discovery URL") == "http://localhost/.well-known/openid-configuration"
    page = create(console, "oauth2")
    assert code_after(page.text, "Discovery URL") == "http://localhost/.well-known/oauth-authorization-server"


OAUTH1_ADDRESSES = {
    "Request token URL": "http://localhost/oauth/requestToken",
    "Authorization URL": "http://localhost/oauth/authorize",
    "Access token URL": "http://localhost/oauth/accessToken",
    "Root services URL": "http://localhost/rootservices",
}


def test_consumer_is_created_with_the_addresses_of_the_server(console):
    page = create(console, "oauth1")
    assert {label: code_after(page.text, label) for label in OAUTH1_ADDRESSES} == OAUTH1_ADDRESSES
    assert code_after(page.text, "Discovery URL") is None
    overview = console.get(f"/admin/clients/{code_after(page.text, 'Consumer key')}").text
    for label, url in OAUTH1_ADDRESSES.items():
        name = label[0].lower() + label[1:]
        assert f'data-copies="{url}" aria-label="Copy {name}"' in page.text
        assert f'data-copies="{url}" aria-label="Copy {name}"' in overview
        assert f"<dt>{label}</dt>" in overview


@pytest.mark.parametrize("kind", KINDS)
def test_texts_of_a_created_client_are_true_for_its_type(console, kind):
    text = create(console, kind).text
    assert ("because it needs the secret to verify signatures" in text) == (kind == "oauth1")
    assert ("only a digest" in text) == (kind != "oauth1")
    assert "Users cannot sign in" not in text


def test_secret_that_signs_jwts_is_described_as_encrypted(console):
    text = create(console, "oidc", auth_method="client_secret_jwt").text
    assert "because it needs the secret to verify signatures" in text
    assert "only a digest" not in text


def test_public_device_is_not_said_to_use_pkce(console):
    form = {"secret_choice": "none", "grant_types": ["urn:ietf:params:oauth:grant-type:device_code"]}
    text = create(console, "oauth2", oauth2_response_types=[], **form).text
    assert "This application has no secret." in text
    assert "PKCE" not in text

"""The fixes that the console offers for an error: add the redirect URI, approve the client, open the prefilled form."""

import pytest

from authserver.domain.clients import client_secrets, clients
from tests.support import consumer, forms
from tests.support.sample_users import ACTOR
from tests.web.admin.console import HTMX_DIALOG, REGISTERED_URI, WRONG_URI, authorize


def post(console, reference, revision):
    """Send the form of Add this URI with a valid CSRF token."""
    token = dict(forms.parse(console.get("/admin/diagnostics").text)[0].fields)["csrf_token"]
    data = {"csrf_token": token, "revision": revision}
    return console.browser.post(f"/admin/diagnostics/{reference}/add-redirect-uri", data=data)


def test_wrong_redirect_uri_is_added_and_works(console, wrong_uri, trail):
    client, _ = wrong_uri
    response = authorize(console.browser, client, redirect_uri=WRONG_URI)
    assert response.status_code == 400
    link = response.text.partition('href="/admin/diagnostics/')[2].partition('"')[0]
    page = console.get(f"/admin/diagnostics/{link}")
    assert "Add this URI" in page.text
    form = console.get(f"/admin/diagnostics/{link}/add-redirect-uri")
    assert WRONG_URI in form.text
    assert "ends with a slash" in form.text
    assert "Anyone can send" not in form.text, "the host is known"
    answer = console.press(form, "Add this URI")
    assert answer.location == f"/admin/diagnostics/{link}"
    assert console.client(client.client_key).redirect_uris == [REGISTERED_URI, WRONG_URI]
    assert (trail()[0].event, trail()[0].actor_name) == ("client:edit", "admin")
    assert "The received value is registered now." in console.get(answer.location).text
    assert authorize(console.browser, client, redirect_uri=WRONG_URI).status_code == 303


def test_redirect_uri_of_another_host_shows_a_warning(console, wrong_uri):
    _, record_rejected_uri = wrong_uri
    form = console.get(
        f"/admin/diagnostics/{record_rejected_uri('https://evil.example/cb')}/add-redirect-uri", **HTMX_DIALOG
    )
    assert "<dialog" not in form.text
    assert "Anyone can send a request with any redirect URI" in form.text
    assert "evil.example" in form.text


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("http://app.example.org/callback", "Use https://"),
        ("https://*.example.org/", "A wildcard would let others"),
        ("https://app.example.org/cb#part", "has a fragment"),
        ("javascript:alert(1)", "is not safe for a redirect URI"),
        ("https://app.example.org/callback?code=asc_1a_0123456789012345678901234567890", "was not stored"),
        ("https://app.example.org/" + "x" * 2100, "was not stored"),
    ],
)
def test_invalid_redirect_uri_cannot_be_added(console, wrong_uri, uri, reason):
    client, record_rejected_uri = wrong_uri
    reference = record_rejected_uri(uri)
    assert reason in console.get(f"/admin/diagnostics/{reference}").text
    form = console.get(f"/admin/diagnostics/{reference}/add-redirect-uri")
    assert reason in form.text
    assert 'id="add"' not in form.text
    assert post(console, reference, client.revision).status_code == 422
    assert console.client(client.client_key).redirect_uris == [REGISTERED_URI]


def test_redirect_uri_is_not_added_to_a_changed_client(console, wrong_uri, services):
    client, record_rejected_uri = wrong_uri
    form = console.get(f"/admin/diagnostics/{record_rejected_uri()}/add-redirect-uri")
    with services.database.transaction() as db:
        row = db.get_one(clients.Client, client.id)
        clients.disapprove(db, ACTOR, row, revision=row.revision)
    answer = console.press(form, "Add this URI")
    assert answer.status_code == 409
    assert "Your change was not applied" in answer.text
    assert console.client(client.client_key).redirect_uris == [REGISTERED_URI]


def test_adding_requires_a_recent_sign_in(console, wrong_uri, outdate_sign_in):
    client, record_rejected_uri = wrong_uri
    reference = record_rejected_uri()
    outdate_sign_in()
    assert "/sign-in" in console.get(f"/admin/diagnostics/{reference}/add-redirect-uri").location
    assert post(console, reference, client.revision).status_code == 403
    assert console.client(client.client_key).redirect_uris == [REGISTERED_URI]


def test_only_a_rejected_redirect_uri_can_be_added(console, record):
    client = console.add_client(approve=True)
    reference = record("code-expired", client, received="https://app.example.org/new")
    assert post(console, reference, client.revision).status_code == 422


def test_callback_of_a_consumer_is_added_too(console, record):
    consumer = console.add_client(kind="oauth1", grant_types=(), response_types=(), approve=True)
    reference = record(
        "parameter-rejected", consumer, received="https://app.example.org/new", expected=REGISTERED_URI,
        endpoint="/oauth/requestToken",
    )  # fmt: skip
    assert "Add this URI" in console.get(f"/admin/diagnostics/{reference}").text
    console.press(console.get(f"/admin/diagnostics/{reference}/add-redirect-uri"), "Add this URI")
    assert console.client(consumer.client_key).redirect_uris == [
        REGISTERED_URI,
        "https://app.example.org/new",
    ]


def test_consent_on_loopback_is_remembered_from_its_error(console, record):
    client = console.add_client("Desktop", redirect_uris=("http://127.0.0.1/cb",), auth_method="none")
    reference = record("consent-on-loopback", client=client)
    page = console.get(f"/admin/diagnostics/{reference}").text
    assert "Remember consent on loopback" in page
    url = f"/admin/clients/{client.client_key}/edit?error={reference}"
    form = console.get(url)
    assert 'name="remember_consent_on_loopback" value="1" autofocus' in form.text
    console.press(form, "Save", remember_consent_on_loopback="1")
    assert console.client(client.client_key).details["remember_consent_on_loopback"] is True
    assert "The consent of users is remembered now." in console.get(f"/admin/diagnostics/{reference}").text


@pytest.mark.parametrize("cause", ["client-pending", "consumer-key-refused", "client-disapproved"])
def test_pending_client_is_approved_from_its_error(console, record, cause):
    client = console.add_client()
    path = f"/admin/diagnostics/{record(cause, client)}"
    page = console.get(path)
    url = page.text.partition('id="fix" href="')[2].partition('"')[0].replace("&amp;", "&")
    response = console.press(console.get(url), "Approve")
    assert response.location == path
    assert console.client(client.client_key).is_approved
    assert "The client is approved now." in console.get(path).text


@pytest.mark.parametrize(
    ("cause", "received", "field", "value"),
    [
        ("grant-type-not-registered", "client_credentials", "grant_types", "client_credentials"),
        ("response-type-not-registered", "id_token", "response_types", "id_token"),
        ("scope-not-registered", "openid models.read", "scopes", "models.read"),
        ("scope-ignored", "models.read", "scopes", "models.read"),
        ("client-authentication-method", "client_secret_post", "auth_method", "client_secret_post"),
        (
            "post-logout-redirect-uri-not-registered",
            "https://app.example.org/bye",
            "post_logout_redirect_uris",
            "https://app.example.org/bye",
        ),
    ],
)
def test_settings_form_is_prefilled_with_the_rejected_value(
    console, record, services, cause, received, field, value
):
    client = console.add_client(approve=True, scopes=("openid", "profile"), auth_method="client_secret_basic")
    reference = record(cause, client, received=received, expected="x")
    page = console.get(f"/admin/diagnostics/{reference}")
    url = page.text.partition('id="fix" href="')[2].partition('"')[0].replace("&amp;", "&")
    form = console.get(url)
    assert f"The rejected value of error {reference} is filled in." in form.text
    assert form.text.partition("</main>")[0].count("autofocus") == 1
    assert console.press(form, "Save").location == f"/admin/diagnostics/{reference}"
    assert "The received value is registered now." in console.get(f"/admin/diagnostics/{reference}").text
    with services.database.transaction(write=False) as db:
        facts = clients.describe(db.get_one(clients.Client, client.id))
    saved = facts[field] if field in facts else facts["details"][field]
    assert value == saved or value in saved


def test_error_of_another_client_prefills_nothing(console, record):
    grafana, jenkins = console.add_client("Grafana"), console.add_client("Jenkins")
    reference = record("scope-not-registered", grafana, received="models.write")
    page = console.get(f"/admin/clients/{jenkins.client_key}/edit?error={reference}")
    assert "models.write" not in page.text
    assert f"error {reference}" not in page.text


@pytest.mark.parametrize(
    ("cause", "target"),
    [
        ("code-challenge", "/edit"),
        ("client-secret-wrong", "/credentials"),
        ("resource-not-registered", "/tokens"),
        ("may-not-verify", "/oauth1"),
        ("user-disabled", "/admin/users"),
        ("client-unknown", "/admin/clients"),
    ],
)
def test_other_causes_link_to_their_settings(console, record, cause, target):
    client = console.add_client(approve=True)
    page = console.get(f"/admin/diagnostics/{record(cause, client)}").text
    url = page.partition('id="fix" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert target in url
    assert console.get(url).status_code == 200


BASIC, POST = "client_secret_basic", "client_secret_post"


@pytest.mark.parametrize(
    ("method", "grant", "title", "marked", "fix"),
    [
        (
            BASIC,
            "client_credentials",
            "The client is not registered for the grant type",
            "client_credentials",
            "Change the grant types",
        ),
        (
            POST,
            "authorization_code",
            "The client is not registered for the authentication method that it used",
            BASIC,
            "Change the authentication method",
        ),
    ],
)
def test_token_endpoint_error_leads_to_the_fix(console, services, method, grant, title, marked, fix):
    client = console.add_client(approve=True, auth_method=method)
    with services.database.transaction() as db:
        row = db.get_one(clients.Client, client.id)
        secret = client_secrets.generate(db, ACTOR, services.vault, row)
    form = {"grant_type": grant, "code": "x"}
    response = console.browser.post("/oauth2/token", data=form, auth=(client.client_key, secret))
    page = found(console, response.get_json()["error_description"])
    assert f"<h1>{title}</h1>" in page
    assert marked in page.partition('id="received"')[2].partition("</dd>")[0]
    assert fix in page


@pytest.mark.parametrize(
    ("changes", "title", "marked", "fix"),
    [
        (
            {"scope": "openid offline_access"},
            "The client is not registered for a scope",
            '<mark class="differs">offline_access</mark>',
            "Change the scopes",
        ),
        (
            {"response_type": "id_token", "nonce": "n"},
            "The client is not registered for the response type",
            "id_token",
            "Change the response types",
        ),
        ({"code_challenge": ""}, "PKCE is missing or wrong", "", "Change the PKCE setting"),
        ({"redirect_uri": WRONG_URI}, "The redirect URI is not registered", "", "Add this URI"),
    ],
)
def test_authorization_error_leads_to_the_fix(console, changes, title, marked, fix):
    client = console.add_client(approve=True, scopes=("openid",))
    response = authorize(console.browser, client, **changes)
    page = found(console, response.location or response.text.partition('id="reference">')[2][:8])
    assert f"<h1>{title}</h1>" in page
    assert marked in page
    assert fix in page


def found(console, pasted):
    """Paste an application's log text into the search, and return the resulting page."""
    response = console.browser.get("/admin/diagnostics", query_string={"q": pasted})
    assert response.status_code == 303, response.text
    return console.get(response.location).text


def test_rejected_callback_is_added_and_works(console, app, services):
    oauth1 = consumer.register(services, app, callbacks=("https://tool.example/other",))
    response = oauth1.request_token()
    assert consumer.problem_of(response) == (400, "parameter_rejected")
    page = found(console, response.text)
    assert "Add this URI" in page
    reference = page.partition('data-copies="')[2].partition('"')[0]
    console.press(console.get(f"/admin/diagnostics/{reference}/add-redirect-uri"), "Add this URI")
    assert oauth1.request_token().status_code == 200

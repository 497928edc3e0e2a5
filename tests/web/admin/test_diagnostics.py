"""Diagnostics in the console: a reference leads to the cause, and what can be done about it is one click away."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from authserver import clock
from authserver.domain import clients, diagnostics
from authserver.domain.diagnostics import Failure, Ledger, Refusal
from tests.web.admin.console import HTMX_DIALOG, HTMX_RESULTS, forms, people_actor, sign_in

REGISTERED = "https://app.example.org/callback"
WRONG = "https://app.example.org/Callback/"


@pytest.fixture
def record(services):
    """Puts a refusal into the ledger and returns its reference."""
    ledger = Ledger(services.database, ticks=iter(range(1_000_000)).__next__)

    def put(cause="code-expired", client=None, **fields):
        refusal = Refusal(
            "/oauth2/token", "invalid_grant", cause, "The code has expired.", address="192.0.2.1"
        )
        return ledger.record(replace(refusal, client_id=client.id if client else None, **fields))

    return put


@pytest.fixture
def wrong_uri(console, record):
    """A client, and the reference under which it was refused for its redirect URI."""
    client = console.add_client(approve=True)
    facts = {"endpoint": "/oauth2/authorize", "expected": REGISTERED, "detail": "It is not registered."}
    return client, lambda uri=WRONG: record("redirect-uri-not-registered", client, received=uri, **facts)


def post(console, reference, revision):
    """Sends the form of Add this URI as a browser would that has seen it before."""
    token = dict(forms(console.get("/admin/diagnostics").text)[0].fields)["csrf_token"]
    data = {"csrf_token": token, "revision": revision}
    return console.browser.post(f"/admin/diagnostics/{reference}/add-redirect-uri", data=data)


def main_of(page):
    return page.text.partition("<main")[2].partition("</main>")[0]


def authorize(browser, client, **changes):
    query = {
        "client_id": client.client_key, "response_type": "code", "redirect_uri": REGISTERED, "scope": "openid",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
    }  # fmt: skip
    return browser.get("/oauth2/authorize", query_string=query | changes)


def test_an_empty_ledger_says_so(console):
    assert "Nothing was refused" in console.get("/admin/diagnostics").text
    client = console.add_client()
    assert "Nothing was refused" in console.get(f"/admin/clients/{client.client_key}/diagnostics").text


def test_the_list_shows_the_latest_first_with_client_and_reference(console, record):
    first = record()
    second = record("code-unknown", console.add_client("Jenkins"))
    page = console.get("/admin/diagnostics").text
    assert page.index(second) < page.index(first)
    assert "Jenkins" in page
    assert "The code has expired" in page


@pytest.mark.parametrize("pasted", ["{}", "{} ", "The code has expired. (reference {})"])
def test_a_reference_in_the_search_leads_to_the_refusal(console, record, pasted):
    reference = record()
    for text in (reference, reference.lower(), f"{reference[:4]} {reference[4:]}"):
        answer = console.browser.get("/admin/diagnostics", query_string={"q": pasted.format(text)})
        assert answer.status_code == 303
        assert answer.location == f"/admin/diagnostics/{reference}"


def test_a_reference_that_is_typed_is_listed_and_nobody_is_sent_away(console, record):
    reference = record()
    record("code-unknown")
    page = console.get(f"/admin/diagnostics?q={reference.lower()}", **HTMX_RESULTS)
    assert reference in page.text
    assert "The code is unknown" not in page.text


def test_a_reference_that_is_gone_says_how_long_they_are_kept(console, record):
    record()
    page = console.get("/admin/diagnostics?q=BCDFGHJK").text
    assert "No refusal has this reference" in page
    assert "30 days" in page
    assert "No refusal matches" in console.get("/admin/diagnostics?q=nothing").text


def test_an_unknown_reference_has_a_page_of_its_own(console):
    page = console.get("/admin/diagnostics/BCDFGHJK")
    assert page.status_code == 404
    assert "BCDFGHJK" in page.text
    assert "kept for 30 days" in page.text
    assert console.get("/admin/diagnostics/%00%ff").status_code in {400, 404}


@pytest.mark.parametrize("written", ["{lower}", "{first}-{second}", "{first}%20{second}"])
def test_the_address_of_a_refusal_can_be_written_in_other_ways(console, record, written):
    reference = record()
    path = written.format(lower=reference.lower(), first=reference[:4], second=reference[4:].lower())
    assert console.get(f"/admin/diagnostics/{path}").location == f"/admin/diagnostics/{reference}"


def test_refusals_are_filtered_by_client_endpoint_and_word(console, record):
    grafana, jenkins = console.add_client("Grafana"), console.add_client("Jenkins")
    record("code-expired", grafana)
    record("redirect-uri-missing", jenkins, endpoint="/oauth2/authorize")
    for query, wanted, other in [
        (f"client={grafana.client_key}", "The code has expired", "The request has no redirect URI"),
        ("at=sign-in", "The request has no redirect URI", "The code has expired"),
        ("at=token", "The code has expired", "The request has no redirect URI"),
        ("q=jenkins", "The request has no redirect URI", "The code has expired"),
    ]:
        page = console.get(f"/admin/diagnostics?{query}").text
        assert wanted in page
        assert other not in page
    assert "No refusal matches" in console.get("/admin/diagnostics?client=unknown").text


def test_the_list_has_pages(console, record):
    client = console.add_client()
    for number in range(30):
        record(client=client, received=f"number {number}")
    for path in ("/admin/diagnostics", f"/admin/clients/{client.client_key}/diagnostics"):
        assert "1–25 of 30" in console.get(path).text
        assert "26–30 of 30" in console.get(f"{path}?page=2").text
        assert console.get(f"{path}?page=9").status_code == 303


def test_the_tab_of_a_client_shows_its_own_refusals(console, record):
    grafana, jenkins = console.add_client("Grafana"), console.add_client("Jenkins")
    mine, other = record(client=grafana), record(client=jenkins)
    page = console.get(f"/admin/clients/{grafana.client_key}/diagnostics").text
    assert mine in page
    assert other not in page


def test_a_refusal_tells_cause_advice_and_facts(console, record):
    client = console.add_client("Jenkins")
    reference = record("code-replayed", client)
    record("code-replayed", client)
    page = main_of(console.get(f"/admin/diagnostics/{reference}"))
    for text in (
        "used a second time",
        "invalid_grant",
        "/oauth2/token",
        "Jenkins",
        "192.0.2.1",
        "code-replayed",
    ):
        assert text in page
    assert "<dd>2</dd>" in page
    assert 'id="fix"' not in page, "nothing in the console brings a code back"


def test_a_refusal_without_a_client_and_one_of_an_older_version_have_pages(console, record):
    assert console.get(f"/admin/diagnostics/{record('client-unknown')}").status_code == 200
    assert "The request was refused" in console.get(f"/admin/diagnostics/{record('of-old')}").text
    assert console.get(f"/admin/diagnostics/{record('of-old')}/add-redirect-uri").status_code == 404


def test_what_differs_from_the_nearest_redirect_uri_is_marked_and_said(console, record):
    client = console.add_client(redirect_uris=("https://other.example/", REGISTERED))
    reference = record(
        "redirect-uri-not-registered",
        client,
        received=WRONG,
        expected=f"https://other.example/\n{REGISTERED}",
    )
    page = main_of(console.get(f"/admin/diagnostics/{reference}"))
    assert (
        'https://app.example.org/<mark class="differs">C</mark>allback<mark class="differs">/</mark>' in page
    )
    assert 'https://app.example.org/<mark class="differs">c</mark>allback' in page
    assert "The path differs: received “/Callback/”, registered “/callback”." in page
    assert "1 more is registered" in page


def test_a_wrong_redirect_uri_is_added_and_works(console, wrong_uri, trail):
    client, _ = wrong_uri
    refused = authorize(console.browser, client, redirect_uri=WRONG)
    assert refused.status_code == 400
    link = refused.text.partition('href="/admin/diagnostics/')[2].partition('"')[0]
    page = console.get(f"/admin/diagnostics/{link}")
    assert "Add this URI" in page.text
    form = console.get(f"/admin/diagnostics/{link}/add-redirect-uri")
    assert WRONG in form.text
    assert "Ends with a slash" in form.text
    assert "Anybody can send" not in form.text, "the host is known"
    answer = console.press(form, "Add this URI")
    assert answer.location == f"/admin/diagnostics/{link}"
    assert console.client(client.client_key).redirect_uris == [REGISTERED, WRONG]
    assert (trail()[0].event, trail()[0].actor_name) == ("client:edit", "admin")
    assert "registered by now" in console.get(answer.location).text
    assert authorize(console.browser, client, redirect_uri=WRONG).status_code == 303


def test_an_address_of_another_host_is_warned_about(console, wrong_uri):
    _, refused = wrong_uri
    form = console.get(
        f"/admin/diagnostics/{refused('https://evil.example/cb')}/add-redirect-uri", **HTMX_DIALOG
    )
    assert "<dialog" not in form.text
    assert "Anybody can send a request with any address" in form.text
    assert "evil.example" in form.text


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("http://app.example.org/callback", "use https://"),
        ("https://*.example.org/", "A wildcard would let anybody"),
        ("https://app.example.org/cb#part", "no fragment"),
        ("javascript:alert(1)", "cannot receive a sign-in safely"),
        ("https://app.example.org/callback?code=asc_1a_0123456789012345678901234567890", "is not kept"),
        ("https://app.example.org/" + "x" * 2100, "is not kept"),
    ],
)
def test_an_address_that_may_not_be_registered_says_why(console, wrong_uri, uri, reason):
    client, refused = wrong_uri
    reference = refused(uri)
    assert reason in console.get(f"/admin/diagnostics/{reference}").text
    form = console.get(f"/admin/diagnostics/{reference}/add-redirect-uri")
    assert reason in form.text
    assert 'id="add"' not in form.text
    assert post(console, reference, client.revision).status_code == 422
    assert console.client(client.client_key).redirect_uris == [REGISTERED]


def test_a_client_that_changed_meanwhile_is_not_changed(console, wrong_uri, services):
    client, refused = wrong_uri
    form = console.get(f"/admin/diagnostics/{refused()}/add-redirect-uri")
    with services.database.transaction() as session:
        row = session.get_one(clients.Client, client.id)
        clients.disapprove(session, people_actor(), row, revision=row.revision)
    answer = console.press(form, "Add this URI")
    assert answer.status_code == 409
    assert "Nothing was done" in answer.text
    assert console.client(client.client_key).redirect_uris == [REGISTERED]


def test_adding_wants_a_recent_sign_in(console, wrong_uri, grow_old):
    client, refused = wrong_uri
    reference = refused()
    grow_old()
    assert "/sign-in" in console.get(f"/admin/diagnostics/{reference}/add-redirect-uri").location
    assert post(console, reference, client.revision).status_code == 403
    assert console.client(client.client_key).redirect_uris == [REGISTERED]


def test_only_a_refused_address_can_be_added(console, record):
    client = console.add_client(approve=True)
    reference = record("code-expired", client, received="https://app.example.org/new")
    assert post(console, reference, client.revision).status_code == 422


def test_a_callback_of_a_consumer_is_added_too(console, record):
    consumer = console.add_client(kind="oauth1", grant_types=(), response_types=(), approve=True)
    reference = record(
        "parameter-rejected", consumer, received="https://app.example.org/new", expected=REGISTERED,
        endpoint="/oauth/requestToken",
    )  # fmt: skip
    assert "Add this URI" in console.get(f"/admin/diagnostics/{reference}").text
    console.press(console.get(f"/admin/diagnostics/{reference}/add-redirect-uri"), "Add this URI")
    assert console.client(consumer.client_key).redirect_uris == [REGISTERED, "https://app.example.org/new"]


@pytest.mark.parametrize("cause", ["client-pending", "consumer-key-refused", "client-disapproved"])
def test_a_client_that_waits_is_approved_from_its_refusal(console, record, cause):
    client = console.add_client()
    path = f"/admin/diagnostics/{record(cause, client)}"
    page = console.get(path)
    url = page.text.partition('id="fix" href="')[2].partition('"')[0].replace("&amp;", "&")
    answer = console.press(console.get(url), "Approve")
    assert answer.location == path
    assert console.client(client.client_key).is_approved
    assert "approved by now" in console.get(path).text


@pytest.mark.parametrize(
    ("cause", "received", "field", "value"),
    [
        ("grant-type-not-registered", "client_credentials", "grant_types", "client_credentials"),
        ("response-type-not-registered", "id_token", "response_types", "id_token"),
        ("scope-not-registered", "openid models.read", "scopes", "models.read"),
        ("client-authentication-method", "client_secret_post", "auth_method", "client_secret_post"),
        (
            "post-logout-redirect-uri-not-registered",
            "https://app.example.org/bye",
            "post_logout_redirect_uris",
            "https://app.example.org/bye",
        ),
    ],
)
def test_the_settings_are_filled_in_with_what_was_refused(
    console, record, services, cause, received, field, value
):
    client = console.add_client(approve=True, scopes=("openid", "profile"))
    reference = record(cause, client, received=received, expected="x")
    page = console.get(f"/admin/diagnostics/{reference}")
    url = page.text.partition('id="fix" href="')[2].partition('"')[0].replace("&amp;", "&")
    form = console.get(url)
    assert f"From the refusal {reference}: what was refused is filled in." in form.text
    assert form.text.count("autofocus") == 1
    assert console.press(form, "Save").location == f"/admin/diagnostics/{reference}"
    assert "registered by now" in console.get(f"/admin/diagnostics/{reference}").text
    with services.database.transaction(write=False) as session:
        facts = clients.describe(session.get_one(clients.Client, client.id))
    saved = facts[field] if field in facts else facts["details"][field]
    assert value == saved or value in saved


def test_a_refusal_of_another_client_fills_nothing_in(console, record):
    grafana, jenkins = console.add_client("Grafana"), console.add_client("Jenkins")
    reference = record("scope-not-registered", grafana, received="models.write")
    page = console.get(f"/admin/clients/{jenkins.client_key}/edit?refusal={reference}")
    assert "models.write" not in page.text
    assert "From the refusal" not in page.text


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
def test_other_causes_lead_to_where_they_are_settled(console, record, cause, target):
    client = console.add_client(approve=True)
    page = console.get(f"/admin/diagnostics/{record(cause, client)}").text
    url = page.partition('id="fix" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert target in url
    assert console.get(url).status_code == 200


def test_a_wrong_signature_shows_the_base_string_and_leads_to_the_debugger(console, record):
    consumer = console.add_client(kind="oauth1", grant_types=(), response_types=(), approve=True)
    base_string = "POST&https%3A%2F%2Fa.example%2F&oauth_nonce%3Dx"
    reference = record(
        "signature-invalid", consumer, received="POST https://a.example/", expected=base_string
    )
    page = console.get(f"/admin/diagnostics/{reference}").text
    assert base_string.replace("&", "&amp;") in page
    debugger = f"/admin/clients/{consumer.client_key}/oauth1/debugger"
    assert debugger in page
    assert f"/admin/diagnostics/{reference}" in console.get(debugger).text


def test_the_client_list_counts_and_filters_what_fails(console, record, services):
    grafana, jenkins = console.add_client("Grafana"), console.add_client("Jenkins")
    record("code-expired", grafana)
    record("code-unknown", grafana)
    old = record("code-expired", jenkins)
    with services.database.transaction() as session:
        aged = update(Failure).where(Failure.reference == old)
        session.execute(aged.values(last_at=clock.now() - timedelta(days=8)))
    page = console.get("/admin/clients").text
    assert 'aria-label="2 failures of Grafana"' in page
    assert "failures of Jenkins" not in page
    page = console.get("/admin/clients?failing=1").text
    assert "Grafana" in page
    assert "Jenkins" not in page


def test_the_error_page_leads_administrators_to_the_reason_and_nobody_else(console, app, wrong_uri, services):
    client, _ = wrong_uri
    assert "/admin/diagnostics/" in authorize(console.browser, client, redirect_uri=WRONG).text
    stranger, alice = app.test_client(), app.test_client()
    sign_in(alice, services, "alice")
    for browser in (stranger, alice):
        page = authorize(browser, client, redirect_uri=WRONG)
        assert "/admin" not in page.text
        assert 'id="reference"' in page.text
    pending = console.add_client("Pending")
    assert "/admin/diagnostics/" in authorize(console.browser, pending).text
    assert "/admin" not in authorize(alice, pending).text


def test_diagnostics_are_for_administrators(app, services, record):
    browser = app.test_client()
    sign_in(browser, services, "alice")
    reference = record()
    for path in ("", f"/{reference}", f"/{reference}/add-redirect-uri"):
        assert browser.get(f"/admin/diagnostics{path}").status_code == 403
        assert "/sign-in" in app.test_client().get(f"/admin/diagnostics{path}").location


def test_what_a_stranger_sends_is_text_on_the_page(console, wrong_uri):
    _, refused = wrong_uri
    page = main_of(
        console.get(f"/admin/diagnostics/{refused('https://a.example/<script>alert(1)</script>')}")
    )
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_ledger_keeps_what_the_pages_say(console):
    assert timedelta(days=30) == diagnostics.KEPT
    assert diagnostics.PER_CLIENT == 1000
    assert "30 days, the latest 1000" in console.get("/admin/diagnostics").text

"""Diagnostics in the console: a reference leads to the cause of an error and to its fix."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from authserver import clock
from authserver.domain.diagnostics import error_log
from authserver.domain.diagnostics.error_log import RecordedError
from tests.support.sample_users import open_session
from tests.web.admin.console import HTMX_RESULTS, REGISTERED_URI, WRONG_URI, authorize


def main_of(page):
    return page.text.partition("<main")[2].partition("</main>")[0]


def test_empty_error_log(console):
    assert "No rejected requests" in console.get("/admin/diagnostics").text
    client = console.add_client()
    assert "No rejected requests" in console.get(f"/admin/clients/{client.client_key}/diagnostics").text


def test_errors_are_listed_newest_first_with_client_and_reference(console, record):
    first = record()
    second = record("code-unknown", console.add_client("Jenkins"))
    page = console.get("/admin/diagnostics").text
    assert page.index(second) < page.index(first)
    assert "Jenkins" in page
    assert "The code has expired" in page


@pytest.mark.parametrize("pasted", ["{}", "{} ", "The code has expired. (reference {})"])
def test_reference_in_the_search_leads_to_the_error(console, record, pasted):
    reference = record()
    for text in (reference, reference.lower(), f"{reference[:4]} {reference[4:]}"):
        response = console.browser.get("/admin/diagnostics", query_string={"q": pasted.format(text)})
        assert response.status_code == 303
        assert response.location == f"/admin/diagnostics/{reference}"


def test_reference_in_the_live_search_does_not_redirect(console, record):
    reference = record()
    record("code-unknown")
    page = console.get(f"/admin/diagnostics?q={reference.lower()}", **HTMX_RESULTS)
    assert reference in page.text
    assert "The code is unknown" not in page.text


def test_unknown_reference_in_the_search_mentions_the_retention_time(console, record):
    record()
    page = console.get("/admin/diagnostics?q=BCDFGHJK").text
    assert "No error has this reference" in page
    assert "30 days" in page
    assert "No error matches" in console.get("/admin/diagnostics?q=nothing").text


@pytest.mark.both_databases
def test_unknown_reference_has_its_own_page(console):
    page = console.get("/admin/diagnostics/BCDFGHJK")
    assert page.status_code == 404
    assert "BCDFGHJK" in page.text
    assert "kept for 30 days" in page.text
    assert console.get("/admin/diagnostics/%00%ff").status_code in {400, 404}


@pytest.mark.parametrize("written", ["{lower}", "{first}-{second}", "{first}%20{second}"])
def test_reference_in_the_url_may_be_written_differently(console, record, written):
    reference = record()
    path = written.format(lower=reference.lower(), first=reference[:4], second=reference[4:].lower())
    assert console.get(f"/admin/diagnostics/{path}").location == f"/admin/diagnostics/{reference}"


def test_errors_are_filtered_by_client_endpoint_and_text(console, record):
    grafana, jenkins = console.add_client("Grafana"), console.add_client("Jenkins")
    record("code-expired", grafana)
    record("redirect-uri-missing", jenkins, endpoint="/oauth2/authorize")
    for query, expected, other in [
        (f"client={grafana.client_key}", "The code has expired", "The request has no redirect URI"),
        ("at=sign-in", "The request has no redirect URI", "The code has expired"),
        ("at=token", "The code has expired", "The request has no redirect URI"),
        ("q=jenkins", "The request has no redirect URI", "The code has expired"),
    ]:
        page = console.get(f"/admin/diagnostics?{query}").text
        assert expected in page
        assert other not in page
    assert "No error matches" in console.get("/admin/diagnostics?client=unknown").text


def test_list_is_paginated(console, record):
    client = console.add_client()
    for number in range(30):
        record(client=client, received=f"number {number}")
    for path in ("/admin/diagnostics", f"/admin/clients/{client.client_key}/diagnostics"):
        assert "1–25 of 30" in console.get(path).text
        assert "26–30 of 30" in console.get(f"{path}?page=2").text
        assert console.get(f"{path}?page=9").status_code == 303


def test_client_tab_shows_its_own_errors(console, record):
    grafana, jenkins = console.add_client("Grafana"), console.add_client("Jenkins")
    mine, other = record(client=grafana), record(client=jenkins)
    page = console.get(f"/admin/clients/{grafana.client_key}/diagnostics").text
    assert mine in page
    assert other not in page


def test_error_page_shows_cause_advice_and_facts(console, record):
    client = console.add_client("Jenkins")
    reference = record("code-replayed", client)
    record("code-replayed", client)
    page = main_of(console.get(f"/admin/diagnostics/{reference}"))
    for text in (
        "used twice",
        "invalid_grant",
        "/oauth2/token",
        "Jenkins",
        "192.0.2.1",
        "code-replayed",
    ):
        assert text in page
    assert "<dd>2</dd>" in page
    assert 'id="fix"' not in page, "a redeemed code cannot be restored"


def test_errors_without_client_or_with_unknown_cause_have_pages(console, record):
    assert console.get(f"/admin/diagnostics/{record('client-unknown')}").status_code == 200
    assert "The request was rejected" in console.get(f"/admin/diagnostics/{record('of-old')}").text
    assert console.get(f"/admin/diagnostics/{record('of-old')}/add-redirect-uri").status_code == 404


def test_difference_to_the_nearest_redirect_uri_is_marked(console, record):
    client = console.add_client(redirect_uris=("https://other.example/", REGISTERED_URI))
    reference = record(
        "redirect-uri-not-registered",
        client,
        received=WRONG_URI,
        expected=f"https://other.example/\n{REGISTERED_URI}",
    )
    page = main_of(console.get(f"/admin/diagnostics/{reference}"))
    assert (
        'https://app.example.org/<mark class="differs">C</mark>allback<mark class="differs">/</mark>' in page
    )
    assert 'https://app.example.org/<mark class="differs">c</mark>allback' in page
    assert "The path differs: received “/Callback/”, registered “/callback”." in page
    assert "1 more registered URI" in page


def test_wrong_signature_shows_the_base_string_and_links_to_the_debugger(console, record):
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


def test_client_list_counts_and_filters_failing_clients(console, record, services):
    grafana, jenkins = console.add_client("Grafana"), console.add_client("Jenkins")
    record("code-expired", grafana)
    record("code-unknown", grafana)
    old = record("code-expired", jenkins)
    with services.database.transaction() as db:
        aged = update(RecordedError).where(RecordedError.reference == old)
        db.execute(aged.values(last_at=clock.now() - timedelta(days=8)))
    page = console.get("/admin/clients").text
    assert 'aria-label="2 errors of Grafana"' in page
    assert "errors of Jenkins" not in page
    page = console.get("/admin/clients?failing=1").text
    assert "Grafana" in page
    assert "Jenkins" not in page


def test_error_page_links_to_diagnostics_only_for_administrators(console, app, wrong_uri, services):
    client, _ = wrong_uri
    assert "/admin/diagnostics/" in authorize(console.browser, client, redirect_uri=WRONG_URI).text
    anonymous, alice = app.test_client(), app.test_client()
    open_session(alice, services, "alice")
    for browser in (anonymous, alice):
        page = authorize(browser, client, redirect_uri=WRONG_URI)
        assert "/admin" not in page.text
        assert 'id="reference"' in page.text
    pending = console.add_client("Pending")
    assert "/admin/diagnostics/" in authorize(console.browser, pending).text
    assert "/admin" not in authorize(alice, pending).text


def test_diagnostics_require_configure_server(app, services, record):
    browser = app.test_client()
    open_session(browser, services, "alice")
    reference = record()
    for path in ("", f"/{reference}", f"/{reference}/add-redirect-uri"):
        assert browser.get(f"/admin/diagnostics{path}").status_code == 403
        assert "/sign-in" in app.test_client().get(f"/admin/diagnostics{path}").location


def test_received_values_are_escaped(console, wrong_uri):
    _, record_rejected_uri = wrong_uri
    page = main_of(
        console.get(
            f"/admin/diagnostics/{record_rejected_uri('https://a.example/<script>alert(1)</script>')}"
        )
    )
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_limits_of_the_error_log_match_the_page(console):
    assert timedelta(days=30) == error_log.KEPT
    assert error_log.MAX_PER_CLIENT == 1000
    assert "30 days, up to 1000" in console.get("/admin/diagnostics").text

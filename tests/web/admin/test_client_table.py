"""The table of clients: tabs, search, filters, order, pages."""

import re
from datetime import timedelta

import pytest

from authserver import clock
from authserver.domain.clients.clients import Client
from tests.support.table import table
from tests.web.admin.console import HTMX_RESULTS

pytestmark = pytest.mark.both_databases


def names(page):
    return re.findall(r'role="rowheader" class="name"><a href="[^"]+"><bdi>([^<]+)</bdi>', page.text)


@pytest.fixture
def populated(console):
    console.add_client("Alpha", kind="oauth1", redirect_uris=())
    console.add_client("beta", kind="oauth2", approve=True, redirect_uris=("https://beta.example/return",))
    console.add_client("Gamma", approve=True, grant_types=("authorization_code", "password"))
    delta = console.add_client("delta", approve=True)
    with console.services.database.transaction() as db:
        db.get_one(Client, delta.id).last_sign_in_at = clock.now() - timedelta(hours=1)
        db.get_one(Client, delta.id).source = "console"
    return console


def test_empty_list_says_what_to_do(console):
    page = console.get("/admin/clients")
    assert "No client yet" in page.text
    assert "No OAuth 1.0a consumer yet" in console.get("/admin/clients?kind=oauth1").text
    assert "No client matches" in console.get("/admin/clients?q=x").text


def test_tabs_count_and_filter_the_clients(populated):
    page = populated.get("/admin/clients")
    assert names(page) == ["Alpha", "beta", "delta", "Gamma"]
    tabs = re.findall(r'([\w. ]+) <span class="count">(\d+)</span>', page.text)
    assert tabs == [("All", "4"), ("OAuth 1.0a", "1"), ("OAuth 2.0", "1"), ("OpenID Connect", "2")]
    assert names(populated.get("/admin/clients?kind=oidc")) == ["delta", "Gamma"]
    consumers = populated.get("/admin/clients?kind=oauth1")
    assert names(consumers) == ["Alpha"]
    for words in ["Consumer keys", "Consumer name", "Consumer key"]:
        assert words in consumers.text


def test_banner_links_to_pending_clients(populated):
    assert "<strong>1 client is pending approval.</strong>" in populated.get("/admin/clients").text
    assert names(populated.get("/admin/clients?status=pending")) == ["Alpha"]
    key = populated.add_client("Epsilon").client_key
    assert "2 clients are pending approval." in populated.get("/admin/clients").text
    assert names(populated.get(f"/admin/clients?q={key[3:20].upper()}")) == ["Epsilon"]


@table(
    ("query", "expected"),
    [
        ("q=ALPHA", ["Alpha"]),
        ("q=beta.example/return", ["beta"]),
        ("q=tool.example.org", ["Alpha", "beta", "delta", "Gamma"]),
        ("q=100%25", []),
        ("q=_", []),
        ("q=%00", []),
        ("q=%ff%fe", []),
        ("status=approved&kind=oidc", ["delta", "Gamma"]),
        ("itself=1", ["Alpha", "beta", "Gamma"]),
        ("unused=1&kind=oidc", ["Gamma"]),
        ("legacy=1", ["Gamma"]),
        ("kind=saml&status=lost&sort=drop&desc=2&page=x", ["Alpha", "beta", "delta", "Gamma"]),
        ("desc=1", ["Gamma", "delta", "beta", "Alpha"]),
        ("sort=status", ["beta", "Gamma", "delta", "Alpha"]),
        ("sort=last_sign_in&desc=1&kind=oidc", ["delta", "Gamma"]),
        ("page=0", ["Alpha", "beta", "delta", "Gamma"]),
        ("page=%C2%B2", ["Alpha", "beta", "delta", "Gamma"]),
    ],
)
def test_search_filters_and_order(populated, query, expected):
    assert names(populated.get(f"/admin/clients?{query}")) == expected


def test_pages_show_every_client_once(console):
    for number in range(60):
        console.add_client(f"Client {number:02}")
    seen = []
    for number in (1, 2, 3):
        page = console.get(f"/admin/clients?page={number}")
        seen += names(page)
        assert ('rel="prev"' in page.text, 'rel="next"' in page.text) == (number > 1, number < 3)
    assert seen == [f"Client {number:02}" for number in range(60)]
    assert "26\N{EN DASH}50 of 60" in console.get("/admin/clients?page=2").text
    beyond = console.get("/admin/clients?page=9&sort=name&q=client")
    assert (beyond.status_code, beyond.location) == (303, "/admin/clients?q=client&page=3")


def test_links_keep_the_other_filters(populated):
    text = populated.get("/admin/clients?kind=oidc&q=ple&status=approved&sort=key&desc=1").text
    assert 'href="/admin/clients?kind=oidc&amp;status=approved&amp;q=ple"' in text
    assert 'href="/admin/clients?kind=oidc&amp;status=approved&amp;q=ple&amp;sort=status"' in text
    assert 'aria-sort="descending"' in text


def test_htmx_gets_the_rows_and_a_clean_url(populated):
    response = populated.browser.get("/admin/clients?q=beta&status=&kind=", headers=HTMX_RESULTS)
    assert names(response) == ["beta"]
    assert "<html" not in response.text
    assert 'id="q"' not in response.text
    assert response.headers["HX-Replace-Url"] == "/admin/clients?q=beta"
    assert "HX-Request" in response.headers["Vary"]


def test_row_menu_offers_the_possible_actions(populated):
    text = populated.get("/admin/clients?q=beta").text
    menu = text[text.index('class="row-menu"') : text.index("</div>", text.index('class="row-menu"'))]
    words = re.findall(r">(\w+)</a>", menu)
    assert words == ["Edit", "Disapprove", "Remove"]
    pending = populated.get("/admin/clients?q=alpha").text
    assert "Approve</a>" in pending

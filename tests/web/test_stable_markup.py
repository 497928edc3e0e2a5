"""The markup that automation relies on: distinct URLs, stable ids, fixed headings, error codes, and no CAPTCHA."""

import re

import pytest

from tests.support import forms
from tests.support.relying_party import RelyingParty, disapprove, register

pytestmark = pytest.mark.only_on("sqlite")


@pytest.fixture
def rp(app, services, sample_users):
    return RelyingParty(app, *register(services))


def ids(page):
    return set(re.findall(r'\bid="([^"]+)"', page.text))


def heading(page):
    return re.sub(r"<[^>]+>", "", re.search(r"<h1[^>]*>(.*?)</h1>", page.text, re.DOTALL)[1]).strip()


def test_sign_in_page(client):
    page = client.get("/sign-in")
    assert {"username", "password", "login-submit", "login-cancel"} <= ids(page)
    assert heading(page) == "Sign in"
    assert {name for name, _ in forms.find(page, "login-submit").fields} >= {"username", "password"}


def test_sign_in_page_of_an_authorization_request(rp):
    page = rp.authorize()
    assert page.request.path == "/sign-in"
    assert {"username", "password", "login-submit", "login-cancel"} <= ids(page)
    assert heading(page) == "Sign in"


def test_sign_in_page_for_a_signed_in_user(rp):
    rp.authorized()
    page = rp.authorize(prompt="login")
    assert {"username", "password", "login-submit", "login-cancel"} <= ids(page)


def test_consent_page(rp):
    page = rp.sign_in(rp.authorize())
    assert page.request.path == "/oauth2/continue"
    assert {"consent-allow", "consent-deny"} <= ids(page)
    assert "The Relying Party" in heading(page)


def test_sign_out_pages(rp):
    rp.authorized()
    page = rp.browser.get("/sign-out")
    assert {"logout-confirm", "logout-cancel"} <= ids(page)
    page = rp.follow(forms.submit(rp.browser, page, "logout-confirm"))
    assert heading(page) == "You are signed out"


def test_sign_out_page_of_a_client(rp):
    rp.authorized()
    page = rp.follow(rp.browser.get("/oidc/end_session"))
    assert {"logout-confirm", "logout-cancel"} <= ids(page)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_id": None}, "invalid_request"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/cb"}, "invalid_request"),
        ({"state": "\0"}, "invalid_request"),
    ],
)
def test_error_pages_show_the_error_code(rp, change, error):
    page = rp.authorize(**change)
    assert (page.status_code, f"<code>{error}</code>" in page.text) == (400, True)
    assert "reference" in ids(page)


@pytest.mark.parametrize("is_decided", [False, True])
def test_page_of_an_unapproved_client_shows_the_error_code(app, services, sample_users, is_decided):
    party = RelyingParty(app, *register(services, is_approved=False))
    if is_decided:
        disapprove(services, party.key)
    page = party.authorize()
    assert (page.status_code, "<code>unauthorized_client</code>" in page.text) == (403, True)


def test_page_of_a_rejected_sign_out_shows_the_error_code(rp):
    page = rp.browser.get("/oidc/end_session?state=1&state=2")
    assert (page.status_code, "<code>invalid_request</code>" in page.text) == (400, True)


def test_there_is_no_captcha(rp):
    """Plain forms also work after many errors, and nothing is loaded from other sites."""
    page = rp.authorize()
    for _ in range(4):
        page = rp.sign_in(page, password="wrong")
        assert page.status_code == 422
    assert "captcha" not in page.text.lower()
    loaded = re.findall(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="([^"]+)"', page.text)
    assert loaded
    assert all(address.startswith("/") and not address.startswith("//") for address in loaded)
    assert 'id="consent-allow"' in rp.sign_in(page).text

"""What tools that drive the pages rely on: distinct addresses, stable ids, fixed texts, error codes, and no puzzles."""

import re

import pytest

from tests.support import forms
from tests.support.relying_party import RelyingParty, disapprove, register

pytestmark = pytest.mark.only_on("sqlite")


@pytest.fixture
def rp(app, services, people):
    return RelyingParty(app, *register(services))


def ids(page):
    return set(re.findall(r'\bid="([^"]+)"', page.text))


def heading(page):
    return re.sub(r"<[^>]+>", "", re.search(r"<h1[^>]*>(.*?)</h1>", page.text, re.DOTALL)[1]).strip()


def test_the_sign_in_page(client):
    page = client.get("/sign-in")
    assert {"username", "password", "login-submit", "login-cancel"} <= ids(page)
    assert heading(page) == "Sign in"
    assert {name for name, _ in forms.find(page, "login-submit").fields} >= {"username", "password"}


def test_the_sign_in_page_of_an_application(rp):
    page = rp.authorize()
    assert page.request.path == "/sign-in"
    assert {"username", "password", "login-submit", "login-cancel"} <= ids(page)
    assert heading(page) == "Sign in"


def test_the_sign_in_page_of_somebody_who_is_signed_in(rp):
    rp.authorized()
    page = rp.authorize(prompt="login")
    assert {"username", "password", "login-submit", "login-cancel"} <= ids(page)


def test_the_consent_page(rp):
    page = rp.sign_in(rp.authorize())
    assert page.request.path == "/oauth2/continue"
    assert {"consent-allow", "consent-deny"} <= ids(page)
    assert "The Relying Party" in heading(page)


def test_the_sign_out_pages(rp):
    rp.authorized()
    page = rp.browser.get("/sign-out")
    assert {"logout-confirm", "logout-cancel"} <= ids(page)
    page = rp.follow(forms.submit(rp.browser, page, "logout-confirm"))
    assert heading(page) == "You are signed out"


def test_signing_out_from_an_application(rp):
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
def test_error_pages_show_the_code(rp, change, error):
    page = rp.authorize(**change)
    assert (page.status_code, f"<code>{error}</code>" in page.text) == (400, True)
    assert "reference" in ids(page)


@pytest.mark.parametrize("is_decided", [False, True])
def test_the_page_of_a_client_that_is_not_approved_shows_the_code(app, services, people, is_decided):
    party = RelyingParty(app, *register(services, is_approved=False))
    if is_decided:
        disapprove(services, party.key)
    page = party.authorize()
    assert (page.status_code, "<code>unauthorized_client</code>" in page.text) == (403, True)


def test_the_page_of_a_refused_sign_out_shows_the_code(rp):
    page = rp.browser.get("/oidc/end_session?state=1&state=2")
    assert (page.status_code, "<code>invalid_request</code>" in page.text) == (400, True)


def test_there_are_no_puzzles(rp):
    """Plain forms are enough after many mistakes too, and nothing comes from elsewhere."""
    page = rp.authorize()
    for _ in range(4):
        page = rp.sign_in(page, password="wrong")
        assert page.status_code == 422
    assert "captcha" not in page.text.lower()
    loaded = re.findall(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="([^"]+)"', page.text)
    assert loaded
    assert all(address.startswith("/") and not address.startswith("//") for address in loaded)
    assert 'id="consent-allow"' in rp.sign_in(page).text

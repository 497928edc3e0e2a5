"""The list of applications shows what each may do and how it got access, for every grant type."""

import re

import pytest

from tests.support.consumer import register as register_consumer
from tests.support.device import GRANT, Device
from tests.support.relying_party import RelyingParty, edit, register
from tests.support.sample_users import PASSWORD

pytestmark = pytest.mark.both_databases

TRUST = "An administrator marked this application as trusted"
DEVICE = {"redirect_uris": (), "grant_types": (GRANT, "refresh_token"), "response_types": ()}
PASSWORD_GRANT = {"redirect_uris": (), "grant_types": ("password",), "response_types": ()}


@pytest.fixture
def party(app, services, sample_users):
    """Return a function that registers a client for alice's browser."""
    return lambda **registration: RelyingParty(app, *register(services, **registration))


def listed(party):
    """Return the text of alice's list."""
    page = party.follow(party.browser.get("/account/applications"))
    page = party.sign_in(page) if 'id="login-submit"' in page.text else page
    return page.text.partition("<h1>")[2]


def test_connected_device(party):
    device = Device(party(**DEVICE))
    device.start(scope="openid email").tokens()
    page = listed(device.rp)
    assert "A device was connected" in page
    assert "See your e-mail address" in page
    assert TRUST not in page
    assert "Last sign-in" not in page


def test_application_with_the_password_grant(party):
    rp = party(**PASSWORD_GRANT)
    assert (
        rp.token(grant_type="password", username="alice", password=PASSWORD, scope="email").status_code == 200
    )
    page = listed(rp)
    assert "It used your password" in page
    assert "See your e-mail address" in page
    assert TRUST not in page
    ask = rp.browser.get(f"/account/applications/{rp.key}/remove")
    assert "It knows your password." in ask.text
    assert "it will ask for your consent" not in ask.text


def test_trusted_application(party, services):
    rp = party(is_trusted=True)
    rp.authorized(scope="openid email")
    page = listed(rp)
    assert TRUST in page
    assert "See your e-mail address" in page
    edit(services, rp.key, is_trusted=False)
    assert TRUST not in listed(rp)


def test_consent_and_device_together(party):
    rp = party(grant_types=("authorization_code", "refresh_token", GRANT))
    rp.tokens(scope="openid profile")
    Device(rp).start(scope="openid email").tokens()
    page = listed(rp)
    assert page.count('class="card row"') == 1
    for words in ("Allowed", "Last sign-in", "A device was connected", "See your name", "See your e-mail"):
        assert words in page
    assert not re.search(r"\.(Last sign-in|A device)", page), "two sentences have no space between them"


def test_oauth1_consumer(app, services, sample_users):
    consumer = register_consumer(services, app)
    token = consumer.get_token_credentials()
    page = token.browser.get("/account/applications").text
    assert "Sign you in" in page
    assert "Allowed" in page
    assert TRUST not in page

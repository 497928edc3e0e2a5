"""A consent covers the client that the user saw: RFC 6749, section 10.2, and OpenID Connect Core, section 3.1.2.4.

The server MUST obtain the user's decision for the client that receives the access. After a change of its name, an origin of
its redirect URIs, or its approval, the user is asked again.
"""

import pytest
from flask import Flask

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support import consumer as consumers
from tests.support import forms
from tests.support.consumer import Consumer
from tests.support.device import GRANT, Device
from tests.support.relying_party import (
    REDIRECT_URI,
    RelyingParty,
    approve,
    disapprove,
    edit,
    register,
    response_parameters,
)

ALLOW = 'id="consent-allow"'
CHANGED = 'id="client-changed"'
ELSEWHERE = "https://elsewhere.example/cb"

CHANGES = {
    "name": {"name": "Another Name"},
    "origin": {"redirect_uris": (REDIRECT_URI, ELSEWHERE)},
    "port": {"redirect_uris": (REDIRECT_URI, "https://rp.example:8443/cb")},
    "scheme": {"redirect_uris": (REDIRECT_URI, "com.example.app:/cb")},
}

pytestmark = pytest.mark.both_databases


def decide_again(services: Services, key: str) -> None:
    """Disapprove a client and approve it again."""
    disapprove(services, key)
    approve(services, key)


@pytest.fixture
def consumer(app: Flask, services: Services, sample_users: dict[str, User]) -> Consumer:
    """A consumer that alice has allowed."""
    tool = consumers.register(services, app)
    tool.get_token_credentials()
    return tool


def open_consent(tool: Consumer) -> str:
    """Start another sign-in with OAuth 1.0a; return the page, or an empty text after a redirect to the consumer."""
    temporary = tool.with_token(tool.request_token())
    page = temporary.follow(
        temporary.browser.get("/oauth/authorize", query_string={"oauth_token": temporary.token})
    )
    return page.text if page.status_code == 200 else ""


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_changed_client_needs_consent_again(
    rp: RelyingParty, services: Services, change: dict[str, object]
) -> None:
    """RFC 6749, section 10.2: the user must be able to recognize the client that asks for access."""
    rp.authorized()
    edit(services, rp.key, **change)
    page = rp.authorize()
    assert ALLOW in page.text
    assert CHANGED in page.text
    assert "code" in response_parameters(rp.allow(page))
    assert "code" in response_parameters(rp.authorize())


def test_silent_request_of_a_changed_client_fails(rp: RelyingParty, services: Services) -> None:
    """Core, section 3.1.2.6: with prompt=none, the client learns that consent is required."""
    rp.authorized()
    edit(services, rp.key, name="Another Name")
    assert response_parameters(rp.authorize(prompt="none"))["error"] == "consent_required"


def test_client_that_is_approved_again_needs_consent_again(rp: RelyingParty, services: Services) -> None:
    """S3: the approval does not restore what the disapproval has ended."""
    rp.authorized()
    decide_again(services, rp.key)
    assert CHANGED in rp.authorize().text


def test_earlier_scopes_do_not_return_with_the_new_consent(rp: RelyingParty, services: Services) -> None:
    """Core, section 3.1.2.4: the new consent covers only the scopes that its page showed."""
    rp.authorized(scope="openid profile email")
    edit(services, rp.key, name="Another Name")
    rp.allow(rp.authorize(scope="openid profile"))
    assert ALLOW in rp.authorize(scope="openid profile email").text


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uris": (REDIRECT_URI, f"{REDIRECT_URI}/other")},
        {"details": {"tos_uri": "https://rp.example/tos"}},
    ],
)
def test_other_changes_need_no_consent(
    rp: RelyingParty, services: Services, change: dict[str, object]
) -> None:
    """A redirect URI on a known origin does not make it another application."""
    rp.authorized()
    edit(services, rp.key, **change)
    assert "code" in response_parameters(rp.authorize())


def test_removed_origin_needs_no_consent(
    app: Flask, services: Services, sample_users: dict[str, User]
) -> None:
    """The client can return to fewer places than the user has allowed."""
    rp = RelyingParty(app, *register(services, redirect_uris=(REDIRECT_URI, ELSEWHERE)))
    rp.authorized()
    edit(services, rp.key, redirect_uris=(REDIRECT_URI,))
    assert "code" in response_parameters(rp.authorize())


def test_open_consent_page_of_another_name_grants_nothing(rp: RelyingParty, services: Services) -> None:
    """S12: the user grants what the page showed."""
    page = rp.sign_in(rp.authorize())
    edit(services, rp.key, name="Another Name")
    again = rp.allow(page)
    assert ALLOW in again.text
    assert "Another Name" in again.text


def test_changed_consumer_needs_consent_again(consumer: Consumer, services: Services) -> None:
    """RFC 5849, section 2.2: the user decides about the consumer that the page names."""
    assert open_consent(consumer) == ""
    edit(services, consumer.key, name="Another Tool")
    assert CHANGED in open_consent(consumer)


def test_consumer_with_a_new_callback_origin_needs_consent_again(
    consumer: Consumer, services: Services
) -> None:
    """RFC 5849, section 4.7: the user must know where the access goes."""
    edit(services, consumer.key, redirect_uris=(consumers.CALLBACK, ELSEWHERE))
    assert CHANGED in open_consent(consumer)


def test_consumer_that_is_approved_again_needs_consent_again(consumer: Consumer, services: Services) -> None:
    """S3: the approval does not restore what the disapproval has ended."""
    decide_again(services, consumer.key)
    assert CHANGED in open_consent(consumer)


def test_device_confirmation_of_a_changed_client_grants_nothing(
    app: Flask, services: Services, sample_users: dict[str, User]
) -> None:
    """RFC 8628, section 3.3: the user confirms the client that the page shows. Each device is confirmed."""
    grants = {"redirect_uris": (), "grant_types": (GRANT, "refresh_token"), "response_types": ()}
    device = Device(RelyingParty(app, *register(services, name="The Device", **grants)))
    device.tokens()
    device.start()
    page = device.enter()
    edit(services, device.rp.key, name="Another Device")
    assert forms.submit(device.browser, page, "device-allow").status_code == 400
    assert device.poll().get_json()["error"] == "authorization_pending"
    assert "Another Device" in device.enter().text

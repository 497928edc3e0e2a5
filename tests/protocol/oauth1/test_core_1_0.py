"""OAuth Core 1.0 as Eclipse Lyo's clients use it.

Consumers need permission to use it, users see a warning, and the version is decided for each credential.
"""

from urllib.parse import parse_qsl, quote

import pytest
from oauthlib import oauth1
from oauthlib.oauth1.rfc5849 import signature

from authserver import clock
from authserver.domain.clients.clients import Client
from authserver.domain.oauth1 import consumers
from authserver.domain.users.users import User
from tests.support.consumer import CALLBACK, callback_parameters, credentials, problem_of, register


@pytest.fixture
def consumer(services, app, sample_users):
    return register(services, app, allows_1_0=True)


def test_lyo_client_succeeds_if_allowed(consumer):
    response = consumer.request_token(callback=None, verb="GET")
    assert "oauth_callback_confirmed" not in credentials(response)
    temporary = consumer.with_token(response)
    back = callback_parameters(temporary.authorize(oauth_callback=CALLBACK))
    assert back == {"oauth_token": temporary.token}
    token = temporary.with_token(temporary.access_token(verifier=None))
    assert token.whoami().get_json()["username"] == "alice"


def test_lyo_client_is_rejected_if_not_allowed(services, app, sample_users):
    strict = register(services, app)
    response = strict.request_token(callback=None, verb="GET")
    assert problem_of(response) == (400, "parameter_absent")
    pairs = dict(parse_qsl(response.text))
    assert pairs["oauth_parameters_absent"] == "oauth_callback"
    assert "OAuth Core 1.0" in pairs["oauth_problem_advice"]


def test_version_is_decided_per_credential(consumer):
    temporary = consumer.with_token(consumer.request_token())
    assert "oauth_verifier" in callback_parameters(temporary.authorize())
    assert problem_of(temporary.access_token(verifier=None)) == (400, "parameter_absent")


def test_user_is_warned_every_time_even_for_a_trusted_consumer(services, app, sample_users):
    trusted = register(services, app, allows_1_0=True, is_trusted=True)
    for _ in range(2):
        temporary = trusted.with_token(trusted.request_token(callback=None))
        page = temporary.authorize(button="consent-deny", oauth_callback=CALLBACK)
        assert callback_parameters(page)["oauth_problem"] == "user_refused"
    page = trusted.browser.get(
        "/oauth/authorize", query_string={"oauth_token": with_temporary_credentials(trusted).token}
    )
    assert 'id="oauth10-warning"' in page.text


@pytest.mark.parametrize(
    "callback",
    ["https://evil.example/", f"{CALLBACK}/x", "javascript:alert(1)", "//evil.example", "x" * 5000],
)
def test_callback_in_the_authorization_url_must_be_registered(consumer, callback):
    page = with_temporary_credentials(consumer).authorize(oauth_callback=callback)
    assert page.status_code == 400
    assert "parameter_rejected" in page.text


def test_unregistered_unsigned_callback_is_rejected(services, app, sample_users):
    consumer = register(services, app, allows_1_0=True, callbacks=())
    assert (
        with_temporary_credentials(consumer).authorize(oauth_callback="https://anywhere.example/").status_code
        == 400
    )
    without = with_temporary_credentials(consumer)
    page = without.authorize()
    assert page.status_code == 200
    assert "You can close this page" in page.text
    credentials(without.access_token(verifier=None))


def test_withdrawing_the_opt_in_stops_pending_requests(services, consumer):
    temporary = with_temporary_credentials(consumer)
    with services.database.transaction() as db:
        db.query(Client).one().details = consumers.ConsumerOptions().details()
    page = temporary.authorize(oauth_callback=CALLBACK)
    assert page.status_code == 400
    assert "version_rejected" in page.text


def test_two_legged_call_acts_for_the_functional_user(services, app, alice):
    consumer = register(services, app, functional_user_id=alice.id)
    absent = consumer.whoami()
    empty = app.test_client().get("/oauth/whoami", headers={"Authorization": with_empty_token(consumer)})
    for response in (absent, empty):
        assert response.status_code == 200, response.text
        assert response.get_json()["username"] == "alice"
        assert response.get_json()["expires_in"] is None


def test_two_legged_call_without_a_functional_user_is_rejected(consumer):
    assert problem_of(consumer.whoami()) == (401, "permission_denied")


def test_administrator_cannot_be_a_functional_user(services, app, admin, alice):
    consumer = register(services, app, functional_user_id=admin.id)
    assert problem_of(consumer.whoami()) == (401, "permission_denied")
    consumer = register(services, app, functional_user_id=alice.id)
    assert consumer.whoami().status_code == 200
    with services.database.transaction() as db:
        db.get(User, alice.id).may_configure_server = True
    assert problem_of(consumer.whoami()) == (401, "permission_denied")


def with_temporary_credentials(consumer):
    return consumer.with_token(consumer.request_token(callback=None, verb="GET"))


def with_empty_token(consumer):
    """Return the header that Lyo sends. oauthlib would omit the empty token."""
    pairs = [
        ("oauth_consumer_key", consumer.key),
        ("oauth_token", ""),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", str(int(clock.now().timestamp()))),
        ("oauth_nonce", "n"),
    ]
    base_string = signature.signature_base_string(
        "GET", "http://localhost/oauth/whoami", signature.normalize_parameters(pairs)
    )
    signed = signature.sign_hmac_sha1_with_client(
        base_string, oauth1.Client("", client_secret=consumer.secret)
    )
    return "OAuth " + ", ".join(
        f'{name}="{quote(value, safe="~")}"' for name, value in [*pairs, ("oauth_signature", signed)]
    )

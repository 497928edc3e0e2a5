"""OAuth Core 1.0, as Eclipse Lyo's clients speak it: per consumer, opt-in, with a warning, decided per credential."""

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
def consumer(services, app, people):
    return register(services, app, allows_1_0=True)


def test_a_lyo_client_completes_where_it_is_allowed(consumer):
    answer = consumer.request_token(callback=None, verb="GET")
    assert "oauth_callback_confirmed" not in credentials(answer)
    temporary = consumer.with_token(answer)
    back = callback_parameters(temporary.authorize(oauth_callback=CALLBACK))
    assert back == {"oauth_token": temporary.token}
    token = temporary.with_token(temporary.access_token(verifier=None))
    assert token.whoami().get_json()["username"] == "alice"


def test_it_is_refused_with_a_clear_problem_where_it_is_not(services, app, people):
    strict = register(services, app)
    answer = strict.request_token(callback=None, verb="GET")
    assert problem_of(answer) == (400, "parameter_absent")
    pairs = dict(parse_qsl(answer.text))
    assert pairs["oauth_parameters_absent"] == "oauth_callback"
    assert "OAuth Core 1.0" in pairs["oauth_problem_advice"]


def test_the_version_is_decided_per_credential(consumer):
    temporary = consumer.with_token(consumer.request_token())
    assert "oauth_verifier" in callback_parameters(temporary.authorize())
    assert problem_of(temporary.access_token(verifier=None)) == (400, "parameter_absent")


def test_the_person_is_warned_every_time_even_for_a_trusted_consumer(services, app, people):
    trusted = register(services, app, allows_1_0=True, is_trusted=True)
    for _ in range(2):
        temporary = trusted.with_token(trusted.request_token(callback=None))
        page = temporary.authorize(button="consent-deny", oauth_callback=CALLBACK)
        assert callback_parameters(page)["oauth_problem"] == "user_refused"
    page = trusted.browser.get("/oauth/authorize", query_string={"oauth_token": asked(trusted).token})
    assert 'id="oauth10-warning"' in page.text


@pytest.mark.parametrize(
    "callback",
    ["https://evil.example/", f"{CALLBACK}/x", "javascript:alert(1)", "//evil.example", "x" * 5000],
)
def test_the_callback_on_the_authorization_url_must_be_registered(consumer, callback):
    page = asked(consumer).authorize(oauth_callback=callback)
    assert page.status_code == 400
    assert "parameter_rejected" in page.text


def test_an_unregistered_callback_is_never_taken_unsigned(services, app, people):
    consumer = register(services, app, allows_1_0=True, callbacks=())
    assert asked(consumer).authorize(oauth_callback="https://anywhere.example/").status_code == 400
    without = asked(consumer)
    page = without.authorize()
    assert page.status_code == 200
    assert "You can close this page" in page.text
    credentials(without.access_token(verifier=None))


def test_withdrawing_the_opt_in_stops_what_is_under_way(services, consumer):
    temporary = asked(consumer)
    with services.database.transaction() as db:
        db.query(Client).one().details = consumers.ConsumerOptions().details()
    page = temporary.authorize(oauth_callback=CALLBACK)
    assert page.status_code == 400
    assert "version_rejected" in page.text


def test_two_legged_calls_act_for_the_functional_user(services, app, alice):
    consumer = register(services, app, functional_user_id=alice.id)
    absent = consumer.whoami()
    empty = app.test_client().get("/oauth/whoami", headers={"Authorization": with_empty_token(consumer)})
    for answer in (absent, empty):
        assert answer.status_code == 200, answer.text
        assert answer.get_json()["username"] == "alice"
        assert answer.get_json()["expires_in"] is None


def test_two_legged_calls_are_refused_without_a_functional_user(consumer):
    assert problem_of(consumer.whoami()) == (401, "permission_denied")


def test_an_administrator_never_serves_as_a_functional_user(services, app, admin, alice):
    consumer = register(services, app, functional_user_id=admin.id)
    assert problem_of(consumer.whoami()) == (401, "permission_denied")
    consumer = register(services, app, functional_user_id=alice.id)
    assert consumer.whoami().status_code == 200
    with services.database.transaction() as db:
        db.get(User, alice.id).may_configure_server = True
    assert problem_of(consumer.whoami()) == (401, "permission_denied")


def asked(consumer):
    return consumer.with_token(consumer.request_token(callback=None, verb="GET"))


def with_empty_token(consumer):
    """The header that Lyo sends: oauthlib itself would leave an empty token out."""
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

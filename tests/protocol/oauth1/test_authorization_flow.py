"""The three-legged authorization flow over HTTP, and its error cases (RFC 5849, sections 2 and 3)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import parse_qsl

import pytest

from authserver.context import SYSTEM
from authserver.domain.authorizations.consents import Consent
from authserver.domain.clients import clients
from authserver.domain.clients.clients import Client
from authserver.domain.oauth1.temporary_credentials import TemporaryCredential
from authserver.domain.oauth1.token_credentials import TokenCredential
from authserver.domain.users import users
from tests.support import forms
from tests.support.consumer import CALLBACK, callback_parameters, credentials, problem_of, register
from tests.support.sample_users import PASSWORD
from tests.support.table import table


@pytest.fixture
def consumer(services, app, sample_users):
    return register(services, app)


@pytest.mark.both_databases
def test_complete_flow(consumer):
    response = consumer.request_token()
    assert dict(parse_qsl(response.text))["oauth_callback_confirmed"] == "true"
    temporary = consumer.with_token(response)
    back = temporary.authorize()
    assert back.location.startswith(f"{CALLBACK}?")
    assert callback_parameters(back)["oauth_token"] == temporary.token
    response = temporary.access_token(callback_parameters(back)["oauth_verifier"])
    assert set(credentials(response)) == {"oauth_token", "oauth_token_secret"}
    me = temporary.with_token(response).whoami()
    assert me.status_code == 200
    assert me.get_json()["username"] == "alice"
    assert me.get_json()["consumer"] == {"key": consumer.key, "name": "The Tool"}
    assert 7190 <= me.get_json()["expires_in"] <= 7200


@pytest.mark.parametrize("place", ["AUTH_HEADER", "BODY", "QUERY"])
@pytest.mark.parametrize("method", ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "PLAINTEXT"])
@pytest.mark.only_on("sqlite")
def test_every_signature_method_in_every_place(services, app, sample_users, place, method):
    consumer = replace(register(services, app), place=place, method=method)
    # oauthlib decodes body and query twice, so the callback contains no percent signs there.
    with_token = consumer.get_token_credentials()
    assert with_token.whoami("POST").get_json()["username"] == "alice"


def test_consent_is_remembered_and_not_needed_for_trusted_consumers(services, app, consumer, alice):
    consumer.get_token_credentials()
    second = consumer.with_token(consumer.request_token())
    assert second.browser.get(f"/oauth/authorize?oauth_token={second.token}").status_code == 303
    with services.database.transaction(write=False) as db:
        assert db.query(Consent).filter_by(user_id=alice.id).count() == 1
    trusted = register(services, app, is_trusted=True)
    temporary = trusted.with_token(trusted.request_token())
    page = temporary.follow(temporary.browser.get(f"/oauth/authorize?oauth_token={temporary.token}"))
    assert "consent-allow" not in page.text
    assert "oauth_verifier" in callback_parameters(temporary.authorize("bob"))


def test_denial_reaches_the_consumer(consumer):
    temporary = consumer.with_token(consumer.request_token())
    back = callback_parameters(temporary.authorize(button="consent-deny"))
    assert back == {"oauth_token": temporary.token, "oauth_problem": "user_refused"}
    assert problem_of(temporary.access_token("x")) == (503, "user_refused")


def test_out_of_band_shows_the_verifier(consumer):
    temporary = consumer.with_token(consumer.request_token("oob"))
    page = temporary.authorize()
    assert page.status_code == 200
    verifier = page.text.partition('id="verifier">')[2].partition("<")[0]
    assert len(verifier) == 14
    assert problem_of(temporary.access_token("BBBB-BBBB-BBBB")) == (401, "verifier_invalid")
    credentials(temporary.access_token(verifier.lower().replace("-", " ")))


@pytest.mark.both_databases
def test_wrong_verifiers_are_limited(consumer):
    temporary = consumer.with_token(consumer.request_token())
    verifier = callback_parameters(temporary.authorize())["oauth_verifier"]
    for _ in range(5):
        assert problem_of(temporary.access_token("wrong")) == (401, "verifier_invalid")
    assert problem_of(temporary.access_token(verifier)) == (401, "token_rejected")


def test_temporary_credentials_work_once(consumer):
    temporary = consumer.with_token(consumer.request_token())
    verifier = callback_parameters(temporary.authorize())["oauth_verifier"]
    credentials(temporary.access_token(verifier))
    assert problem_of(temporary.access_token(verifier)) == (401, "token_used")


@pytest.mark.both_databases
def test_one_of_many_concurrent_exchanges_succeeds(services, consumer):
    temporary = consumer.with_token(consumer.request_token())
    verifier = callback_parameters(temporary.authorize())["oauth_verifier"]
    with ThreadPoolExecutor(10) as pool:
        responses = list(pool.map(lambda _: temporary.access_token(verifier), range(20)))
    assert sorted(response.status_code for response in responses) == [200] + [401] * 19
    with services.database.transaction(write=False) as db:
        assert db.query(TokenCredential).count() == 1


@pytest.mark.both_databases
def test_one_of_many_concurrent_uses_of_a_nonce_succeeds(consumer):
    with_token = consumer.get_token_credentials()
    signed = with_token.sign("GET", "http://localhost/oauth/whoami", nonce="once")
    with ThreadPoolExecutor(10) as pool:
        responses = list(pool.map(lambda _: with_token.deliver("GET", *signed), range(20)))
    assert sorted(response.status_code for response in responses) == [200] + [401] * 19
    assert {problem_of(response) for response in responses if response.status_code == 401} == {
        (401, "nonce_used")
    }


def test_request_with_an_invalid_signature_does_not_consume_the_nonce(consumer):
    with_token = consumer.get_token_credentials()
    url, headers, body = with_token.sign("GET", "http://localhost/oauth/whoami", nonce="mine")
    forged = {"Authorization": headers["Authorization"].replace('oauth_signature="', 'oauth_signature="A')}
    assert problem_of(with_token.deliver("GET", url, forged, body)) == (401, "signature_invalid")
    assert with_token.deliver("GET", url, headers, body).status_code == 200
    assert problem_of(with_token.deliver("GET", url, headers, body)) == (401, "nonce_used")


def test_invalid_request_does_not_affect_credentials_of_others(services, app, consumer):
    temporary = consumer.with_token(consumer.request_token())
    verifier = callback_parameters(temporary.authorize())["oauth_verifier"]
    other_consumer = replace(
        register(services, app), token=temporary.token, token_secret=temporary.token_secret
    )
    assert problem_of(other_consumer.access_token(verifier)) == (401, "token_rejected")
    assert problem_of(replace(temporary, secret="guess").access_token(verifier)) == (401, "signature_invalid")
    unsigned = app.test_client().post("/oauth/accessToken", data={"oauth_token": temporary.token})
    assert problem_of(unsigned) == (400, "parameter_absent")
    credentials(temporary.access_token(verifier))


def test_token_credentials_are_bound_to_their_consumer(services, app, consumer):
    with_token = consumer.get_token_credentials()
    other_consumer = replace(
        register(services, app), token=with_token.token, token_secret=with_token.token_secret
    )
    assert problem_of(other_consumer.whoami()) == (401, "invalid_expired_token")


@pytest.mark.parametrize("seconds", [-400, 400, -10_000_000, 10_000_000])
def test_timestamp_outside_the_window_is_rejected(consumer, moving_clock, seconds):
    now = int(moving_clock.now().timestamp())
    response = consumer.request_token(timestamp=str(now + seconds))
    assert problem_of(response) == (400, "timestamp_refused")
    low, high = dict(parse_qsl(response.text))["oauth_acceptable_timestamps"].split("-")
    assert int(low) <= now <= int(high)


@table("timestamp", ["-1", "1.5", "abc", "9" * 40, "\uff11\uff12", " 1"])
def test_malformed_timestamp_is_rejected(consumer, timestamp):
    assert problem_of(consumer.request_token(timestamp=timestamp)) == (400, "parameter_rejected")


def test_timestamp_within_the_window_is_accepted(consumer, moving_clock):
    now = int(moving_clock.now().timestamp())
    for seconds in (-290, 290):
        credentials(consumer.request_token(timestamp=str(now + seconds)))


def test_credentials_expire(services, consumer, moving_clock):
    temporary = consumer.with_token(consumer.request_token())
    verifier = callback_parameters(temporary.authorize())["oauth_verifier"]
    token = consumer.get_token_credentials()
    moving_clock.advance(services.settings.temporary_credential_lifetime, seconds=1)
    now = str(int(moving_clock.now().timestamp()))
    assert problem_of(temporary.access_token(verifier, timestamp=now)) == (401, "token_expired")
    assert token.whoami(timestamp=now).status_code == 200
    moving_clock.advance(services.settings.token_credential_lifetime)
    now = str(int(moving_clock.now().timestamp()))
    assert problem_of(token.whoami(timestamp=now)) == (401, "invalid_expired_token")


def test_unknown_token_gets_the_problem_that_jazz_expects(consumer):
    for token in ("nonsense", "aso_1_" + "a" * 43, "ast_1_" + "a" * 43):
        assert problem_of(replace(consumer, token=token).whoami()) == (401, "invalid_expired_token")


@table("callback", ["https://tool.example/back/", "https://tool.example/back?x=1", "https://evil.example/",
                                      "javascript:alert(1)", "oob2", "http://tool.example/back"])  # fmt: skip
def test_callback_must_match_exactly(consumer, callback):
    assert problem_of(consumer.request_token(callback)) == (400, "parameter_rejected")


def test_prefix_rule_accepts_only_paths_below_the_callback(services, app, sample_users):
    consumer = register(services, app, allows_prefix=True)
    for callback in (CALLBACK, f"{CALLBACK}/deep?a=1", f"{CALLBACK}?a=%2F"):
        credentials(consumer.request_token(callback))
    for callback in (f"{CALLBACK}ward", "https://tool.example/", f"{CALLBACK}/../x", f"{CALLBACK}/%2e%2e/x",
                     "https://tool.example.evil/back/", "https://tool.example@evil/back/", f"{CALLBACK}/#x"):  # fmt: skip
        assert problem_of(consumer.request_token(callback)) == (400, "parameter_rejected"), callback


def test_signed_safe_callback_is_accepted_without_registered_callbacks(services, app, sample_users):
    consumer = register(services, app, callbacks=())
    consumer.get_token_credentials(callback="https://anywhere.example/cb?x=%2F&y=1")
    for callback in ("http://anywhere.example/", "javascript:alert(1)", "https://a.example/#x"):
        assert problem_of(consumer.request_token(callback)) == (400, "parameter_rejected")


def test_query_of_the_callback_is_kept(services, app, sample_users):
    consumer = register(services, app, callbacks=("https://tool.example/cb?x=%2F",))
    temporary = consumer.with_token(consumer.request_token("https://tool.example/cb?x=%2F"))
    assert temporary.authorize().location.startswith("https://tool.example/cb?x=%2F&oauth_token=ast_")


def test_signature_method_that_is_not_allowed_is_rejected(services, app, sample_users):
    consumer = register(services, app, signature_methods=("HMAC-SHA256",))
    assert problem_of(consumer.request_token()) == (400, "signature_method_rejected")
    credentials(replace(consumer, method="HMAC-SHA256").request_token())
    header = 'OAuth oauth_consumer_key="k", oauth_signature_method="MD5", oauth_signature="x", '
    header += 'oauth_timestamp="1", oauth_nonce="n"'
    unknown = app.test_client().post(
        "/oauth/requestToken", headers={"Authorization": header.replace('"k"', f'"{consumer.key}"')}
    )
    assert problem_of(unknown) == (400, "signature_method_rejected")


def test_all_missing_parameters_are_named(app):
    response = app.test_client().post(
        "/oauth/requestToken", headers={"Authorization": 'OAuth oauth_nonce="n"'}
    )
    assert problem_of(response) == (400, "parameter_absent")
    names = dict(parse_qsl(response.text))["oauth_parameters_absent"].split("&")
    assert names == ["oauth_consumer_key", "oauth_signature_method", "oauth_signature", "oauth_timestamp"]


def test_base_string_uses_the_public_url_and_not_the_host_header(consumer):
    url, headers, body = consumer.sign(
        "POST", "http://evil.example/oauth/requestToken", callback_uri=CALLBACK
    )
    headers["Host"] = "evil.example"
    assert problem_of(consumer.deliver("POST", url, headers, body)) == (401, "signature_invalid")
    url, headers, body = consumer.sign("POST", "http://localhost/oauth/requestToken", callback_uri=CALLBACK)
    headers["Host"] = "evil.example"
    credentials(consumer.deliver("POST", url, headers, body))


def test_pending_disapproved_and_unknown_consumers_are_rejected(services, app, sample_users):
    consumer = register(services, app, is_approved=False)
    assert problem_of(consumer.request_token()) == (503, "consumer_key_refused")
    assert problem_of(replace(consumer, secret="x").request_token()) == (401, "signature_invalid")
    assert problem_of(replace(consumer, key="nobody").request_token()) == (401, "consumer_key_unknown")
    decide(services, consumer, clients.disapprove)
    assert problem_of(consumer.request_token()) == (401, "consumer_key_rejected")


def test_clients_of_other_kinds_are_unknown(services, app, consumer):
    with services.database.transaction() as db:
        db.query(Client).update({"kind": "oauth2"})
    assert problem_of(consumer.request_token()) == (401, "consumer_key_unknown")


def test_disapproval_voids_credentials_and_approval_does_not_restore_them(services, consumer):
    token = consumer.get_token_credentials()
    temporary = consumer.with_token(consumer.request_token())
    verifier = callback_parameters(temporary.authorize())["oauth_verifier"]
    pending = consumer.with_token(consumer.request_token())
    decide(services, consumer, clients.disapprove)
    assert problem_of(token.whoami()) == (401, "consumer_key_rejected")
    assert problem_of(temporary.access_token(verifier)) == (401, "consumer_key_rejected")
    assert pending.authorize().status_code == 403
    decide(services, consumer, clients.approve)
    assert problem_of(token.whoami()) == (401, "invalid_expired_token")
    assert problem_of(temporary.access_token(verifier)) == (401, "token_revoked")
    assert pending.authorize().status_code == 400
    assert consumer.get_token_credentials().whoami().status_code == 200


def test_removing_a_consumer_removes_its_credentials(services, consumer):
    token = consumer.get_token_credentials()
    with services.database.transaction() as db:
        clients.remove(db, SYSTEM, clients.get(db, consumer.key))
    assert problem_of(token.whoami()) == (401, "consumer_key_unknown")
    with services.database.transaction(write=False) as db:
        assert db.query(TokenCredential).count() == db.query(TemporaryCredential).count() == 0


def test_disabling_the_user_voids_the_token(services, consumer):
    token = consumer.get_token_credentials()
    with services.database.transaction() as db:
        users.disable(db, SYSTEM, users.find(db, "alice"))
    assert problem_of(token.whoami()) == (401, "invalid_expired_token")


def test_decision_about_other_credentials_than_shown_is_rejected(consumer):
    shown, other = (consumer.with_token(consumer.request_token()) for _ in range(2))
    page = sign_in(shown)
    response = forms.submit(shown.browser, page, "consent-allow", oauth_token=other.token)
    assert response.status_code == 303
    assert response.location == f"/oauth/authorize?oauth_token={other.token}"
    assert problem_of(other.access_token("x")) == (401, "permission_unknown")
    assert problem_of(shown.access_token("x")) == (401, "permission_unknown")


def test_decision_with_an_expired_form_is_shown_again(consumer):
    temporary = consumer.with_token(consumer.request_token())
    page = sign_in(temporary)
    again = temporary.follow(forms.submit(temporary.browser, page, "consent-allow", csrf_token="old"))
    assert 'id="consent-allow"' in again.text
    assert problem_of(temporary.access_token("x")) == (401, "permission_unknown")


def test_decision_from_another_browser_is_rejected(consumer):
    temporary = consumer.with_token(consumer.request_token())
    page = sign_in(temporary)
    other_browser = replace(temporary)
    sign_in(other_browser, "bob")
    interaction = dict(forms.find(page, "consent-allow").fields)["interaction"]
    theirs = other_browser.browser.get(f"/oauth/authorize?oauth_token={temporary.token}")
    response = forms.submit(other_browser.browser, theirs, "consent-allow", interaction=interaction)
    assert response.status_code == 303
    assert response.location.startswith("/oauth/authorize?")
    assert problem_of(temporary.access_token("x")) == (401, "permission_unknown")


def test_second_decision_is_rejected(consumer):
    temporary = consumer.with_token(consumer.request_token())
    assert "oauth_verifier" in callback_parameters(temporary.authorize())
    again = replace(temporary).authorize("bob")
    assert again.status_code == 400
    assert "token_used" in again.text


def test_no_recoverable_secret_is_stored(services, consumer):
    token = consumer.get_token_credentials()
    with services.database.transaction(write=False) as db:
        temporary, token_credential = db.query(TemporaryCredential).one(), db.query(TokenCredential).one()
    stored = repr([vars(temporary), vars(token_credential)])
    for secret in (token.secret, token.token_secret, token.token.split("_", 2)[-1]):
        assert secret not in stored


def test_unsigned_request_gets_a_challenge(app):
    answer = app.test_client().get("/oauth/whoami")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'OAuth realm="authserver"'


def decide(services, consumer, decision):
    with services.database.transaction() as db:
        client = clients.get(db, consumer.key)
        decision(db, SYSTEM, client, revision=client.revision)


def sign_in(consumer, username="alice"):
    page = consumer.follow(consumer.browser.get(f"/oauth/authorize?oauth_token={consumer.token}"))
    return consumer.follow(
        forms.submit(consumer.browser, page, "login-submit", username=username, password=PASSWORD)
    )


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    ("verb", "query", "length", "status"),
    [
        ("PUT", "", "0", 405),
        ("POST", "a=%ff", "0", 400),
        ("POST", "", "99999999", 413),
        ("POST", "", "x", 400),
    ],
)
def test_early_rejections_use_the_format_of_the_endpoint(app, verb, query, length, status):
    response = app.test_client().open(
        "/oauth/requestToken", method=verb, query_string=query, environ_overrides={"CONTENT_LENGTH": length}
    )
    assert response.status_code == status
    assert dict(parse_qsl(response.text))["oauth_problem"] == "parameter_rejected"

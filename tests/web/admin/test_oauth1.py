"""The console's OAuth 1.0a pages: options, pending keys, and the signature debugger."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest

from authserver.domain.clients import clients
from authserver.domain.oauth1 import consumers
from tests.support import forms
from tests.support.consumer import CALLBACK, register
from tests.support.sample_users import PASSWORD


@pytest.fixture
def console(app, sample_users):
    browser = app.test_client()
    forms.submit(browser, browser.get("/sign-in"), "login-submit", username="admin", password=PASSWORD)
    return browser


@pytest.fixture
def consumer(services, app, sample_users):
    return register(services, app)


def options(services, consumer):
    with services.database.transaction(write=False) as db:
        return consumers.options_of(clients.get(db, consumer.key).details)


def save(console, consumer, **fields):
    page = console.get(f"/admin/clients/{consumer.key}/oauth1")
    return forms.submit(console, page, "save", **fields)


def test_options_are_saved_and_shown(services, console, consumer, alice):
    response = save(
        console,
        consumer,
        allows_1_0="1",
        allows_prefix="1",
        functional_user="ALICE",
        signature_methods="HMAC-SHA256",
    )
    assert response.status_code == 303
    saved = options(services, consumer)
    assert saved == consumers.ConsumerOptions(
        signature_methods=("HMAC-SHA256",), allows_1_0=True, allows_prefix=True, functional_user_id=alice.id
    )
    shown = console.get(f"/admin/clients/{consumer.key}/settings").text
    assert "Allowed; users are warned" in shown
    assert "HMAC-SHA256" in shown
    form = forms.find(console.get(f"/admin/clients/{consumer.key}/oauth1"), "save")
    assert ("functional_user", "alice") in form.fields
    assert [value for name, value in form.fields if name == "signature_methods"] == ["HMAC-SHA256"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"functional_user": "nobody"}, "There is no active user with this name."),
        ({"functional_user": "admin"}, "An administrator cannot be a functional user."),
        ({"public_key": "x"}, "This is not a PEM public key"),
        ({"signature_methods": "MD5"}, "Choose at least one of the signature methods."),
        ({"revision": "1"}, "changed"),
    ],
)
def test_invalid_options_are_named_and_not_saved(services, console, consumer, fields, sentence):
    before = options(services, consumer)
    response = save(console, consumer, **fields)
    assert response.status_code in {409, 422}
    assert sentence in response.text
    assert options(services, consumer) == before


def test_permission_to_verify_is_given_to_clients_of_any_kind(services, console, consumer):
    with services.database.transaction() as db:
        clients.get(db, consumer.key).kind = "oauth2"
        clients.get(db, consumer.key).response_types = ["code"]
        clients.get(db, consumer.key).grant_types = ["authorization_code"]
    assert save(console, consumer, may_verify_requests="1").status_code == 303
    with services.database.transaction(write=False) as db:
        assert clients.get(db, consumer.key).details["may_verify_requests"] is True
    assert (
        "May verify signed OAuth 1.0a requests" in console.get(f"/admin/clients/{consumer.key}/settings").text
    )


def test_requested_keys_are_pending_in_the_table_with_their_origin(app, console):
    body = {"name": "Jazz", "secret": "x" * 20, "trusted": True}
    key = (
        app.test_client()
        .post("/oauth/requestKey", json=body, environ_base={"REMOTE_ADDR": "192.0.2.7"})
        .get_json()["key"]
    )
    table = console.get("/admin/clients?kind=oauth1&status=pending").text
    assert key in table
    review = console.get(f"/admin/clients/{key}").text
    for words in ("requestKey", "192.0.2.7", "Pending approval", "asked to be trusted"):
        assert words in review


def test_edit_client_keeps_its_options(services, console, consumer, alice):
    save(console, consumer, allows_1_0="1", functional_user="alice")
    page = console.get(f"/admin/clients/{consumer.key}/edit")
    assert forms.submit(console, page, "save", name="Renamed", redirect_uris=CALLBACK).status_code == 303
    saved = options(services, consumer)
    assert (saved.allows_1_0, saved.functional_user_id) == (True, alice.id)


def debug(console, consumer, **fields):
    page = console.get(f"/admin/clients/{consumer.key}/oauth1/debugger")
    return forms.submit(console, page, "debug", **fields)


def described(consumer, **more):
    url, headers, body = consumer.sign("POST", "http://localhost/oauth/whoami?b=%2F", [("a", "1")], **more)
    return {
        "method": "POST",
        "url": url,
        "authorization": headers["Authorization"],
        "body": body or urlencode([]),
    }


def test_debugger_accepts_a_valid_request_repeatedly(console, consumer):
    token = consumer.get_token_credentials()
    request = described(token)
    for _ in range(2):
        page = debug(console, consumer, **request)
        assert "The request is valid" in page.text
        assert "POST&amp;http%3A%2F%2Flocalhost%2Foauth%2Fwhoami&amp;a%3D1%26b%3D%252F" in page.text
    assert token.secret not in page.text
    assert token.token_secret not in page.text


def test_debugger_shows_the_first_difference(console, consumer):
    token = consumer.get_token_credentials()
    request = described(token)
    request["body"] = "a=2"
    theirs = "POST&http%3A%2F%2Flocalhost%2Foauth%2Fwhoami&a%3D1%26b"
    page = debug(console, consumer, **request, base_string=theirs)
    assert "signature_invalid" in page.text
    position = theirs.index("1") + 1
    assert f"at character {position}: the server has <code>2%26b" in page.text


def test_debugger_explains_clock_nonce_and_malformed_requests(console, consumer, moving_clock):
    late = str(int(moving_clock.now().timestamp()) - 1000)
    page = debug(console, consumer, **described(consumer, timestamp=late))
    assert "timestamp_refused" in page.text
    assert "behind" in page.text
    token = consumer.get_token_credentials()
    url, headers, body = token.sign("GET", "http://localhost/oauth/whoami")
    token.deliver("GET", url, headers, body)
    page = debug(console, consumer, method="GET", url=url, authorization=headers["Authorization"])
    assert "used before" in page.text
    assert debug(console, consumer, method="GET", url="nonsense").status_code == 422
    assert "parameter_absent" in debug(console, consumer, method="GET", url="http://localhost/").text
    assert (
        "consumer_key_unknown"
        in debug(console, consumer, **described(type(consumer)(consumer.app, "nobody", "x"))).text
    )


def test_rejected_signatures_are_listed_with_the_base_string(console, consumer):
    replace(consumer, secret="guess").request_token()
    page = console.get(f"/admin/clients/{consumer.key}/oauth1/debugger").text
    assert "signature_invalid" in page
    assert "POST http://localhost/oauth/requestToken (HMAC-SHA1, parameters in the header)" in page
    assert "POST&amp;http%3A%2F%2Flocalhost%2Foauth%2FrequestToken&amp;oauth_callback" in page

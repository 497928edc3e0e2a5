"""RFC 6749, sections 2.3 and 3.2: client authentication and the form of token requests."""

import base64
from datetime import timedelta

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from authserver.context import SYSTEM
from authserver.domain.clients import client_secrets, clients
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from authserver.settings import Settings
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import RelyingParty, register

FORM = {"grant_type": "refresh_token", "refresh_token": "x"}


def basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def is_invalid_client(answer: TestResponse) -> bool:
    challenge = answer.headers.get("WWW-Authenticate", "")
    return (answer.status_code, answer.get_json()["error"]) == (
        401,
        "invalid_client",
    ) and challenge.startswith("Basic")


def is_throttled(answer: TestResponse) -> bool:
    """The attempt was not even looked at: later, and it is told when."""
    return answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0


def passes(answer: TestResponse) -> bool:
    """The client was accepted; the made-up refresh token was not."""
    return answer.get_json()["error"] == "invalid_grant"


def test_basic_is_accepted(rp: RelyingParty) -> None:
    """2.3.1: the server MUST support HTTP Basic."""
    assert passes(rp.token(**FORM))


def test_basic_with_the_same_client_id_is_accepted(rp: RelyingParty) -> None:
    """The replaced system's clients send both."""
    assert passes(rp.token(**FORM, client_id=rp.key))


def test_basic_with_another_client_id_is_refused(rp: RelyingParty, other_rp: RelyingParty) -> None:
    """S15: the authenticated client is the only client."""
    answer = rp.token(**FORM, client_id=other_rp.key)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


def test_basic_is_form_decoded(app: Flask, services: Services, people) -> None:
    """2.3.1 and appendix B: both parts are form-encoded before they are joined."""
    secret = "p%s+s wört:d=="
    key, _ = register(services)
    with services.database.transaction() as db:
        client = clients.get(db, key)
        client_secrets.set_typed(
            db, SYSTEM, services.vault, client, client_secrets.hash_typed_secret(services.passwords, secret)
        )
    assert passes(RelyingParty(app, key, secret).token(**FORM))


def test_a_wrong_secret_is_refused(rp: RelyingParty) -> None:
    """5.2: invalid_client, 401, with the scheme that the client used."""
    assert is_invalid_client(rp.token(basic(rp.key, "wrong"), **FORM))


def test_an_unknown_client_is_refused_alike(rp: RelyingParty) -> None:
    """5.2: the answer does not tell whether the client exists."""
    unknown, wrong = rp.token(basic("nobody", "x"), **FORM), rp.token(basic(rp.key, "x"), **FORM)
    assert is_invalid_client(unknown)
    strip = [
        answer.get_json()["error_description"].partition(" (reference")[0] for answer in (unknown, wrong)
    ]
    assert strip[0] == strip[1]


@pytest.mark.parametrize(
    "value",
    [
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
        "Basic bm9jb2xvbg==",
        "Digest x",
    ],
)
def test_unreadable_credentials_are_refused(rp: RelyingParty, value: str) -> None:
    """5.2: malformed credentials are a failed authentication, never a server error."""
    assert is_invalid_client(rp.token({"Authorization": value}, **FORM))


def test_no_credentials_are_refused(rp: RelyingParty) -> None:
    """5.2: no client authentication included is invalid_client."""
    assert is_invalid_client(rp.token({}, **FORM))


def test_two_methods_are_refused(rp: RelyingParty) -> None:
    """2.3: the client MUST NOT use more than one authentication method in each request."""
    answer = rp.token(**FORM, client_secret=rp.secret)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


def test_post_is_for_clients_registered_for_it(rp: RelyingParty, app: Flask, services: Services) -> None:
    """2.3: one method, the registered one."""
    posting = RelyingParty(app, *register(services, auth_method="client_secret_post"))
    assert passes(posting.token({}, **FORM, client_id=posting.key, client_secret=posting.secret))
    assert is_invalid_client(rp.token({}, **FORM, client_id=rp.key, client_secret=rp.secret))
    assert is_invalid_client(posting.token(**FORM))


def test_a_confidential_client_must_authenticate(rp: RelyingParty) -> None:
    """3.2.1: confidential clients MUST authenticate."""
    assert is_invalid_client(rp.token({}, **FORM, client_id=rp.key))


def test_a_public_client_sends_its_client_id(public_rp: RelyingParty) -> None:
    """3.2.1: a client that does not authenticate sends client_id."""
    assert passes(public_rp.token({}, **FORM, client_id=public_rp.key))


def test_get_is_refused(rp: RelyingParty) -> None:
    """3.2: the client MUST use POST."""
    answer = rp.browser.get("/oauth2/token", query_string=FORM, headers=rp.basic)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert answer.get_json()["error"] == "invalid_request"


def test_json_is_refused(rp: RelyingParty) -> None:
    """Appendix B: parameters are application/x-www-form-urlencoded."""
    answer = rp.browser.post("/oauth2/token", json=FORM, headers=rp.basic)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


def test_parameters_in_the_query_are_refused(rp: RelyingParty) -> None:
    """2.3.1: credentials MUST NOT be included in the request URI."""
    answer = rp.browser.post("/oauth2/token?client_secret=x", data=FORM, headers=rp.basic)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("path", ["/oauth2/revoke", "/oauth2/introspect", "/oauth2/device_authorization"])
@pytest.mark.parametrize("name", ["client_secret", "client_assertion"])
def test_credentials_are_in_no_address(rp: RelyingParty, path: str, name: str) -> None:
    """2.3.1: credentials MUST NOT be included in the request URI, of whichever endpoint."""
    answer = rp.browser.post(f"{path}?{name}=x", data={"token": "x"}, headers=rp.basic)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


def test_a_repeated_parameter_is_refused(rp: RelyingParty) -> None:
    """3.2: parameters MUST NOT be included more than once."""
    answer = rp.browser.post(
        "/oauth2/token", data={"grant_type": ["refresh_token", "authorization_code"]}, headers=rp.basic
    )
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


def test_a_missing_grant_type_is_an_invalid_request(rp: RelyingParty) -> None:
    """5.2: a missing parameter is invalid_request."""
    assert rp.token(code="x").get_json()["error"] == "invalid_request"


def test_an_unknown_grant_type_is_unsupported(rp: RelyingParty) -> None:
    """5.2: unsupported_grant_type."""
    answer = rp.token(grant_type="urb:ietf:params:oauth:grant-type:device_code")
    assert (answer.status_code, answer.get_json()["error"]) == (400, "unsupported_grant_type")


def test_an_unregistered_grant_type_is_unauthorized(app: Flask, services: Services, people) -> None:
    """5.2: unauthorized_client."""
    rp = RelyingParty(app, *register(services, grant_types=("authorization_code",)))
    assert rp.token(**FORM).get_json()["error"] == "unauthorized_client"


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "body", [b"grant_type=%00", b"grant_type=%ff", b"\xff\xfe", b"a=%ED%A0%80", b"&".join([b"a=1"] * 500)]
)
def test_what_cannot_be_read_is_an_invalid_request(rp: RelyingParty, body: bytes) -> None:
    """S26: no input gives a 5xx; both databases answer alike."""
    answer = rp.browser.post(
        "/oauth2/token", data=body, content_type="application/x-www-form-urlencoded", headers=rp.basic
    )
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


def test_a_huge_body_is_refused(rp: RelyingParty) -> None:
    """S28: bodies are bounded, and the answer has the endpoint's format."""
    answer = rp.token(grant_type="x" * 100_000)
    assert (answer.status_code, answer.get_json()["error"]) == (413, "invalid_request")


def test_a_retired_secret_stops_working(rp: RelyingParty, services: Services) -> None:
    """S3: a removed secret is refused on the next request."""
    with services.database.transaction() as db:
        client = clients.get(db, rp.key)
        [row] = client_secrets.secrets_of_client(db, client)
        client_secrets.generate(db, SYSTEM, services.vault, client)
        client_secrets.remove(db, SYSTEM, client, row.id)
    assert is_invalid_client(rp.token(**FORM))


@pytest.fixture
def guessed(app: Flask, services: Services, people: dict[str, User]) -> RelyingParty:
    """A client whose secret a person typed."""
    party = RelyingParty(app, register(services)[0], "a secret that a person chose")
    with services.database.transaction() as db:
        client = clients.get(db, party.key)
        client_secrets.set_typed(
            db,
            SYSTEM,
            services.vault,
            client,
            client_secrets.hash_typed_secret(services.passwords, party.secret),
        )
        client_secrets.expire_others(db, SYSTEM, client, after=timedelta(0))
    return party


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Few guesses are enough."""
    return settings.model_copy(update={"client_secret_attempts": 3})


def test_guessing_a_typed_secret_is_limited(guessed: RelyingParty, moving_clock: MovingClock) -> None:
    """2.3.1: the server MUST protect any endpoint that takes a client password against brute force attacks."""
    wrong = RelyingParty(guessed.app, guessed.key, "another guess at it")
    for _ in range(3):
        assert is_invalid_client(wrong.token(**FORM))
    for guess in (wrong, guessed):
        assert is_throttled(guess.token(**FORM))
    moving_clock.advance(timedelta(minutes=15), seconds=1)
    assert passes(guessed.token(**FORM))


@pytest.mark.parametrize(
    "path", ["/oauth2/revoke", "/oauth2/introspect", "/oauth2/device_authorization", "/oauth/verify"]
)
def test_it_is_limited_everywhere(guessed: RelyingParty, path: str) -> None:
    """2.3.1: any endpoint; the guesses at all of them are counted together."""
    wrong = RelyingParty(guessed.app, guessed.key, "another guess at it")
    for _ in range(3):
        assert is_invalid_client(wrong.token(**FORM))
    assert is_throttled(wrong.browser.post(path, data={"token": "x"}, headers=wrong.basic))


def test_the_right_secret_costs_no_guess(guessed: RelyingParty) -> None:
    """S20: only guesses are counted; what was right lately passes while others guess."""
    for _ in range(5):
        assert passes(guessed.token(**FORM))
    wrong = RelyingParty(guessed.app, guessed.key, "another guess at it")
    for _ in range(4):
        wrong.token(**FORM)
    assert passes(guessed.token(**FORM))


def test_guesses_at_a_generated_secret_are_not_counted(rp: RelyingParty) -> None:
    """2.3.1: 256 bits are protection enough, and nobody can shut the client out."""
    wrong = RelyingParty(rp.app, rp.key, "another guess at it")
    for _ in range(5):
        assert is_invalid_client(wrong.token(**FORM))
    assert passes(rp.token(**FORM))

"""Each refusal is recorded with its cause, what was received and what was expected; different faults stay apart."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.error_log import recorded, recorded_count, reference_of
from tests.support.moving_clock import MovingClock
from tests.support.registrant import Registrant
from tests.support.relying_party import CHALLENGE, RelyingParty, disapprove, register, stored

USERINFO = "/oidc/userinfo"
FORM = "application/x-www-form-urlencoded"
EVERY_TYPE = ("code", "id_token", "code id_token")


@pytest.fixture
def rp(app: Flask, services: Services, people: dict[str, User]) -> RelyingParty:
    """An approved client with a secret, for every response type that these tests ask for."""
    return RelyingParty(app, *register(services, response_types=EVERY_TYPE, grant_types=(
        "authorization_code", "refresh_token", "implicit", "client_credentials")))  # fmt: skip


def client_of(services: Services, rp: RelyingParty) -> int:
    return stored(services, rp.key).id


def test_a_token_that_is_unknown_is_recorded_without_it(rp: RelyingParty, services: Services) -> None:
    tokens = rp.tokens()
    for value, kind in [
        ("asa_1_" + "A" * 43, "an opaque access token"),
        (tokens["refresh_token"], "a refresh token"),
        (tokens["id_token"], "a JWT"),
        ("correct horse battery", "something else"),
    ]:
        row = recorded(services, rp.userinfo(value))
        assert (row.endpoint, row.error, row.cause) == (USERINFO, "invalid_token", "access-token-unknown")
        assert (row.client_id, row.received) == (None, kind)
        assert value not in f"{row.detail} {row.received} {row.expected}"


def test_a_token_that_is_over_is_recorded_with_its_client(
    rp: RelyingParty, services: Services, moving_clock: MovingClock
) -> None:
    revoked, expired = rp.tokens()["access_token"], rp.tokens()["access_token"]
    assert rp.browser.post("/oauth2/revoke", data={"token": revoked}, headers=rp.basic).status_code == 200
    row = recorded(services, rp.userinfo(revoked))
    assert (row.cause, row.client_id) == ("access-token-revoked", client_of(services, rp))
    moving_clock.advance(timedelta(minutes=16))
    row = recorded(services, rp.userinfo(expired))
    assert (row.cause, row.client_id) == ("access-token-expired", client_of(services, rp))


def test_a_token_of_a_disapproved_client_is_recorded(rp: RelyingParty, services: Services) -> None:
    token = rp.tokens()["access_token"]
    disapprove(services, rp.key)
    row = recorded(services, rp.userinfo(token))
    assert (row.cause, row.client_id) == ("client-disapproved", client_of(services, rp))


def test_a_token_without_the_scope_is_recorded_with_both(rp: RelyingParty, services: Services) -> None:
    row = recorded(services, rp.userinfo(rp.tokens(scope="profile")["access_token"]))
    assert (row.error, row.cause, row.received, row.expected) == (
        "insufficient_scope", "access-token-scope", "profile", "openid",
    )  # fmt: skip


def test_a_token_for_another_server_is_recorded_with_both(
    app: Flask, services: Services, people: Any
) -> None:
    api = "https://api.example/"
    party = RelyingParty(app, *register(services, details={"resources": [api]}))
    row = recorded(services, party.userinfo(party.tokens(resource=api)["access_token"]))
    assert (row.cause, row.received) == ("access-token-audience", api)
    assert f"http://localhost{USERINFO}" in row.expected.splitlines()


def test_a_token_without_a_person_is_recorded(rp: RelyingParty, services: Services) -> None:
    answer = rp.token(grant_type="client_credentials")
    row = recorded(services, rp.userinfo(answer.get_json()["access_token"]))
    assert row.client_id == client_of(services, rp)
    assert row.cause in {"access-token-scope", "access-token-without-user"}


@pytest.mark.parametrize(
    ("request_", "cause"),
    [
        ({"query_string": {"access_token": "asa_1_x"}}, "access-token-in-query"),
        ({"headers": {"Authorization": "Bearer a,Bearer b"}}, "access-token-repeated"),
        ({"data": {"access_token": ["a", "b"]}}, "access-token-repeated"),
        (
            {"data": {"access_token": "a"}, "headers": {"Authorization": "Bearer b"}},
            "access-token-in-two-places",
        ),
    ],
)
def test_a_token_in_the_wrong_place_is_recorded(
    app: Flask, services: Services, request_: dict[str, Any], cause: str
) -> None:
    answer = app.test_client().post(USERINFO, **request_)
    row = recorded(services, answer)
    assert (answer.status_code, row.error, row.cause) == (400, "invalid_request", cause)
    assert row.received
    assert row.expected


def test_a_challenge_is_no_refusal(app: Flask, services: Services, rp: RelyingParty) -> None:
    """A request without a token is answered by a bare challenge, and so is one with another scheme."""
    for headers in ({}, rp.basic):
        assert app.test_client().get(USERINFO, headers=headers).status_code == 401
    assert Registrant.new(app).manage("GET", "").status_code == 401
    assert recorded_count(services) == 0


def test_refusals_at_a_registration_are_one_endpoint(app: Flask, services: Services) -> None:
    """Strangers could fill the ledger otherwise, with an address for every attempt."""
    registrant = Registrant.new(app)
    wrong = registrant.manage("GET", "asg_1_" + "A" * 43)
    elsewhere = app.test_client().get("/oauth2/register/nobody", headers={"Authorization": "Bearer x"})
    assert reference_of(wrong) == reference_of(elsewhere)
    row = recorded(services, wrong)
    assert (row.endpoint, row.cause, row.count) == ("/oauth2/register/<key>", "registration-token-wrong", 2)


def test_a_registration_that_is_refused_has_its_client(app: Flask, services: Services) -> None:
    registrant = Registrant.new(app)
    known = stored(services, registrant.key).id
    for answer, cause in [
        (registrant.put(client_id="another"), "registration-identity"),
        (registrant.put(redirect_uris=["nonsense"]), "registration-refused"),
        (registrant.manage("PUT", data=b"{"), "registration-malformed"),
    ]:
        row = recorded(services, answer)
        assert (row.cause, row.client_id, row.endpoint) == (cause, known, "/oauth2/register/<key>")
    disapprove(services, registrant.key)
    row = recorded(services, registrant.manage("GET"))
    assert (row.cause, row.client_id) == ("client-disapproved", known)


@pytest.mark.both_databases
@pytest.mark.parametrize("path", ["/oauth2/token", "/oauth2/revoke", "/oauth2/introspect", USERINFO,
                                  "/oauth2/device_authorization", "/oauth2/register", "/oauth/requestToken"])  # fmt: skip
def test_what_the_door_refuses_is_recorded(app: Flask, services: Services, path: str) -> None:
    browser = app.test_client()
    for answer, status, cause in [
        (browser.delete(path), 405, "method-not-allowed"),
        (browser.post(path, data=b"a=\xff", content_type=FORM), 400, "body-not-utf-8"),
        (browser.post(path, data="a=%00", content_type=FORM), 400, "parameter-unstorable"),
        (browser.post(f"{path}?a=%ff"), 400, "parameters-not-utf-8"),
        (browser.post(path, data="&".join(["a=1"] * 101), content_type=FORM), 400, "parameters-too-many"),
        (browser.post(path, data=b"a" * 70000, content_type=FORM), 413, "body-too-large"),
    ]:
        row = recorded(services, answer)
        assert (answer.status_code, row.endpoint, row.cause) == (status, path, cause)
        assert row.expected
    assert row.received == "70000 bytes"


def test_public_documents_record_nothing(app: Flask, services: Services) -> None:
    for path in ("/.well-known/openid-configuration", "/jwks.json", "/livez"):
        assert "reference" not in app.test_client().post(path).text
    assert recorded_count(services) == 0


FAULTS: list[dict[str, str | None]] = [
    {"code_challenge": None, "code_challenge_method": None},
    {"code_challenge": None},
    {"code_challenge": "short"},
    {"code_challenge_method": None},
    {"code_challenge_method": "plain"},
    {"response_mode": "web_message"},
    {"response_type": "id_token", "response_mode": "query"},
    {"response_type": "id_token", "nonce": None},
    {"response_type": "id_token", "scope": "profile"},
    {"response_type": "nonsense"},
    {"response_type": None},
    {"scope": "a\\b"},
    {"prompt": "none login"},
    {"prompt": "create"},
    {"prompt": "none"},
    {"max_age": "soon"},
    {"claims": "[]"},
    {"claims": "{"},
    {"id_token_hint": "nonsense"},
    {"request": "eyJ.eyJ."},
    {"request_uri": "https://rp.example/r"},
    {"resource": "nonsense"},
]


def test_different_faults_of_a_request_have_different_references(
    rp: RelyingParty, services: Services
) -> None:
    """What was received is told, or what was expected, so that nobody reads another fault's reason."""
    seen: dict[str, dict[str, str | None]] = {}
    for fault in FAULTS:
        row = recorded(services, rp.authorize(**fault))
        assert row.count == 1, f"{fault} and {seen[row.reference]}"
        assert row.expected, fault
        assert row.client_id == client_of(services, rp)
        seen[row.reference] = fault


@pytest.mark.parametrize("name", ["redirect_uri", "client_id"])
def test_a_missing_parameter_is_named(rp: RelyingParty, services: Services, name: str) -> None:
    row = recorded(services, rp.authorize(**{name: None}))
    assert (row.cause, row.received) == (f"{name.replace('_', '-')}-missing", "")
    assert row.expected == ("client_id" if name == "client_id" else rp.redirect_uri)


def test_repeated_parameters_are_told_apart(rp: RelyingParty, services: Services) -> None:
    rows = []
    for name in ("scope", "state", "prompt"):
        asked = [*rp.request().items(), (name, "a"), (name, "b")]
        rows.append(recorded(services, rp.browser.get("/oauth2/authorize", query_string=asked)))
    assert [row.received for row in rows] == ["scope", "state", "prompt"]
    assert len({row.reference for row in rows}) == 3


def test_a_verifier_is_never_recorded(rp: RelyingParty, services: Services) -> None:
    """What is wrong with it is told, not the value: the right one would still redeem the code."""
    texts = []
    for verifier in (None, "x" * 43, "y" * 20, CHALLENGE):
        row = recorded(services, rp.redeem(rp.code(), code_verifier=verifier))
        assert row.cause == "code-verifier"
        assert row.expected
        assert verifier is None or verifier not in row.received
        texts.append(row.detail)
    assert len(set(texts)) == 3


def test_a_challenge_that_may_be_the_verifier_is_not_recorded(rp: RelyingParty, services: Services) -> None:
    plain = "a-verifier.sent~as-a-challenge.in-clear_text"
    row = recorded(services, rp.authorize(code_challenge=plain, code_challenge_method="plain"))
    assert (row.received, row.expected) == ("the method plain", "code_challenge_method=S256")
    row = recorded(services, rp.authorize(code_challenge=plain))
    assert plain not in f"{row.received}{row.detail}"


@pytest.mark.both_databases
@pytest.mark.parametrize("path", ["/oauth2/authorize", "/oidc/end_session"])
def test_a_request_of_a_browser_that_cannot_be_read_is_recorded(
    app: Flask, services: Services, path: str
) -> None:
    browser = app.test_client()
    for answer, cause in [
        (browser.get(f"{path}?state=%ff"), "parameters-not-utf-8"),
        (browser.get(f"{path}?state=%00"), "parameter-unstorable"),
        (browser.post(path, json={}), "content-type"),
    ]:
        row = recorded(services, answer)
        assert (answer.status_code, row.endpoint, row.cause) == (400, path, cause)

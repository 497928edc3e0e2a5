"""Every error is recorded with its cause and the values received and expected. Different causes are separate errors."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from authserver.domain.diagnostics.error_log import RecordedError
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.error_log import recorded, recorded_count, reference_of
from tests.support.moving_clock import MovingClock
from tests.support.registrant import Registrant
from tests.support.relying_party import CHALLENGE, RelyingParty, disapprove, register, stored

USERINFO = "/oidc/userinfo"
FORM = "application/x-www-form-urlencoded"
EVERY_GRANT = ("authorization_code", "refresh_token", "implicit", "client_credentials")
EVERY_TYPE = ("code", "id_token", "code id_token")


@pytest.fixture
def rp(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    """An approved client with a secret and all response types, which must use PKCE."""
    return RelyingParty(
        app,
        *register(services, response_types=EVERY_TYPE, grant_types=EVERY_GRANT, is_pkce_required=True),
    )


def client_id_of(services: Services, rp: RelyingParty) -> int:
    return stored(services, rp.key).id


def test_unknown_token_is_recorded_without_its_value(rp: RelyingParty, services: Services) -> None:
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


def test_expired_or_revoked_token_is_recorded_with_its_client(
    rp: RelyingParty, services: Services, moving_clock: MovingClock
) -> None:
    revoked, expired = rp.tokens()["access_token"], rp.tokens()["access_token"]
    assert rp.browser.post("/oauth2/revoke", data={"token": revoked}, headers=rp.basic).status_code == 200
    row = recorded(services, rp.userinfo(revoked))
    assert (row.cause, row.client_id) == ("access-token-revoked", client_id_of(services, rp))
    moving_clock.advance(timedelta(minutes=16))
    row = recorded(services, rp.userinfo(expired))
    assert (row.cause, row.client_id) == ("access-token-expired", client_id_of(services, rp))


def test_token_of_a_disapproved_client_is_recorded(rp: RelyingParty, services: Services) -> None:
    token = rp.tokens()["access_token"]
    disapprove(services, rp.key)
    row = recorded(services, rp.userinfo(token))
    assert (row.cause, row.client_id) == ("client-disapproved", client_id_of(services, rp))


def test_missing_scope_is_recorded_with_received_and_expected(rp: RelyingParty, services: Services) -> None:
    row = recorded(services, rp.userinfo(rp.tokens(scope="profile")["access_token"]))
    assert (row.error, row.cause, row.received, row.expected) == (
        "insufficient_scope", "access-token-scope", "profile", "openid",
    )  # fmt: skip


def test_wrong_audience_is_recorded_with_received_and_expected(
    app: Flask, services: Services, sample_users: Any
) -> None:
    api = "https://api.example/"
    party = RelyingParty(app, *register(services, details={"resources": [api]}))
    row = recorded(services, party.userinfo(party.tokens(resource=api)["access_token"]))
    assert (row.cause, row.received) == ("access-token-audience", api)
    assert f"http://localhost{USERINFO}" in row.expected.splitlines()


def test_token_without_a_user_is_recorded(rp: RelyingParty, services: Services) -> None:
    response = rp.token(grant_type="client_credentials")
    row = recorded(services, rp.userinfo(response.get_json()["access_token"]))
    assert row.client_id == client_id_of(services, rp)
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
def test_token_in_the_wrong_place_is_recorded(
    app: Flask, services: Services, request_: dict[str, Any], cause: str
) -> None:
    response = app.test_client().post(USERINFO, **request_)
    row = recorded(services, response)
    assert (response.status_code, row.error, row.cause) == (400, "invalid_request", cause)
    assert row.received
    assert row.expected


def test_challenge_is_not_recorded(app: Flask, services: Services, rp: RelyingParty) -> None:
    """A request without a bearer token gets a plain challenge, also if it uses another scheme."""
    for headers in ({}, rp.basic):
        assert app.test_client().get(USERINFO, headers=headers).status_code == 401
    assert Registrant.new(app).manage("GET", "").status_code == 401
    assert recorded_count(services) == 0


def test_errors_of_registration_management_share_one_endpoint(app: Flask, services: Services) -> None:
    """An attacker could otherwise fill the error log by using a new path for every attempt."""
    registrant = Registrant.new(app)
    wrong = registrant.manage("GET", "asg_1_" + "A" * 43)
    elsewhere = app.test_client().get("/oauth2/register/nobody", headers={"Authorization": "Bearer x"})
    assert reference_of(wrong) == reference_of(elsewhere)
    row = recorded(services, wrong)
    assert (row.endpoint, row.cause, row.count) == ("/oauth2/register/<key>", "registration-token-wrong", 2)


def test_registration_error_is_recorded_with_its_client(app: Flask, services: Services) -> None:
    registrant = Registrant.new(app)
    known = stored(services, registrant.key).id
    for response, cause in [
        (registrant.put(client_id="another"), "registration-identity"),
        (registrant.put(redirect_uris=["nonsense"]), "registration-refused"),
        (registrant.manage("PUT", data=b"{"), "registration-malformed"),
    ]:
        row = recorded(services, response)
        assert (row.cause, row.client_id, row.endpoint) == (cause, known, "/oauth2/register/<key>")
    disapprove(services, registrant.key)
    row = recorded(services, registrant.manage("GET"))
    assert (row.cause, row.client_id) == ("client-disapproved", known)


@pytest.mark.both_databases
@pytest.mark.parametrize("path", ["/oauth2/token", "/oauth2/revoke", "/oauth2/introspect", USERINFO,
                                  "/oauth2/device_authorization", "/oauth2/register", "/oauth/requestToken"])  # fmt: skip
def test_malformed_requests_are_recorded(app: Flask, services: Services, path: str) -> None:
    browser = app.test_client()
    for response, status, cause in [
        (browser.delete(path), 405, "method-not-allowed"),
        (browser.post(path, data=b"a=\xff", content_type=FORM), 400, "body-not-utf-8"),
        (browser.post(path, data="a=%00", content_type=FORM), 400, "parameter-unstorable"),
        (browser.post(f"{path}?a=%ff"), 400, "parameters-not-utf-8"),
        (browser.post(path, data="&".join(["a=1"] * 101), content_type=FORM), 400, "parameters-too-many"),
        (browser.post(path, data=b"a" * 70000, content_type=FORM), 413, "body-too-large"),
    ]:
        row = recorded(services, response)
        assert (response.status_code, row.endpoint, row.cause) == (status, path, cause)
        assert row.expected
    assert row.received == "70000 bytes"


def test_public_documents_record_no_errors(app: Flask, services: Services) -> None:
    for path in ("/.well-known/openid-configuration", "/jwks.json", "/livez"):
        assert "reference" not in app.test_client().post(path).text
    assert recorded_count(services) == 0


WRONG_REQUESTS: list[dict[str, str | None]] = [
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


def test_different_causes_have_different_references(rp: RelyingParty, services: Services) -> None:
    """Each error states what was received or expected, so that it cannot be confused with another cause."""
    seen: dict[str, dict[str, str | None]] = {}
    for wrong_request in WRONG_REQUESTS:
        row = recorded(services, rp.authorize(**wrong_request))
        assert row.count == 1, f"{wrong_request} and {seen[row.reference]}"
        assert row.expected, wrong_request
        assert row.client_id == client_id_of(services, rp)
        seen[row.reference] = wrong_request


@pytest.mark.parametrize("name", ["redirect_uri", "client_id"])
def test_missing_parameter_is_named(rp: RelyingParty, services: Services, name: str) -> None:
    row = recorded(services, rp.authorize(**{name: None}))
    assert (row.cause, row.received) == (f"{name.replace('_', '-')}-missing", "")
    assert row.expected == ("client_id" if name == "client_id" else rp.redirect_uri)


def test_repeated_parameters_are_distinguished(rp: RelyingParty, services: Services) -> None:
    rows = []
    for name in ("scope", "state", "prompt"):
        query = [*rp.request().items(), (name, "a"), (name, "b")]
        rows.append(recorded(services, rp.browser.get("/oauth2/authorize", query_string=query)))
    assert [row.received for row in rows] == ["scope", "state", "prompt"]
    assert len({row.reference for row in rows}) == 3


def test_code_verifier_is_never_recorded(rp: RelyingParty, services: Services) -> None:
    """The error describes the mistake but not the verifier: the correct verifier would still redeem the code."""
    texts = []
    for verifier in (None, "x" * 43, "y" * 20, CHALLENGE):
        row = recorded(services, rp.redeem(rp.code(), code_verifier=verifier))
        assert row.cause == "code-verifier"
        assert row.expected
        assert verifier is None or verifier not in row.received
        texts.append(row.detail)
    assert len(set(texts)) == 3


def test_plain_code_challenge_is_not_recorded(rp: RelyingParty, services: Services) -> None:
    plain = "a-verifier.sent~as-a-challenge.in-clear_text"
    row = recorded(services, rp.authorize(code_challenge=plain, code_challenge_method="plain"))
    assert (row.received, row.expected) == ("the method plain", "code_challenge_method=S256")
    row = recorded(services, rp.authorize(code_challenge=plain))
    assert plain not in f"{row.received}{row.detail}"


@pytest.mark.both_databases
@pytest.mark.parametrize("path", ["/oauth2/authorize", "/oidc/end_session"])
def test_malformed_browser_request_is_recorded(app: Flask, services: Services, path: str) -> None:
    browser = app.test_client()
    for response, cause in [
        (browser.get(f"{path}?state=%ff"), "parameters-not-utf-8"),
        (browser.get(f"{path}?state=%00"), "parameter-unstorable"),
        (browser.post(path, json={}), "content-type"),
    ]:
        row = recorded(services, response)
        assert (response.status_code, row.endpoint, row.cause) == (400, path, cause)


def recorded_with_cause(services: Services, cause: str) -> list[RecordedError]:
    with services.database.transaction(write=False) as db:
        return list(db.scalars(select(RecordedError).where(RecordedError.cause == cause)))


@pytest.mark.both_databases
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_ignored_scope_is_recorded_once_for_each_request(
    rp: RelyingParty, services: Services, method: str
) -> None:
    """The request succeeds (OpenID Connect Core, section 3.1.2.1), so only the record tells the administrator."""
    request = rp.request(scope="openid models.read profile models.write")
    if method == "GET":
        rp.browser.get("/oauth2/authorize", query_string=request)
    else:
        rp.browser.post("/oauth2/authorize", data=request)
    (row,) = recorded_with_cause(services, "scope-ignored")
    assert (row.endpoint, row.error, row.count) == ("/oauth2/authorize", "", 1)
    assert (row.client_id, row.received) == (client_id_of(services, rp), "models.read models.write")
    assert "openid" in row.expected.split()
    response = rp.redeem(rp.code(scope="openid models.read profile models.write"))
    assert response.get_json()["scope"] == "openid profile"
    (row,) = recorded_with_cause(services, "scope-ignored")
    assert row.count == 2


def test_registered_and_standard_scopes_are_not_recorded_as_ignored(
    rp: RelyingParty, services: Services
) -> None:
    rp.code(scope="openid offline_access address")
    rp.authorize(scope="openid offline_access", response_type="id_token")
    assert recorded_with_cause(services, "scope-ignored") == []

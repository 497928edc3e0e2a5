"""RFC 7662: token introspection."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from authserver.context import SYSTEM
from authserver.domain.clients import clients
from authserver.domain.diagnostics import error_log
from authserver.domain.diagnostics.error_log import RecordedError
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.logout import sign_out
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import RelyingParty, assert_error, claims, disapprove, edit, register
from tests.support.table import table

RESOURCE = "https://api.example/"


def introspect(rp: RelyingParty, token: str, **more: str) -> TestResponse:
    return rp.app.test_client().post("/oauth2/introspect", data={"token": token} | more, headers=rp.basic)


def is_inactive(response: TestResponse) -> bool:
    assert response.status_code == 200, response.text
    return bool(response.get_json() == {"active": False})


@pytest.fixture
def api(app: Flask, services: Services) -> RelyingParty:
    """A resource server."""
    asked: dict[str, Any] = {
        "grant_types": ("client_credentials",),
        "redirect_uris": (),
        "response_types": (),
    }
    return RelyingParty(app, *register(services, name="The API", details={"serves": [RESOURCE]}, **asked))


@pytest.fixture
def caller(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    """A client that may request tokens for the resource server."""
    return RelyingParty(app, *register(services, details={"resources": [RESOURCE]}))


def test_access_token_is_described(rp: RelyingParty, alice: User) -> None:
    """2.2: active, scope, client_id, username, token_type, exp, iat, sub, aud, iss."""
    response = introspect(rp, rp.tokens()["access_token"])
    document = response.get_json()
    times = {name: document.pop(name) for name in ("iat", "exp", "auth_time")}
    assert times["exp"] - times["iat"] == 900
    assert document == {
        "active": True,
        "scope": "openid profile email",
        "client_id": rp.key,
        "username": "alice",
        "token_type": "Bearer",
        "sub": alice.subject,
        "aud": "http://localhost",
        "iss": "http://localhost",
        "acr": "urn:authserver:acr:password",
        "amr": ["pwd"],
    }
    assert response.headers["Cache-Control"] == "no-store"


def test_username_requires_the_profile_scope(rp: RelyingParty) -> None:
    """5: like userinfo, the response contains a claim about the user only if the user consented to its scope."""
    assert "username" not in introspect(rp, rp.tokens(scope="openid email")["access_token"]).get_json()


def test_refresh_token_is_described(rp: RelyingParty, alice: User) -> None:
    """2: a client can introspect its refresh tokens too."""
    document = introspect(rp, rp.tokens()["refresh_token"], token_type_hint="refresh_token").get_json()
    assert document["active"] is True
    assert document["sub"] == alice.subject
    assert "token_type" not in document


@pytest.mark.parametrize("name", ["auth_time", "acr", "amr"])
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_response_describes_the_sign_in(rp: RelyingParty, kind: str, name: str) -> None:
    """2.2: the response can have more members. RFC 9470, section 6.2: auth_time and acr are as in the ID token."""
    tokens = rp.tokens()
    assert introspect(rp, tokens[kind]).get_json()[name] == claims(tokens["id_token"])[name]


def test_token_without_a_user_has_no_sign_in(app: Flask, services: Services) -> None:
    """2.2: sub is the client if no user is involved, and there are no members about a sign-in."""
    alone: dict[str, Any] = {
        "grant_types": ("client_credentials",),
        "redirect_uris": (),
        "response_types": (),
    }
    party = RelyingParty(app, *register(services, **alone))
    document = introspect(party, party.token(grant_type="client_credentials").get_json()["access_token"])
    response = document.get_json()
    assert response["sub"] == response["client_id"] == party.key
    assert not {"username", "auth_time", "acr", "amr"} & response.keys()


def test_used_refresh_token_is_inactive(rp: RelyingParty) -> None:
    """2.2: active states whether the token can be used now."""
    tokens = rp.tokens()
    rp.refresh(tokens["refresh_token"])
    assert is_inactive(introspect(rp, tokens["refresh_token"]))


@table("token", ["nonsense", "asa_1_" + "A" * 43, "asr_1_1." + "A" * 43, "a.b.c", "é\u2028", "x" * 9000])
def test_unknown_token_is_inactive(rp: RelyingParty, token: str) -> None:
    """2.2: an unknown token MUST NOT cause an error, and the response SHOULD NOT contain more."""
    assert is_inactive(introspect(rp, token))


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_guessed_token_is_inactive(rp: RelyingParty, kind: str) -> None:
    """4: the server MUST perform all applicable checks. The row id of a token is not enough."""
    token = rp.tokens()[kind]
    assert is_inactive(introspect(rp, f"{token[:-6]}AAAAAA"))


def test_modified_jwt_is_inactive(app: Flask, services: Services, sample_users: dict[str, User]) -> None:
    """4: if the token is signed, the server MUST validate the signature."""
    party = RelyingParty(app, *register(services, details={"access_token_signed_response_alg": "ES256"}))
    first, second = (party.tokens()["access_token"].split(".") for _ in range(2))
    assert introspect(party, ".".join(first)).get_json()["active"] is True
    assert is_inactive(introspect(party, ".".join((first[0], second[1], first[2]))))


@pytest.mark.parametrize(
    ("kind", "lifetime"),
    [("access_token", "access_token_lifetime"), ("refresh_token", "refresh_token_idle_lifetime")],
)
def test_expired_token_is_inactive(
    rp: RelyingParty, services: Services, moving_clock: MovingClock, kind: str, lifetime: str
) -> None:
    """4: the server MUST determine whether the token has expired."""
    token = rp.tokens()[kind]
    moving_clock.advance(getattr(services.settings, lifetime), seconds=1)
    assert is_inactive(introspect(rp, token))


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_revoked_token_is_inactive(rp: RelyingParty, kind: str) -> None:
    """4: the server MUST determine whether the token has been revoked."""
    token = rp.tokens()[kind]
    rp.browser.post("/oauth2/revoke", data={"token": token}, headers=rp.basic)
    assert is_inactive(introspect(rp, token))


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_wrong_hint_does_not_matter(rp: RelyingParty, kind: str) -> None:
    """2.1: a token that the hint does not find MUST be searched among all token types."""
    token = rp.tokens()[kind]
    for hint in ("access_token", "refresh_token", "surprise"):
        assert introspect(rp, token, token_type_hint=hint).get_json()["active"] is True


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_token_of_a_disabled_user_is_inactive(rp: RelyingParty, services: Services, kind: str) -> None:
    """4: the server MUST perform all applicable checks. S3: disabling takes effect with the next request."""
    token = rp.tokens()[kind]
    with services.database.transaction() as db:
        user = users.find(db, "alice")
        assert user is not None
        users.disable(db, SYSTEM, user)
    assert is_inactive(introspect(rp, token))


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_token_of_an_ended_session_is_inactive(rp: RelyingParty, kind: str) -> None:
    """4: a token whose authorization has ended is not active."""
    token = rp.tokens(scope="openid")[kind]
    sign_out(rp)
    assert is_inactive(introspect(rp, token))


@pytest.mark.parametrize("kind", ["code", "id_token"])
def test_other_values_are_inactive(rp: RelyingParty, kind: str) -> None:
    """2.2: valid values of other types are inactive, because they do not work at protected resources."""
    value = rp.code() if kind == "code" else rp.tokens()["id_token"]
    assert is_inactive(introspect(rp, value))


def test_other_client_learns_nothing(rp: RelyingParty, other_rp: RelyingParty) -> None:
    """2.2, 4: for a client without access to the token, the response is inactive."""
    tokens = rp.tokens()
    assert is_inactive(introspect(other_rp, tokens["access_token"]))
    assert is_inactive(introspect(other_rp, tokens["refresh_token"]))


def test_audience_may_introspect(caller: RelyingParty, api: RelyingParty) -> None:
    """2: the resource server in the audience of a token may introspect it."""
    tokens = caller.tokens(resource=RESOURCE)
    document = introspect(api, tokens["access_token"]).get_json()
    assert (document["active"], document["aud"], document["client_id"]) == (True, RESOURCE, caller.key)
    assert is_inactive(introspect(api, tokens["refresh_token"]))


def test_resource_server_learns_nothing_about_other_tokens(caller: RelyingParty, api: RelyingParty) -> None:
    """2.2: a token for another audience is inactive for the resource server."""
    assert is_inactive(introspect(api, caller.tokens(resource="http://localhost")["access_token"]))


def test_api_sees_tokens_of_a_client_that_names_no_resource(caller: RelyingParty, api: RelyingParty) -> None:
    """2: the token of a client with registered resources is for all of them by default."""
    document = introspect(api, caller.tokens()["access_token"]).get_json()
    assert (document["active"], document["aud"]) == (True, [RESOURCE, "http://localhost"])


def test_token_stays_active_at_the_remaining_resources(
    app: Flask, services: Services, api: RelyingParty, sample_users: dict[str, User]
) -> None:
    """S14: after an administrator removes one of two resources, the token works at the other one only."""
    other = "https://other.example/"
    party = RelyingParty(app, *register(services, details={"resources": [RESOURCE, other]}))
    other_api = RelyingParty(app, *register(services, details={"serves": [other]}))
    token = party.tokens(scope="openid")["access_token"]
    assert introspect(other_api, token).get_json()["aud"] == [RESOURCE, other, "http://localhost"]
    edit(services, party.key, details={"resources": [RESOURCE]})
    assert introspect(api, token).get_json()["aud"] == [RESOURCE, "http://localhost"]
    assert is_inactive(introspect(other_api, token))


@pytest.fixture
def gateway(app: Flask, services: Services) -> RelyingParty:
    """A client that may introspect all tokens."""
    return RelyingParty(app, *register(services, name="The gateway", details={"may_introspect_all": True}))


@pytest.mark.parametrize("jwt", [{}, {"access_token_signed_response_alg": "ES256"}])
def test_client_with_the_right_sees_every_access_token(
    app: Flask,
    services: Services,
    sample_users: dict[str, User],
    gateway: RelyingParty,
    jwt: dict[str, str],
) -> None:
    """2.2, 4: an administrator can allow a client to introspect the access tokens of every client."""
    party = RelyingParty(app, *register(services, details=jwt))
    document = introspect(gateway, party.tokens()["access_token"]).get_json()
    assert (document["active"], document["client_id"]) == (True, party.key)


def test_right_does_not_include_refresh_tokens(rp: RelyingParty, gateway: RelyingParty) -> None:
    """2.2: no resource server receives a refresh token, so only its own client learns about it."""
    assert is_inactive(introspect(gateway, rp.tokens()["refresh_token"]))


def test_right_does_not_make_invalid_tokens_active(rp: RelyingParty, gateway: RelyingParty) -> None:
    """4: the server MUST determine whether the token has been revoked, whoever asks."""
    token = rp.tokens()["access_token"]
    rp.browser.post("/oauth2/revoke", data={"token": token}, headers=rp.basic)
    assert is_inactive(introspect(gateway, token))


def test_right_is_lost_at_once(rp: RelyingParty, gateway: RelyingParty, services: Services) -> None:
    """S14: a change of the registration takes effect with the next request."""
    token = rp.tokens()["access_token"]
    edit(services, gateway.key, details={"may_introspect_all": None})
    assert is_inactive(introspect(gateway, token))


def errors_of(services: Services, party: RelyingParty) -> list[RecordedError]:
    with services.database.transaction(write=False) as db:
        return error_log.errors_of_client(db, clients.get(db, party.key).id)


def test_api_without_access_is_recorded(rp: RelyingParty, api: RelyingParty, services: Services) -> None:
    """2.2: the response does not say why a token is inactive, so the error log says it for the API that asked."""
    token = rp.tokens()["access_token"]
    assert is_inactive(introspect(api, token))
    assert is_inactive(introspect(api, token))
    (error,) = errors_of(services, api)
    assert (error.cause, error.count, error.endpoint) == ("introspection-audience", 2, "/oauth2/introspect")
    assert error.received == f"client_id={rp.key}\nno resource"
    assert error.expected == f"resource={RESOURCE}"
    assert errors_of(services, rp) == []


def test_ordinary_inactive_tokens_are_not_recorded(
    rp: RelyingParty, api: RelyingParty, services: Services
) -> None:
    """2.2: no administrator can change anything about unknown or revoked tokens, so they do not fill the error log."""
    token = rp.tokens()["access_token"]
    rp.browser.post("/oauth2/revoke", data={"token": token}, headers=rp.basic)
    for value in (token, "nonsense", f"{token[:-6]}AAAAAA"):
        assert is_inactive(introspect(api, value))
    assert errors_of(services, api) == []


def test_token_of_a_disapproved_client_is_inactive_for_its_audience(
    caller: RelyingParty, api: RelyingParty, services: Services
) -> None:
    """S3: disapproval takes effect with the next request."""
    token = caller.tokens(resource=RESOURCE)["access_token"]
    disapprove(services, caller.key)
    assert is_inactive(introspect(api, token))


def test_caller_must_authenticate(rp: RelyingParty) -> None:
    """2.1: the endpoint MUST require some form of authorization."""
    token = rp.tokens()["access_token"]
    assert_error(rp.browser.post("/oauth2/introspect", data={"token": token}), "invalid_client", 401)


def test_public_client_is_rejected(public_rp: RelyingParty) -> None:
    """2.1: a client_id alone is not authorization."""
    token = public_rp.redeem(public_rp.code(), headers={}, client_id=public_rp.key).get_json()["access_token"]
    response = public_rp.browser.post("/oauth2/introspect", data={"token": token, "client_id": public_rp.key})
    assert_error(response, "invalid_client", 401)


def test_disapproved_caller_is_rejected(rp: RelyingParty, services: Services) -> None:
    """S1: introspection makes the same access check."""
    token = rp.tokens()["access_token"]
    disapprove(services, rp.key)
    assert_error(introspect(rp, token), "unauthorized_client")


def test_token_is_required(rp: RelyingParty) -> None:
    """2.1: token is REQUIRED."""
    assert_error(introspect(rp, ""), "invalid_request")


def test_token_in_the_query_is_rejected(rp: RelyingParty) -> None:
    """2.1, S11: the parameters are in the body of a POST."""
    assert_error(
        rp.browser.post("/oauth2/introspect?token=x", data={"token": "x"}, headers=rp.basic),
        "invalid_request",
    )


def test_get_is_rejected(rp: RelyingParty) -> None:
    """2.1: the client makes the request by HTTP POST."""
    assert rp.browser.get("/oauth2/introspect", headers=rp.basic).status_code == 405

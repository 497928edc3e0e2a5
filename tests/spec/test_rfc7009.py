"""RFC 7009: token revocation."""

import pytest
from werkzeug.test import TestResponse

from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, assert_error, disapprove

pytestmark = pytest.mark.both_databases


def revoke(rp: RelyingParty, token: str, **more: str) -> TestResponse:
    return rp.app.test_client().post("/oauth2/revoke", data={"token": token} | more, headers=rp.basic)


def test_access_token_is_revoked(rp: RelyingParty) -> None:
    """2: the token stops working immediately. The refresh token still works."""
    tokens = rp.tokens()
    assert revoke(rp, tokens["access_token"]).status_code == 200
    assert rp.userinfo(tokens["access_token"]).status_code == 401
    assert rp.refresh(tokens["refresh_token"]).status_code == 200


def test_revoking_a_refresh_token_revokes_its_access_tokens(rp: RelyingParty) -> None:
    """2.1: the server SHOULD also invalidate all access tokens of the same grant."""
    tokens = rp.tokens()
    assert revoke(rp, tokens["refresh_token"]).status_code == 200
    assert rp.userinfo(tokens["access_token"]).status_code == 401
    assert_error(rp.refresh(tokens["refresh_token"]), "invalid_grant")


def test_unknown_token_returns_200(rp: RelyingParty) -> None:
    """2.2: invalid tokens do not cause an error response."""
    for token in ("nonsense", "asa_1_" + "A" * 43, "asr_1_1." + "A" * 43):
        assert revoke(rp, token).status_code == 200


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "surprise"])
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_wrong_hint_does_not_matter(rp: RelyingParty, kind: str, hint: str) -> None:
    """2.1: a wrong hint MUST extend the search to all token types."""
    tokens = rp.tokens()
    assert revoke(rp, tokens[kind], token_type_hint=hint).status_code == 200
    assert rp.userinfo(tokens["access_token"]).status_code == 401
    assert (rp.refresh(tokens["refresh_token"]).status_code == 400) is (kind == "refresh_token")


def test_other_client_cannot_revoke(rp: RelyingParty, other_rp: RelyingParty) -> None:
    """2.1: the server verifies that the token was issued to the client, and otherwise returns an error."""
    tokens = rp.tokens()
    assert_error(revoke(other_rp, tokens["access_token"]), "invalid_grant")
    assert_error(revoke(other_rp, tokens["refresh_token"]), "invalid_grant")
    assert rp.userinfo(tokens["access_token"]).status_code == 200


def test_client_must_authenticate(rp: RelyingParty) -> None:
    """2.1: the server first validates the client credentials."""
    tokens = rp.tokens()
    response = rp.browser.post("/oauth2/revoke", data={"token": tokens["access_token"], "client_id": rp.key})
    assert_error(response, "invalid_client", 401)
    assert rp.userinfo(tokens["access_token"]).status_code == 200


def test_missing_token_is_an_invalid_request(rp: RelyingParty) -> None:
    """2.1: token is REQUIRED."""
    assert_error(revoke(rp, ""), "invalid_request")


def test_disapproved_client_is_rejected(rp: RelyingParty, services: Services) -> None:
    """S4: a client that is not approved is rejected at every endpoint."""
    token = rp.tokens()["access_token"]
    disapprove(services, rp.key)
    assert_error(revoke(rp, token), "unauthorized_client")


def test_revoking_twice_returns_200(rp: RelyingParty) -> None:
    """2.2: the client cannot do anything about a token that is already invalid."""
    token = rp.tokens()["access_token"]
    assert [revoke(rp, token).status_code for _ in range(2)] == [200, 200]


def test_public_client_revokes_its_token(public_rp: RelyingParty) -> None:
    """2.1: a public client sends its client_id, and the token must be its own."""
    tokens = public_rp.redeem(public_rp.code(), {}, client_id=public_rp.key).get_json()
    form = {"token": tokens["refresh_token"], "client_id": public_rp.key}
    assert public_rp.browser.post("/oauth2/revoke", data=form).status_code == 200
    assert public_rp.userinfo(tokens["access_token"]).status_code == 401


def test_public_client_cannot_revoke_other_tokens(public_rp: RelyingParty, rp: RelyingParty) -> None:
    """2.1: the request is rejected with an error."""
    token = rp.tokens()["access_token"]
    form = {"token": token, "client_id": public_rp.key}
    assert_error(public_rp.browser.post("/oauth2/revoke", data=form), "invalid_grant")
    assert rp.userinfo(token).status_code == 200


def test_token_in_the_query_is_rejected(rp: RelyingParty) -> None:
    """2.1: the parameters are in the body. RFC 6750, 5: URLs are logged."""
    token = rp.tokens()["access_token"]
    assert_error(
        rp.browser.post(f"/oauth2/revoke?token={token}", data={"a": "b"}, headers=rp.basic), "invalid_request"
    )
    assert rp.userinfo(token).status_code == 200


def test_get_is_rejected(rp: RelyingParty) -> None:
    """2.1: the client makes the request by HTTP POST."""
    assert rp.browser.get("/oauth2/revoke", headers=rp.basic).status_code == 405


def test_discovery_lists_the_endpoint(rp: RelyingParty) -> None:
    """2: clients MUST be able to find the URL of the endpoint; RFC 8414, 2."""
    document = rp.browser.get("/.well-known/oauth-authorization-server").get_json()
    assert document["revocation_endpoint"] == "http://localhost/oauth2/revoke"

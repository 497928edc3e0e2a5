"""RFC 7009: token revocation."""

from werkzeug.test import TestResponse

from authserver.protocol.services import Services
from tests.spec.test_rfc6749_code import refused
from tests.support.relying_party import RelyingParty, disapprove


def revoke(rp: RelyingParty, token: str, **more: str) -> TestResponse:
    return rp.app.test_client().post("/oauth2/revoke", data={"token": token} | more, headers=rp.basic)


def test_an_access_token_is_revoked(rp: RelyingParty) -> None:
    """2: the token stops working at once; the refresh token goes on."""
    tokens = rp.tokens()
    assert revoke(rp, tokens["access_token"]).status_code == 200
    assert rp.userinfo(tokens["access_token"]).status_code == 401
    assert rp.refresh(tokens["refresh_token"]).status_code == 200


def test_a_refresh_token_takes_its_access_tokens_along(rp: RelyingParty) -> None:
    """2.1: the server SHOULD also invalidate all access tokens of the same grant."""
    tokens = rp.tokens()
    assert revoke(rp, tokens["refresh_token"]).status_code == 200
    assert rp.userinfo(tokens["access_token"]).status_code == 401
    refused(rp.refresh(tokens["refresh_token"]), "invalid_grant")


def test_an_unknown_token_is_answered_200(rp: RelyingParty) -> None:
    """2.2: invalid tokens do not cause an error response."""
    for token in ("nonsense", "asa_1_" + "A" * 43, "asr_1_1." + "A" * 43):
        assert revoke(rp, token).status_code == 200


def test_a_wrong_hint_does_not_matter(rp: RelyingParty) -> None:
    """2.1: a wrong hint MUST extend the search to all token types."""
    tokens = rp.tokens()
    assert revoke(rp, tokens["access_token"], token_type_hint="refresh_token").status_code == 200
    assert rp.userinfo(tokens["access_token"]).status_code == 401
    assert revoke(rp, tokens["refresh_token"], token_type_hint="surprise").status_code == 200
    refused(rp.refresh(tokens["refresh_token"]), "invalid_grant")


def test_another_client_cannot_revoke(rp: RelyingParty, other_rp: RelyingParty) -> None:
    """2.1: the server verifies that the token was issued to the client; else it refuses and says so."""
    tokens = rp.tokens()
    refused(revoke(other_rp, tokens["access_token"]), "invalid_grant")
    refused(revoke(other_rp, tokens["refresh_token"]), "invalid_grant")
    assert rp.userinfo(tokens["access_token"]).status_code == 200


def test_the_client_must_authenticate(rp: RelyingParty) -> None:
    """2.1: the server first validates the client credentials."""
    tokens = rp.tokens()
    answer = rp.browser.post("/oauth2/revoke", data={"token": tokens["access_token"], "client_id": rp.key})
    refused(answer, "invalid_client", 401)
    assert rp.userinfo(tokens["access_token"]).status_code == 200


def test_a_missing_token_is_an_invalid_request(rp: RelyingParty) -> None:
    """2.1: token is REQUIRED."""
    refused(revoke(rp, ""), "invalid_request")


def test_a_disapproved_client_is_refused(rp: RelyingParty, services: Services) -> None:
    """S4: a client that is not approved is inert at every endpoint."""
    token = rp.tokens()["access_token"]
    disapprove(services, rp.key)
    refused(revoke(rp, token), "unauthorized_client")

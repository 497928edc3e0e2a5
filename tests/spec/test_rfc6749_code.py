"""RFC 6749, section 4.1: the authorization code grant."""

import base64

import pytest
import time_machine
from flask import Flask

from authserver import clock
from authserver.protocol.services import Services
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import RelyingParty, assert_error, register, response_parameters


def test_code_is_exchanged_for_tokens(rp: RelyingParty) -> None:
    """5.1: the response MUST contain access_token and token_type, as JSON that is not cached."""
    response = rp.redeem(rp.code())
    document = response.get_json()
    assert response.status_code == 200
    assert document["token_type"] == "Bearer"
    assert {"access_token", "refresh_token", "id_token", "expires_in", "scope"} <= document.keys()
    assert response.headers["Cache-Control"] == "no-store"
    assert rp.userinfo(document["access_token"]).status_code == 200


def test_state_is_returned_unchanged(rp: RelyingParty) -> None:
    """4.1.2: state is REQUIRED in the response with the exact value received."""
    state = "ä +%/?&=#\"'<>" + "x" * 380
    assert response_parameters(rp.authorized(state=state))["state"] == state


def test_unknown_client_is_not_redirected(rp: RelyingParty) -> None:
    """4.1.2.1: with an invalid client identifier the server MUST NOT redirect."""
    page = rp.authorize(client_id="nobody")
    assert page.status_code == 400
    assert "Location" not in page.headers
    assert "invalid_client" in page.text


def test_missing_client_id_is_not_redirected(rp: RelyingParty) -> None:
    """4.1.1: client_id is REQUIRED."""
    page = rp.authorize(client_id=None)
    assert (page.status_code, "Location" in page.headers) == (400, False)
    assert "client_id" in page.text


def test_unregistered_redirect_uri_is_not_redirected(rp: RelyingParty) -> None:
    """3.1.2.4: the server MUST NOT redirect to an invalid redirection URI. The page names the parameter."""
    for uri in (
        "https://rp.example/cb/",
        "https://rp.example/cb?x=1",
        "https://rp.example/CB",
        "https://evil.example/",
    ):
        page = rp.authorize(redirect_uri=uri)
        assert (page.status_code, "Location" in page.headers) == (400, False), uri
        assert "redirect_uri" in page.text


def test_repeated_redirect_uri_is_not_redirected(rp: RelyingParty) -> None:
    """3.1: parameters MUST NOT be included more than once."""
    query = [*rp.request().items(), ("redirect_uri", "https://evil.example/")]
    page = rp.browser.get("/oauth2/authorize", query_string=query)
    assert (page.status_code, "Location" in page.headers) == (400, False)


def test_repeated_parameter_returns_an_error(rp: RelyingParty) -> None:
    """3.1: any other repeated parameter is invalid_request, once client and redirect URI are valid."""
    query = [*rp.request().items(), ("scope", "email")]
    response = response_parameters(rp.browser.get("/oauth2/authorize", query_string=query))
    assert (response["error"], response["state"]) == ("invalid_request", "af0ifjsldkj")


def test_missing_response_type_returns_an_error(rp: RelyingParty) -> None:
    """4.1.2.1: a missing parameter is invalid_request, returned by redirect with state."""
    response = response_parameters(rp.authorize(response_type=None))
    assert (response["error"], response["state"]) == ("invalid_request", "af0ifjsldkj")


def test_unknown_response_type_returns_an_error(rp: RelyingParty) -> None:
    """4.1.2.1: unsupported_response_type."""
    assert response_parameters(rp.authorize(response_type="magic"))["error"] == "unsupported_response_type"


def test_unregistered_response_type_returns_an_error(rp: RelyingParty) -> None:
    """4.1.2.1: unauthorized_client when the client may not use this method."""
    assert response_parameters(rp.authorize(response_type="id_token"))["error"] == "unauthorized_client"


def test_parameter_without_a_value_counts_as_omitted(rp: RelyingParty) -> None:
    """3.1: parameters sent without a value MUST be treated as if they were omitted."""
    assert response_parameters(rp.authorize(response_type=""))["error"] == "invalid_request"


def test_unknown_parameters_are_ignored(rp: RelyingParty) -> None:
    """3.1: the server MUST ignore unrecognized request parameters."""
    assert "code" in response_parameters(rp.authorized(surprise="yes"))


def test_scope_beyond_the_registration_is_rejected(app: Flask, services: Services, sample_users) -> None:
    """4.1.2.1: invalid_scope. The server does not reduce the scope silently."""
    rp = RelyingParty(app, *register(services, scopes=("openid", "profile")))
    assert response_parameters(rp.authorize(scope="openid email"))["error"] == "invalid_scope"


def test_user_can_deny(rp: RelyingParty) -> None:
    """4.1.2.1: access_denied."""
    response = response_parameters(rp.deny(rp.sign_in(rp.authorize())))
    assert (response["error"], response["state"]) == ("access_denied", "af0ifjsldkj")


def test_request_can_be_posted(rp: RelyingParty) -> None:
    """3.1: the endpoint MAY support POST. OpenID Connect Core, 3.1.2.1, requires it."""
    page = rp.follow(rp.browser.post("/oauth2/authorize", data=rp.request()))
    assert "code" in response_parameters(rp.allow(rp.sign_in(page)))


def test_code_works_once(rp: RelyingParty) -> None:
    """4.1.2: the client MUST NOT use the code more than once. A second use is rejected."""
    code = rp.code()
    assert rp.redeem(code).status_code == 200
    assert_error(rp.redeem(code), "invalid_grant")


def test_replayed_code_revokes_its_tokens(rp: RelyingParty) -> None:
    """4.1.2: the server SHOULD revoke the tokens issued from a code that is used twice."""
    code = rp.code()
    tokens = rp.redeem(code).get_json()
    rp.redeem(code)
    assert rp.userinfo(tokens["access_token"]).status_code == 401
    assert_error(rp.refresh(tokens["refresh_token"]), "invalid_grant")


def test_later_replay_revokes_too(rp: RelyingParty, moving_clock: MovingClock) -> None:
    """4.1.2, 10.5: a replay half a minute later revokes all tokens, including refreshed ones."""
    code = rp.code()
    tokens = rp.redeem(code).get_json()
    moving_clock.advance(seconds=30)
    refreshed = rp.refresh(tokens["refresh_token"]).get_json()
    assert_error(rp.redeem(code), "invalid_grant")
    for access_token in (tokens["access_token"], refreshed["access_token"]):
        assert rp.userinfo(access_token).status_code == 401
    assert_error(rp.refresh(refreshed["refresh_token"]), "invalid_grant")


def test_code_cannot_be_guessed(rp: RelyingParty) -> None:
    """10.10: the probability of guessing MUST be at most 2^-128. Each code contains 256 new random bits."""
    secrets = {rp.code().split("_", 2)[2] for _ in range(3)}
    assert len(secrets) == 3
    assert all(len(base64.urlsafe_b64decode(f"{secret}=")) == 32 for secret in secrets)


def test_replay_by_another_client_revokes_nothing(rp: RelyingParty, other_rp: RelyingParty) -> None:
    """S6: another client must not be able to revoke the tokens of the rightful client."""
    code = rp.code()
    tokens = rp.redeem(code).get_json()
    assert_error(other_rp.redeem(code), "invalid_grant")
    assert rp.userinfo(tokens["access_token"]).status_code == 200


def test_replay_with_a_wrong_verifier_revokes_nothing(rp: RelyingParty) -> None:
    """S6: only the rightful client can trigger the revocation."""
    code = rp.code()
    tokens = rp.redeem(code).get_json()
    assert_error(rp.redeem(code, code_verifier="w" * 43), "invalid_grant")
    assert rp.userinfo(tokens["access_token"]).status_code == 200


def test_code_is_bound_to_its_client(rp: RelyingParty, other_rp: RelyingParty) -> None:
    """4.1.3: the server MUST ensure that the code was issued to the authenticated client."""
    code = rp.code()
    assert_error(other_rp.redeem(code), "invalid_grant")
    assert rp.redeem(code).status_code == 200


def test_code_is_bound_to_its_public_client(public_rp: RelyingParty, app: Flask, services: Services) -> None:
    """4.1.3: for a public client the server MUST ensure that the code was issued to the client_id in the request."""
    attacker = RelyingParty(app, *register(services, name="The Thief", auth_method="none"))
    code = public_rp.code()
    assert_error(attacker.redeem(code, {}, client_id=attacker.key), "invalid_grant")
    assert public_rp.redeem(code, {}, client_id=public_rp.key).status_code == 200


def test_code_alone_does_not_authenticate_the_client(rp: RelyingParty) -> None:
    """4.1.3: the server MUST require client authentication for confidential clients, even if all else is valid."""
    code = rp.code()
    assert_error(rp.redeem(code, {}, client_id=rp.key), "invalid_client", 401)
    assert rp.redeem(code).status_code == 200


def test_public_client_must_send_its_client_id(public_rp: RelyingParty) -> None:
    """3.2.1: an unauthenticated client MUST send its client_id. A valid code is not enough."""
    assert_error(public_rp.redeem(public_rp.code(), {}), "invalid_client", 401)


def test_included_authentication_is_checked(public_rp: RelyingParty) -> None:
    """4.1.3: the server MUST authenticate the client if client authentication is included."""
    invented = RelyingParty(public_rp.app, public_rp.key, "made up")
    assert_error(public_rp.redeem(public_rp.code(), invented.basic), "invalid_client", 401)


def test_code_is_bound_to_its_redirect_uri(rp: RelyingParty) -> None:
    """4.1.3: redirect_uri MUST be identical to that of the authorization request."""
    assert_error(rp.redeem(rp.code(), redirect_uri="https://rp.example/other"), "invalid_grant")


def test_redirect_uri_is_required(rp: RelyingParty) -> None:
    """4.1.3: redirect_uri is REQUIRED when the authorization request had one."""
    assert_error(rp.redeem(rp.code(), redirect_uri=None), "invalid_grant")


@pytest.mark.parametrize(("age", "status"), [(58, 200), (61, 400)])
def test_code_expires(rp: RelyingParty, age: int, status: int) -> None:
    """4.1.2: the code MUST expire shortly after it is issued. Clients have a minute."""
    with time_machine.travel(clock.now(), tick=False) as traveler:
        code = rp.code()
        traveler.shift(age)
        assert rp.redeem(code).status_code == status


def test_guessed_code_is_rejected(rp: RelyingParty) -> None:
    """10.10: the row id alone is not enough."""
    code = rp.code()
    assert_error(rp.redeem(code[:-6] + "AAAAAA"), "invalid_grant")
    assert_error(rp.redeem("nonsense"), "invalid_grant")


def test_missing_code_is_an_invalid_request(rp: RelyingParty) -> None:
    """5.2: a missing parameter is invalid_request."""
    assert_error(rp.token(grant_type="authorization_code"), "invalid_request")


def test_disapproved_client_cannot_redeem(rp: RelyingParty, services: Services) -> None:
    """S3: disapproval takes effect on the next request."""
    from tests.support.relying_party import disapprove

    code = rp.code()
    disapprove(services, rp.key)
    assert_error(rp.redeem(code), "unauthorized_client")


def test_approval_does_not_restore_codes(rp: RelyingParty, services: Services) -> None:
    """S3: a new approval does not restore what was issued before."""
    from tests.support.relying_party import approve, disapprove

    code, tokens = rp.code(), rp.tokens()
    disapprove(services, rp.key)
    approve(services, rp.key)
    assert_error(rp.redeem(code), "invalid_grant")
    assert_error(rp.refresh(tokens["refresh_token"]), "invalid_grant")
    assert rp.userinfo(tokens["access_token"]).status_code == 401


def test_pending_client_gets_a_page(app: Flask, services: Services, sample_users) -> None:
    """S4: the page reports that the client is not approved. There is no redirect."""
    rp = RelyingParty(app, *register(services, is_approved=False))
    page = rp.authorize()
    assert (page.status_code, "Location" in page.headers) == (403, False)
    assert "approv" in page.text

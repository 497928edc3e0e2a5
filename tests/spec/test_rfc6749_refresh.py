"""RFC 6749, section 6, and RFC 9700, section 4.14: refresh tokens, rotation and reuse."""

import pytest
import time_machine
from flask import Flask

from authserver import clock
from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, assert_error, claims, disapprove, edit, register


def test_refresh_token_is_rotated(rp: RelyingParty) -> None:
    """RFC 9700, 4.14.2: refresh tokens are replaced with every use."""
    first = rp.tokens()
    second = rp.refresh(first["refresh_token"]).get_json()
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert rp.refresh(second["refresh_token"]).status_code == 200


def test_lost_response_can_be_repeated(rp: RelyingParty) -> None:
    """S7: within the grace window, the direct predecessor gets the same successor again."""
    first = rp.tokens()
    second = rp.refresh(first["refresh_token"]).get_json()
    again = rp.refresh(first["refresh_token"])
    assert again.status_code == 200
    assert again.get_json()["refresh_token"] == second["refresh_token"]


def test_reuse_after_the_grace_window_revokes_the_family(rp: RelyingParty) -> None:
    """RFC 9700, 4.14.2: reuse of an old refresh token revokes the active one."""
    with time_machine.travel(clock.now(), tick=False) as traveler:
        first = rp.tokens()
        second = rp.refresh(first["refresh_token"]).get_json()
        traveler.shift(11)
        assert_error(rp.refresh(first["refresh_token"]), "invalid_grant")
        assert_error(rp.refresh(second["refresh_token"]), "invalid_grant")
        assert rp.userinfo(second["access_token"]).status_code == 401


def test_reuse_of_an_older_generation_revokes_the_family(rp: RelyingParty) -> None:
    """S7: the grace window is for the direct predecessor only."""
    first = rp.tokens()
    second = rp.refresh(first["refresh_token"]).get_json()
    third = rp.refresh(second["refresh_token"]).get_json()
    assert_error(rp.refresh(first["refresh_token"]), "invalid_grant")
    assert_error(rp.refresh(third["refresh_token"]), "invalid_grant")


def test_another_client_cannot_refresh(rp: RelyingParty, other_rp: RelyingParty) -> None:
    """6: the refresh token is bound to the client. Another client revokes nothing."""
    tokens = rp.tokens()
    assert_error(other_rp.refresh(tokens["refresh_token"]), "invalid_grant")
    assert rp.refresh(tokens["refresh_token"]).status_code == 200


def test_refresh_requires_client_authentication(rp: RelyingParty) -> None:
    """6: the server MUST require client authentication for confidential clients, even if all else is valid."""
    token = rp.tokens()["refresh_token"]
    assert_error(rp.refresh(token, {}, client_id=rp.key), "invalid_client", 401)
    assert rp.refresh(token).status_code == 200


def test_refresh_token_is_bound_to_its_public_client(
    public_rp: RelyingParty, app: Flask, services: Services
) -> None:
    """10.4: the server MUST maintain the binding between a refresh token and the client to whom it was issued."""
    attacker = RelyingParty(app, *register(services, name="The Thief", auth_method="none"))
    own = {"client_id": public_rp.key}
    token = public_rp.redeem(public_rp.code(), {}, **own).get_json()["refresh_token"]
    assert_error(attacker.refresh(token, {}, client_id=attacker.key), "invalid_grant")
    assert public_rp.refresh(token, {}, **own).status_code == 200


def test_forged_refresh_token_is_rejected(rp: RelyingParty) -> None:
    """10.4: refresh tokens cannot be generated or guessed. A forged one revokes nothing."""
    token = rp.tokens()["refresh_token"]
    for forged in (
        token[:-3] + "AAA",
        token.replace("_1.", "_2."),
        token.replace("_1.", "_0."),
        "asr_1_1.x",
        "x",
    ):
        assert_error(rp.refresh(forged), "invalid_grant")
    assert rp.refresh(token).status_code == 200


def test_narrower_scope_can_be_requested(rp: RelyingParty) -> None:
    """6: the scope MUST NOT include what was not granted. A smaller scope is allowed, and the family keeps its own."""
    first = rp.tokens()
    narrowed = rp.refresh(first["refresh_token"], scope="openid email").get_json()
    assert narrowed["scope"] == "openid email"
    complete = rp.refresh(narrowed["refresh_token"]).get_json()
    assert complete["scope"] == "openid profile email"


def test_refresh_is_limited_to_the_registered_scope(rp: RelyingParty, services: Services) -> None:
    """6, S14: after a scope was removed, the client must request the rest explicitly."""
    token = rp.tokens()["refresh_token"]
    edit(services, rp.key, scopes=("openid", "profile"))
    assert_error(rp.refresh(token), "invalid_scope")
    narrowed = rp.refresh(token, scope="openid profile")
    assert (narrowed.status_code, narrowed.get_json()["scope"]) == (200, "openid profile")


@pytest.mark.parametrize(
    "more", [{"scope": "openid phone"}, {"scope": "a\\b"}, {"resource": "https://unknown.example/"}]
)
def test_reuse_revokes_even_if_the_request_has_other_errors(rp: RelyingParty, more: dict[str, str]) -> None:
    """RFC 9700, 4.14.2: an attacker with an old token may not know its scope. The family is revoked anyway."""
    first = rp.tokens()
    second = rp.refresh(first["refresh_token"]).get_json()
    third = rp.refresh(second["refresh_token"]).get_json()
    assert_error(rp.refresh(first["refresh_token"], **more), "invalid_grant")
    assert_error(rp.refresh(third["refresh_token"]), "invalid_grant")
    assert rp.userinfo(third["access_token"]).status_code == 401


def test_no_id_token_without_openid(rp: RelyingParty) -> None:
    """6, and OpenID Connect Core, 12.2: a refresh without openid returns no ID token. The next one with openid does."""
    narrowed = rp.refresh(rp.tokens()["refresh_token"], scope="email").get_json()
    assert "id_token" not in narrowed
    assert "id_token" in rp.refresh(narrowed["refresh_token"]).get_json()


def test_wider_scope_is_rejected(rp: RelyingParty) -> None:
    """6: invalid_scope."""
    assert_error(rp.refresh(rp.tokens()["refresh_token"], scope="openid phone"), "invalid_scope")


def test_redirect_uri_of_older_clients_is_accepted(rp: RelyingParty) -> None:
    """Clients of the legacy server send redirect_uri and scope with refresh requests."""
    tokens = rp.tokens()
    response = rp.refresh(
        tokens["refresh_token"], redirect_uri=rp.redirect_uri, scope=tokens["scope"], client_id=rp.key
    )
    assert response.status_code == 200


def test_unused_family_expires(rp: RelyingParty) -> None:
    """RFC 9700, 4.14.2: refresh tokens SHOULD expire if unused for some time."""
    with time_machine.travel(clock.now(), tick=False) as traveler:
        token = rp.tokens()["refresh_token"]
        traveler.shift(14 * 24 * 3600 + 1)
        assert_error(rp.refresh(token), "invalid_grant")


def test_family_lifetime_is_limited(rp: RelyingParty) -> None:
    """A family expires at the end of its lifetime, however often its tokens are used."""
    with time_machine.travel(clock.now(), tick=False) as traveler:
        token = rp.tokens(scope="openid offline_access", prompt="consent")["refresh_token"]
        for _ in range(6):
            traveler.shift(13 * 24 * 3600)
            token = rp.refresh(token).get_json()["refresh_token"]
        traveler.shift(13 * 24 * 3600)
        assert_error(rp.refresh(token), "invalid_grant")


def test_disapproved_client_cannot_refresh(rp: RelyingParty, services: Services) -> None:
    """S3: disapproval takes effect on the next request."""
    token = rp.tokens()["refresh_token"]
    disapprove(services, rp.key)
    assert_error(rp.refresh(token), "unauthorized_client")


def test_refreshed_id_token_describes_the_same_sign_in(rp: RelyingParty) -> None:
    """OpenID Connect Core, 12.2: the same iss, sub, aud and auth_time, and a new iat."""
    with time_machine.travel(clock.now(), tick=False) as traveler:
        first = rp.tokens()
        traveler.shift(60)
        second = rp.refresh(first["refresh_token"]).get_json()
    before, after = claims(first["id_token"]), claims(second["id_token"])
    for name in ("iss", "sub", "aud", "auth_time"):
        assert before[name] == after[name]
    assert after["iat"] == before["iat"] + 60


def test_refreshed_id_token_has_no_nonce(rp: RelyingParty) -> None:
    """OpenID Connect Core, 12.2: it SHOULD NOT have a nonce."""
    first = rp.tokens()
    assert "nonce" in claims(first["id_token"])
    assert "nonce" not in claims(rp.refresh(first["refresh_token"]).get_json()["id_token"])


def test_missing_refresh_token_is_an_invalid_request(rp: RelyingParty) -> None:
    """5.2: a missing parameter is invalid_request."""
    assert_error(rp.token(grant_type="refresh_token"), "invalid_request")

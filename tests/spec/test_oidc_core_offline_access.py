"""OpenID Connect Core, section 11: offline access."""

import pytest
from flask import Flask

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support import consumer, forms, sample_users
from tests.support.device import GRANT, Device
from tests.support.logout import sign_out
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import RelyingParty, assert_error, register, response_parameters
from tests.support.sample_users import PASSWORD

SCOPE = "openid offline_access"
TYPES = ("code", "code id_token", "id_token", "id_token token")


@pytest.fixture
def party(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    """A client that is registered for all response types."""
    return RelyingParty(app, *register(services, response_types=TYPES))


def test_consent_is_required(party: RelyingParty) -> None:
    """The server MUST obtain consent before it grants offline access, even if the user consented to the other scopes."""
    party.authorized(scope="openid")
    page = party.authorize(scope=SCOPE)
    assert 'id="consent-allow"' in page.text
    assert "after you sign out" in page.text


def test_prompt_none_without_consent_fails(party: RelyingParty) -> None:
    """The server MUST ensure that the user consented to the requested offline access."""
    party.authorized(scope="openid")
    assert response_parameters(party.authorize(scope=SCOPE, prompt="none"))["error"] == "consent_required"


def test_refresh_token_outlives_the_session(party: RelyingParty) -> None:
    """The refresh token works when the user is not present."""
    tokens = party.tokens(scope=SCOPE, prompt="consent")
    sign_out(party)
    assert party.refresh(tokens["refresh_token"]).status_code == 200


def test_without_offline_access_tokens_end_with_the_session(party: RelyingParty) -> None:
    """Offline access is granted only if it was requested."""
    tokens = party.tokens(scope="openid")
    sign_out(party)
    assert party.refresh(tokens["refresh_token"]).status_code == 400


@pytest.mark.parametrize("response_type", ["id_token", "id_token token"])
def test_offline_access_is_ignored_without_a_code(party: RelyingParty, response_type: str) -> None:
    """The server MUST ignore the request unless the response type results in an authorization code."""
    party.authorized(scope="openid")
    response = response_parameters(party.authorize(scope=SCOPE, response_type=response_type))
    assert "offline_access" not in response.get("scope", "")
    assert "id_token" in response


def test_access_token_without_a_code_ends_with_the_session(party: RelyingParty) -> None:
    """The server MUST ignore the request, so nothing outlives the session."""
    token = response_parameters(party.authorized(scope=SCOPE, response_type="id_token token"))["access_token"]
    assert party.userinfo(token).status_code == 200
    sign_out(party)
    assert party.userinfo(token).status_code == 401


def test_hybrid_response_type_grants_offline_access(party: RelyingParty) -> None:
    """A response type that contains code results in an authorization code."""
    response = response_parameters(
        party.authorized(scope=SCOPE, response_type="code id_token", prompt="consent")
    )
    tokens = party.redeem(response["code"]).get_json()
    sign_out(party)
    assert party.refresh(tokens["refresh_token"]).status_code == 200


# Without offline_access, access ends when the session expires, even if the user did not sign out.


def use_every_hour(party: RelyingParty, services: Services, clock: MovingClock) -> None:
    """Use the session until it reaches its total lifetime."""
    for _ in range(int(services.settings.session_lifetime.total_seconds() // 3600)):
        clock.advance(seconds=3600)
        party.browser.get("/account")


def keep_signed_in(party: RelyingParty) -> None:
    """Sign in with Keep me signed in."""
    credentials = {"username": "alice", "password": PASSWORD, "remember": "1"}
    forms.submit(party.browser, party.browser.get("/sign-in"), "login-submit", **credentials)


def introspect(party: RelyingParty, token: str) -> bool:
    """Return whether introspection reports the token as active."""
    response = party.app.test_client().post("/oauth2/introspect", data={"token": token}, headers=party.basic)
    return bool(response.get_json()["active"])


@pytest.mark.both_databases
def test_refresh_token_ends_with_an_idle_session(
    party: RelyingParty, services: Services, moving_clock: MovingClock
) -> None:
    """The refresh token grants no access while the user is not present, and idle users are not."""
    token = party.tokens(scope="openid")["refresh_token"]
    moving_clock.advance(services.settings.session_idle_lifetime, seconds=1)
    assert_error(party.refresh(token), "invalid_grant")
    assert not introspect(party, token)


def test_refresh_token_works_in_a_session_in_use(
    party: RelyingParty, services: Services, moving_clock: MovingClock
) -> None:
    """Every page that the user opens counts as use."""
    token = party.tokens(scope="openid")["refresh_token"]
    moving_clock.advance(services.settings.session_idle_lifetime, seconds=-60)
    party.browser.get("/account")
    moving_clock.advance(seconds=120)
    assert party.refresh(token).status_code == 200


@pytest.mark.both_databases
def test_refresh_token_ends_with_the_lifetime_of_the_session(
    party: RelyingParty, services: Services, moving_clock: MovingClock
) -> None:
    """A session in use also ends after its total lifetime."""
    token = party.tokens(scope="openid")["refresh_token"]
    use_every_hour(party, services, moving_clock)
    moving_clock.advance(seconds=1)
    assert_error(party.refresh(token), "invalid_grant")


def test_refresh_token_lasts_as_long_as_a_remembered_session(
    party: RelyingParty, services: Services, moving_clock: MovingClock
) -> None:
    """A session with Keep me signed in is never idle, and ends after its total lifetime."""
    keep_signed_in(party)
    token = party.tokens(scope="openid")["refresh_token"]
    moving_clock.advance(services.settings.remembered_session_lifetime, seconds=-60)
    refreshed = party.refresh(token)
    assert refreshed.status_code == 200
    moving_clock.advance(seconds=61)
    assert_error(party.refresh(refreshed.get_json()["refresh_token"]), "invalid_grant")


def test_offline_access_outlives_the_expired_session(
    party: RelyingParty, services: Services, moving_clock: MovingClock
) -> None:
    """The refresh token works when the user is not present."""
    token = party.tokens(scope=SCOPE, prompt="consent")["refresh_token"]
    moving_clock.advance(services.settings.session_lifetime, seconds=1)
    assert party.refresh(token).status_code == 200


def test_refresh_token_works_again_after_a_new_sign_in(
    party: RelyingParty, services: Services, moving_clock: MovingClock
) -> None:
    """The user is present again, and the session continues."""
    token = party.tokens(scope="openid")["refresh_token"]
    moving_clock.advance(services.settings.session_idle_lifetime, seconds=1)
    assert_error(party.refresh(token), "invalid_grant")
    party.authorized(scope="openid")
    assert party.refresh(token).status_code == 200


def test_access_token_ends_with_the_expired_session(
    app: Flask, services: Services, party: RelyingParty, moving_clock: MovingClock
) -> None:
    """A long-lived access token grants no access after the session either."""
    details = {"access_token_lifetime": 86400}
    long_lived = RelyingParty(app, *register(services, name="Long", details=details))
    token = long_lived.tokens(scope="openid")["access_token"]
    assert long_lived.userinfo(token).status_code == 200
    moving_clock.advance(services.settings.session_idle_lifetime, seconds=1)
    assert long_lived.userinfo(token).status_code == 401
    assert not introspect(long_lived, token)


def test_code_ends_with_the_expired_session(
    party: RelyingParty, services: Services, moving_clock: MovingClock
) -> None:
    """A code that was issued in the last seconds of the session grants no access after it."""
    party.tokens(scope="openid")
    use_every_hour(party, services, moving_clock)
    moving_clock.advance(seconds=-30)
    code = party.code(scope="openid")
    moving_clock.advance(seconds=31)
    assert_error(party.redeem(code), "invalid_grant")


def test_device_keeps_working_after_the_session(
    app: Flask, services: Services, sample_users: dict[str, User], moving_clock: MovingClock
) -> None:
    """A device does not depend on the session of the browser in which the user allowed it (RFC 8628)."""
    grants = {"redirect_uris": (), "grant_types": (GRANT, "refresh_token"), "response_types": ()}
    device = Device(RelyingParty(app, *register(services, name="Device", **grants)))
    token = device.tokens()["refresh_token"]
    moving_clock.advance(services.settings.session_lifetime, seconds=1)
    assert device.rp.refresh(token).status_code == 200


@pytest.mark.usefixtures("sample_users")
def test_oauth1_token_ends_with_the_expired_session(
    app: Flask, services: Services, moving_clock: MovingClock
) -> None:
    """S3: token credentials of OAuth 1.0a do not outlive the session either."""
    party = RelyingParty(app, "")
    sample_users.open_session(party.browser, services, "alice")
    use_every_hour(party, services, moving_clock)
    moving_clock.advance(seconds=-30)
    tool = consumer.register(services, app, is_trusted=True)
    tool.browser = party.browser
    tool.more["timestamp"] = str(int(moving_clock.now().timestamp()))
    tool = tool.get_token_credentials()
    assert tool.whoami().status_code == 200
    moving_clock.advance(seconds=31)
    assert consumer.problem_of(tool.whoami()) == (401, "invalid_expired_token")

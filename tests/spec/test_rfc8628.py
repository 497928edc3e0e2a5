"""RFC 8628: the device authorization grant."""

import re
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from authserver.context import SYSTEM
from authserver.domain.clients import clients
from authserver.domain.clients.clients import Client
from authserver.domain.diagnostics.error_log import RecordedError
from authserver.domain.users import users
from authserver.protocol.services import Services
from authserver.vocabulary import TYPED_ALPHABET
from tests.support import forms
from tests.support.device import GRANT, Device
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import RelyingParty, assert_error, claims, disapprove, register
from tests.support.table import table

pytestmark = pytest.mark.usefixtures("sample_users")
GRANTS = (GRANT, "refresh_token")
ONE_SECOND = timedelta(seconds=1)


def make_rp(app: Flask, services: Services, **registration: object) -> RelyingParty:
    defaults = {"redirect_uris": (), "grant_types": GRANTS, "response_types": ()} | registration
    return RelyingParty(app, *register(services, **defaults))


@pytest.fixture
def device(app: Flask, services: Services) -> Device:
    """A device of a confidential client."""
    return Device(make_rp(app, services, name="The Device"))


@pytest.fixture
def public_device(app: Flask, services: Services) -> Device:
    """A device of a client that cannot keep a secret."""
    return Device(make_rp(app, services, name="The Program", auth_method="none"))


def assert_polling_error(response: TestResponse, error: str) -> None:
    assert_error(response, error)
    assert "reference" not in response.get_json()["error_description"]


# 3.1 and 3.2: the device authorization endpoint


def test_codes_are_issued(device: Device) -> None:
    """3.2: device_code, user_code, verification_uri and expires_in are REQUIRED."""
    response = device.request_codes()
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    codes = response.get_json()
    assert codes["verification_uri"] == "http://localhost/device"
    assert codes["verification_uri_complete"] == f"http://localhost/device?user_code={codes['user_code']}"
    assert (codes["expires_in"], codes["interval"]) == (600, 5)
    assert len(codes["device_code"]) > 43


def test_user_code_is_easy_to_type(device: Device) -> None:
    """6.1: consonants that do not look alike, in two groups."""
    assert re.fullmatch(
        f"[{TYPED_ALPHABET}]{{4}}-[{TYPED_ALPHABET}]{{4}}", device.request_codes().get_json()["user_code"]
    )


@pytest.mark.parametrize("path", ["/api/oauth2/device_code", "/api/oidc/device_code"])
def test_legacy_paths_serve_the_same_endpoint(device: Device, path: str) -> None:
    assert device.request_codes(path).status_code == 200


@table("auth_method", ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"])
def test_confidential_client_may_send_its_client_id_alone(
    app: Flask, services: Services, auth_method: str
) -> None:
    """3.1: client_id is REQUIRED if the client is not authenticating. Many libraries never authenticate here."""
    rp = make_rp(app, services, auth_method=auth_method, details={"jwks_uri": "https://rp.example/jwks"})
    assert Device(rp).request_codes(client_id=rp.key).status_code == 200


def test_confidential_client_must_authenticate_at_the_token_endpoint(device: Device) -> None:
    """3.4: the client MUST authenticate as described in RFC 6749, section 3.2.1."""
    device.start(client_id=device.rp.key).approve()
    form = {"grant_type": GRANT, "device_code": device.codes["device_code"], "client_id": device.rp.key}
    response = device.rp.app.test_client().post("/oauth2/token", data=form)
    assert_error(response, "invalid_client", 401)
    assert device.poll().status_code == 200


def test_wrong_secret_is_rejected(device: Device) -> None:
    """RFC 6749, 5.2: a client that sends credentials is authenticated with them."""
    form = {"client_id": device.rp.key, "client_secret": "wrong"}
    response = device.rp.app.test_client().post("/oauth2/device_authorization", data=form)
    assert_error(response, "invalid_client", 401)


def test_unknown_client_id_is_rejected(device: Device) -> None:
    """RFC 6749, 5.2: the client is unknown."""
    assert_error(device.request_codes(client_id="0" * 32), "invalid_client", 401)


def test_public_client_sends_its_client_id(public_device: Device) -> None:
    """3.1: client_id is REQUIRED if the client is not authenticating with the authorization server."""
    assert public_device.request_codes(client_id=public_device.rp.key).status_code == 200


def test_missing_client_id_is_rejected(device: Device) -> None:
    """3.1: client_id is REQUIRED if the client is not authenticating with the authorization server."""
    response = device.rp.app.test_client().post("/oauth2/device_authorization", data={"scope": "openid"})
    assert_error(response, "invalid_client", 401)


def test_client_without_the_grant_type_is_rejected(rp: RelyingParty) -> None:
    """RFC 6749, 5.2: the client is not authorized to use this grant type."""
    assert_error(Device(rp).request_codes(), "unauthorized_client")


def test_pending_client_is_rejected(app: Flask, services: Services) -> None:
    """S4: a pending client is rejected at every endpoint."""
    assert_error(Device(make_rp(app, services, is_approved=False)).request_codes(), "unauthorized_client")


def test_scope_beyond_the_registration_is_rejected(device: Device) -> None:
    """RFC 6749, 5.2: the requested scope is invalid. The server does not reduce it silently."""
    assert_error(device.request_codes(scope="openid nuclear"), "invalid_scope")


def test_repeated_parameters_are_rejected(device: Device) -> None:
    """3.1: parameters MUST NOT be included more than once."""
    response = device.rp.app.test_client().post(
        "/oauth2/device_authorization", data={"scope": ["openid", "email"]}, headers=device.rp.basic
    )
    assert_error(response, "invalid_request")


def test_unknown_parameters_are_ignored(device: Device) -> None:
    """3.1: the server MUST ignore unrecognized request parameters."""
    assert device.request_codes(unheard_of="x").status_code == 200


def test_parameter_without_a_value_counts_as_omitted(public_device: Device) -> None:
    """3.1: parameters sent without a value MUST be treated as if they were omitted from the request."""
    assert (
        public_device.request_codes(client_id=public_device.rp.key, scope="", resource="").status_code == 200
    )
    assert_error(public_device.request_codes(client_id=""), "invalid_client", 401)


def test_get_is_not_allowed(device: Device) -> None:
    """3.1: the client makes a request by using the HTTP POST method."""
    assert device.browser.get("/oauth2/device_authorization").status_code == 405


def test_discovery_lists_the_endpoint(device: Device) -> None:
    """4: device_authorization_endpoint is in every document, with the path that belongs to that document."""
    documents = {
        "/.well-known/openid-configuration": "/oauth2/device_authorization",
        "/.well-known/oauth-authorization-server": "/oauth2/device_authorization",
        "/.well-known/oauth2.0-configuration": "/api/oauth2/device_code",
        "/.well-known/oidc-configuration": "/api/oidc/device_code",
    }
    for address, endpoint in documents.items():
        document = device.browser.get(address).get_json()
        assert document["device_authorization_endpoint"] == f"http://localhost{endpoint}"
        assert GRANT in document["grant_types_supported"]


# 3.3: user interaction


def test_device_gets_tokens_after_approval(device: Device) -> None:
    """3.3 to 3.5: the whole flow, from the codes to the tokens."""
    tokens = device.start().tokens()
    assert tokens["scope"] == "openid profile"
    assert claims(tokens["id_token"])["aud"] == device.rp.key
    assert device.rp.userinfo(tokens["access_token"]).get_json()["name"] == "Alice Adams"
    assert device.rp.refresh(tokens["refresh_token"]).status_code == 200


def test_public_device_gets_tokens(public_device: Device) -> None:
    """3.4: a public client sends its client_id."""
    public_device.start(client_id=public_device.rp.key)
    public_device.approve()
    form = {"grant_type": GRANT, "device_code": public_device.codes["device_code"]}
    assert public_device.rp.token({}, **form, client_id=public_device.rp.key).status_code == 200


def test_case_and_dash_do_not_matter(device: Device) -> None:
    """6.1: case and punctuation do not matter when the user types the code."""
    entered = device.start().codes["user_code"].lower().replace("-", " ")
    assert 'id="device-allow"' in device.enter(f" {entered} ").text


@pytest.mark.parametrize(
    "punctuation",
    ["", "-", "--", " ", "\t", ".", "_", "/", "\u00b7", "\u2014", "\u2212", "\u00a0", "\u200b", "(%s)"],
)
def test_punctuation_is_ignored(device: Device, punctuation: str) -> None:
    """6.1: the server should ignore all characters that cannot occur in a user code."""
    halves = device.start().codes["user_code"].split("-")
    entered = punctuation % "".join(halves) if "%" in punctuation else punctuation.join(halves)
    assert 'id="device-allow"' in device.enter(entered).text


def test_code_with_other_letters_does_not_match(device: Device) -> None:
    """6.1: every letter counts. The server does not correct mistyped letters."""
    entered = device.start().codes["user_code"]
    for other_code in (f"{entered}A", f"{entered}1", f"\u0391{entered[1:]}"):
        assert device.enter(other_code).status_code == 422


def test_confirmation_shows_the_client(device: Device) -> None:
    """5.4: the user sees what they authorize, and decides."""
    page = device.start().enter().text
    for words in (
        "The Device",
        "127.0.0.1",
        "just now",
        "Alice Adams",
        "See your name",
        device.codes["user_code"],
    ):
        assert words in page


def test_link_with_the_code_asks_for_confirmation(device: Device) -> None:
    """3.3.1: the link leads to the same confirmation as a typed code. Opening the link approves nothing."""
    device.start()
    page = device.open_page(device.codes["verification_uri_complete"])
    assert device.codes["user_code"] in page.text
    assert_polling_error(device.poll(), "authorization_pending")
    forms.submit(device.browser, page, "device-allow")
    assert device.poll().status_code == 200


def test_policy_and_terms_are_shown(app: Flask, services: Services) -> None:
    """5.4; OpenID Connect Registration, 2: policy_uri and tos_uri SHOULD be shown to the user."""
    links = {"policy_uri": "https://rp.example/privacy", "tos_uri": "https://rp.example/terms"}
    page = Device(make_rp(app, services, details=links)).start().enter()
    for link in links.values():
        assert f'href="{link}"' in page.text


def test_default_max_age_requires_a_recent_sign_in(
    app: Flask, services: Services, moving_clock: MovingClock
) -> None:
    """OpenID Connect Registration, 2: default_max_age is the maximum age of the sign-in."""
    device = Device(make_rp(app, services, details={"default_max_age": 60}))
    device.open_page()
    moving_clock.advance(timedelta(seconds=30))
    assert 'id="device-allow"' in device.start().enter().text
    moving_clock.advance(timedelta(seconds=60))
    page = device.rp.follow(device.start().enter())
    assert 'id="login-submit"' in page.text
    confirm = device.rp.sign_in(page)
    assert device.codes["user_code"] in confirm.text
    forms.submit(device.browser, confirm, "device-allow")
    assert device.poll().status_code == 200


def test_sign_in_for_this_device_is_recent_enough(
    app: Flask, services: Services, moving_clock: MovingClock
) -> None:
    """OpenID Connect Registration, 2: a user who needs more time does not have to sign in again."""
    device = Device(make_rp(app, services, details={"default_max_age": 0}))
    page = device.rp.follow(device.start().enter())
    moving_clock.advance(timedelta(seconds=60))
    assert 'id="device-allow"' in page.text
    assert 'id="device-allow"' in device.enter().text


def test_user_signs_in_first(device: Device) -> None:
    """5.4: the device is connected to the account that the page shows."""
    assert "/sign-in" in device.browser.get("/device").location


def test_unknown_code_is_rejected(device: Device) -> None:
    response = device.start().enter("BBBB-BBBB")
    assert response.status_code == 422
    assert "No device is waiting for this code" in response.text


@pytest.mark.both_databases
@pytest.mark.parametrize("entered", ["", "A", "ÅÅÅÅ-ÅÅÅÅ", "x" * 5000, "\u0000", "WDJB-MJHTT", "%s%s%s%s"])
def test_malformed_code_is_rejected(device: Device, entered: str) -> None:
    """S26: no input causes a 5xx."""
    page = device.open_page()
    response = forms.submit(device.browser, page, "device-submit", user_code=entered)
    assert response.status_code in {400, 422}


def test_guessing_is_limited(device: Device, services: Services) -> None:
    """5.1: the server should limit the number of attempts."""
    device.start()
    responses = [device.enter("BBBB-BBBB") for _ in range(services.settings.device_attempts + 1)]
    assert [response.status_code for response in responses[-2:]] == [422, 429]
    assert device.enter().status_code == 429


def test_requests_without_the_secret_do_not_use_up_the_limit_of_the_client(
    device: Device, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """3.1, S20: everybody can send the client_id alone, but only the client can send its secret."""
    monkeypatch.setitem(services.settings.__dict__, "device_requests", 2)
    statuses = [device.request_codes(client_id=device.rp.key).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert [device.request_codes().status_code for _ in range(3)] == [200, 200, 429]


def test_malformed_code_does_not_count_as_an_attempt(device: Device, services: Services) -> None:
    """5.1: guesses count, typing errors do not."""
    for _ in range(services.settings.device_attempts + 2):
        assert device.enter("nonsense").status_code == 422
    assert device.start().enter().status_code == 200


def test_cross_site_requests_do_not_count_as_attempts(device: Device, services: Services) -> None:
    """5.1, S20: another site can send the browser here repeatedly. Only codes that the user submits count."""
    device.open_page()
    for _ in range(services.settings.device_attempts + 2):
        response = device.browser.get("/device?user_code=BBBB-BBBB", headers={"Sec-Fetch-Site": "cross-site"})
        assert response.status_code == 200
        assert 'id="device-submit"' in response.text
    assert device.start().enter().status_code == 200


def test_cross_site_link_only_fills_in_the_code(device: Device) -> None:
    """3.3.1, 5.4: the user submits even a valid code, and then confirms."""
    device.open_page()
    address = device.start().codes["verification_uri_complete"]
    page = device.browser.get(address, headers={"Sec-Fetch-Site": "cross-site"})
    assert 'id="device-allow"' not in page.text
    assert dict(forms.find(page, "device-submit").fields)["user_code"] == device.codes["user_code"]


def test_valid_code_does_not_count_as_an_attempt(device: Device, services: Services) -> None:
    """5.1: only guesses count."""
    for _ in range(services.settings.device_attempts + 2):
        assert device.start().enter().status_code == 200


def test_another_session_cannot_submit_the_confirmation(device: Device, app: Flask) -> None:
    """S12: the decision is bound to the user session in which the page was shown."""
    page = device.start().enter()
    confirmation = dict(forms.find(page, "device-allow").fields)["confirmation"]
    other = Device(RelyingParty(app, device.rp.key, device.rp.secret))
    token = dict(forms.find(other.open_page(username="bob"), "device-submit").fields)["csrf_token"]
    form = {"confirmation": confirmation, "csrf_token": token, "decision": "allow"}
    assert other.browser.post("/device/decision", data=form).status_code == 400
    assert_polling_error(device.poll(), "authorization_pending")


def test_decision_requires_the_csrf_token(device: Device) -> None:
    """S21: every state change is protected against requests from other sites."""
    page = device.start().enter()
    fields = dict(forms.find(page, "device-allow").fields) | {"csrf_token": "", "decision": "allow"}
    assert device.browser.post("/device/decision", data=fields).status_code == 400
    assert_polling_error(device.poll(), "authorization_pending")


def test_changed_client_needs_a_new_confirmation(device: Device, services: Services) -> None:
    """S12: the server grants what the page showed."""
    page = device.start().enter()
    with services.database.transaction() as db:
        clients.get(db, device.rp.key).name = "Something Else"
    assert forms.submit(device.browser, page, "device-allow").status_code == 400
    assert_polling_error(device.poll(), "authorization_pending")


def test_decision_is_made_once(device: Device) -> None:
    """S5: approving twice, or denying after the approval, changes nothing."""
    page = device.start().enter()
    forms.submit(device.browser, page, "device-allow")
    assert "The device is connected" in forms.submit(device.browser, page, "device-deny").text
    assert device.poll().status_code == 200


def test_disapproved_client_cannot_be_confirmed(device: Device, services: Services) -> None:
    """S1: the page makes the same access check."""
    device.start()
    disapprove(services, device.rp.key)
    response = device.enter()
    assert response.status_code == 400
    assert "disapproved" in response.text


def test_response_contains_a_link_for_a_qr_code(device: Device) -> None:
    """3.3.1: verification_uri_complete may be shown as a QR code."""
    code = device.start().codes["user_code"]
    response = device.browser.get("/device/code.svg", query_string={"user_code": code})
    assert response.content_type == "image/svg+xml"
    assert f"http://localhost/device?user_code={code}" in response.text
    assert "user_code" not in device.browser.get("/device/code.svg?user_code=<script>").text


# 3.4 and 3.5: polling


def test_device_must_wait_for_the_decision(device: Device) -> None:
    """3.5: authorization_pending before the user decides. It is not recorded as an error."""
    assert_polling_error(device.start().poll(), "authorization_pending")


def test_polling_too_fast_returns_slow_down(device: Device) -> None:
    """3.5: slow_down when the device polls again within the interval."""
    device.start().poll()
    assert_polling_error(device.poll(), "slow_down")


def test_each_slow_down_increases_the_interval(device: Device, moving_clock: MovingClock) -> None:
    """3.5: the interval MUST be increased by 5 seconds for this and all subsequent requests."""
    device.start().poll()
    assert_polling_error(device.poll(), "slow_down")
    moving_clock.advance(6 * ONE_SECOND)
    assert_polling_error(device.poll(), "slow_down")
    moving_clock.advance(14 * ONE_SECOND)
    assert_polling_error(device.poll(), "slow_down")
    moving_clock.advance(20 * ONE_SECOND)
    assert_polling_error(device.poll(), "authorization_pending")


def test_polling_at_the_interval_is_allowed(device: Device, moving_clock: MovingClock) -> None:
    """3.5: a device that waits for the interval between polls does not get slow_down."""
    device.start()
    for _ in range(4):
        assert_polling_error(device.poll(), "authorization_pending")
        moving_clock.advance(5 * ONE_SECOND)


def test_expired_code_returns_expired_token(
    device: Device, services: Services, moving_clock: MovingClock
) -> None:
    """3.5: expired_token."""
    device.start()
    moving_clock.advance(services.settings.device_code_lifetime, seconds=1)
    assert_error(device.poll(), "expired_token")


def test_expired_code_cannot_be_entered(
    device: Device, services: Services, moving_clock: MovingClock
) -> None:
    """3.2: expires_in applies to the user code too."""
    device.start().open_page()
    moving_clock.advance(services.settings.device_code_lifetime, seconds=1)
    assert device.enter().status_code == 422


def test_late_approval_has_no_effect(device: Device, services: Services, moving_clock: MovingClock) -> None:
    """3.2: expires_in applies to the confirmation too."""
    page = device.start().enter()
    moving_clock.advance(services.settings.device_code_lifetime, seconds=1)
    assert forms.submit(device.browser, page, "device-allow").status_code == 400
    assert_error(device.poll(), "expired_token")


def test_denial_reaches_the_device(device: Device) -> None:
    """3.5: access_denied."""
    assert "was not connected" in device.start().deny().text
    assert_error(device.poll(), "access_denied")


def test_replayed_device_code_revokes_its_tokens(device: Device) -> None:
    """S6: a used device code is invalid, and a replay revokes the tokens issued for it."""
    tokens = device.start().tokens()
    assert_error(device.poll(), "invalid_grant")
    assert device.rp.userinfo(tokens["access_token"]).status_code == 401
    assert_error(device.rp.refresh(tokens["refresh_token"]), "invalid_grant")


def test_another_client_cannot_redeem(device: Device, app: Flask, services: Services) -> None:
    """3.4: the device code is bound to its client. Another client cannot revoke anything with it (S6)."""
    device.start().approve()
    attacker = Device(make_rp(app, services, name="The Thief"), device.codes)
    assert_error(attacker.poll(), "invalid_grant")
    tokens = device.poll().get_json()
    assert_error(attacker.poll(), "invalid_grant")
    assert device.rp.userinfo(tokens["access_token"]).status_code == 200


def test_polling_requires_the_client_secret(device: Device) -> None:
    """3.4: a confidential client authenticates."""
    device.start().approve()
    form = {"grant_type": GRANT, "device_code": device.codes["device_code"], "client_id": device.rp.key}
    assert_error(device.rp.token({}, **form), "invalid_client", 401)
    assert device.poll().status_code == 200


def test_public_device_sends_its_client_id_when_it_polls(public_device: Device) -> None:
    """3.4: client_id is REQUIRED if the client is not authenticating with the authorization server."""
    own = {"client_id": public_device.rp.key}
    public_device.start(**own).approve()
    form = {"grant_type": GRANT, "device_code": public_device.codes["device_code"]}
    assert_error(public_device.rp.token({}, **form), "invalid_client", 401)
    assert public_device.rp.token({}, **form, **own).status_code == 200


def test_guessed_device_code_is_rejected(device: Device) -> None:
    """5.2: a guessed device code is invalid, even if a request with its row id is pending."""
    code = device.start().codes["device_code"]
    device.approve()
    assert_error(device.poll(device_code=f"{code[:-6]}AAAAAA"), "invalid_grant")
    assert device.poll().status_code == 200


def test_missing_device_code_is_an_invalid_request(device: Device) -> None:
    """3.4: device_code is REQUIRED."""
    assert_error(device.rp.token(grant_type=GRANT), "invalid_request")


@pytest.mark.parametrize(
    "code", ["nonsense", "asd_1_" + "A" * 43, "asc_1_" + "A" * 43, "asd_zzzzzzzzzzzz_" + "A" * 43]
)
def test_unknown_device_code_is_an_invalid_grant(device: Device, code: str) -> None:
    """RFC 6749, 5.2, and S7: a value of another type is as invalid as an unknown one."""
    assert_error(device.start().poll(device_code=code), "invalid_grant")


def test_user_code_is_not_a_device_code(device: Device) -> None:
    """S7: each type of one-time value has its own namespace."""
    assert_error(device.start().poll(device_code=device.codes["user_code"]), "invalid_grant")


def test_client_disapproved_before_the_poll_is_rejected(device: Device, services: Services) -> None:
    """S3: disapproval takes effect on the next request."""
    device.start().approve()
    disapprove(services, device.rp.key)
    assert_error(device.poll(), "unauthorized_client")


def test_user_disabled_before_the_poll_is_rejected(device: Device, services: Services) -> None:
    """S3: disabling takes effect on the next request."""
    device.start().approve()
    with services.database.transaction() as db:
        user = users.find(db, "alice")
        assert user is not None
        users.disable(db, SYSTEM, user)
    assert_error(device.poll(), "invalid_grant")


def test_signing_out_of_the_browser_leaves_the_device_connected(device: Device) -> None:
    """The device's authorization does not depend on the user session in which the user approved it."""
    tokens = device.start().tokens()
    forms.submit(device.browser, device.browser.get("/sign-out"), "logout-confirm")
    assert device.rp.userinfo(tokens["access_token"]).status_code == 200


def test_codes_are_stored_as_digests(device: Device, services: Services) -> None:
    """S24: the database stores digests of the codes."""
    device.start()
    stored = "device_code", "user_code"
    with services.database.reading() as connection:
        row = connection.exec_driver_sql("SELECT * FROM device_authorizations").one()
    text = repr([bytes(value) if isinstance(value, memoryview) else value for value in row])
    for name in stored:
        secret = device.codes[name].split("_", 2)[-1].replace("-", "")
        assert secret not in text


def test_resource_can_be_requested(device: Device) -> None:
    """RFC 8707, 2.2: a device names the resource server when it requests the token."""
    device.start().approve()
    assert_error(device.poll(resource="https://elsewhere.example/"), "invalid_target")
    assert device.poll(resource="http://localhost").status_code == 200


def test_account_can_be_switched(device: Device) -> None:
    """3.3: the code is kept when the user signs in with another account."""
    page = device.start().enter()
    found = re.search(r'href="([^"]+)">Switch account', page.text)
    assert found is not None
    switched = device.rp.sign_in(device.browser.get(unescape(found[1])), "bob")
    assert "Bob Brown" in switched.text
    forms.submit(device.browser, switched, "device-allow")
    assert device.rp.userinfo(device.poll().get_json()["access_token"]).get_json()["name"] == "Bob Brown"


def test_request_without_any_parameter_is_valid(device: Device) -> None:
    """3.1: scope is OPTIONAL, and client_id is needed only if the client does not authenticate."""
    response = device.rp.app.test_client().post("/oauth2/device_authorization", headers=device.rp.basic)
    assert response.status_code == 200
    assert "user_code" in response.get_json()


def test_misspelled_grant_type_is_explained(device: Device, services: Services) -> None:
    """The documentation of the legacy server writes urb: for urn:. Diagnostics explain the mistake and name the
    client.
    """
    response = device.start().poll(grant_type="urb:ietf:params:oauth:grant-type:device_code")
    assert response.get_json()["error"] == "unsupported_grant_type"
    assert "urn:" in response.get_json()["error_description"]
    with services.database.transaction(write=False) as db:
        cause = select(RecordedError.cause, Client.client_key).join(
            Client, Client.id == RecordedError.client_id
        )
        assert db.execute(cause).all() == [("grant-type-misprinted", device.rp.key)]

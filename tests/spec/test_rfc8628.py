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
from tests.support.relying_party import RelyingParty, claims, disapprove, refused, register

pytestmark = pytest.mark.usefixtures("people")
GRANTS = (GRANT, "refresh_token")
SECOND = timedelta(seconds=1)


def party(app: Flask, services: Services, **registration: object) -> RelyingParty:
    asked = {"redirect_uris": (), "grant_types": GRANTS, "response_types": ()} | registration
    return RelyingParty(app, *register(services, **asked))


@pytest.fixture
def device(app: Flask, services: Services) -> Device:
    """A device of a confidential client."""
    return Device(party(app, services, name="The Device"))


@pytest.fixture
def public_device(app: Flask, services: Services) -> Device:
    """A device of a client that cannot keep a secret."""
    return Device(party(app, services, name="The Program", auth_method="none"))


def waiting(answer: TestResponse, error: str) -> None:
    refused(answer, error)
    assert "reference" not in answer.get_json()["error_description"]


# 3.1 and 3.2: the device authorization endpoint


def test_the_codes_are_handed_out(device: Device) -> None:
    """3.2: device_code, user_code, verification_uri and expires_in are REQUIRED."""
    answer = device.ask()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    codes = answer.get_json()
    assert codes["verification_uri"] == "http://localhost/device"
    assert codes["verification_uri_complete"] == f"http://localhost/device?user_code={codes['user_code']}"
    assert (codes["expires_in"], codes["interval"]) == (600, 5)
    assert len(codes["device_code"]) > 43


def test_the_user_code_is_easy_to_type(device: Device) -> None:
    """6.1: letters without vowels and without those that look alike, in two groups."""
    assert re.fullmatch(
        f"[{TYPED_ALPHABET}]{{4}}-[{TYPED_ALPHABET}]{{4}}", device.ask().get_json()["user_code"]
    )


@pytest.mark.parametrize("path", ["/api/oauth2/device_code", "/api/oidc/device_code"])
def test_the_other_addresses_serve_the_same(device: Device, path: str) -> None:
    assert device.ask(path).status_code == 200


def test_a_confidential_client_must_authenticate(device: Device) -> None:
    """3.1: the client authentication requirements of RFC 6749, section 3.2.1, apply."""
    refused(device.ask(client_id=device.rp.key), "invalid_client", 401)


def test_a_public_client_names_itself(public_device: Device) -> None:
    """3.1: client_id is REQUIRED if the client is not authenticating with the authorization server."""
    assert public_device.ask(client_id=public_device.rp.key).status_code == 200


def test_a_client_without_a_name_is_refused(device: Device) -> None:
    """3.1: client_id is REQUIRED if the client is not authenticating with the authorization server."""
    answer = device.rp.app.test_client().post("/oauth2/device_authorization", data={"scope": "openid"})
    refused(answer, "invalid_client", 401)


def test_a_client_without_the_grant_type_is_refused(rp: RelyingParty) -> None:
    """RFC 6749, 5.2: the client is not authorized to use this grant type."""
    refused(Device(rp).ask(), "unauthorized_client")


def test_a_pending_client_is_refused(app: Flask, services: Services) -> None:
    """S4: a pending client is inert at every endpoint."""
    refused(Device(party(app, services, is_approved=False)).ask(), "unauthorized_client")


def test_a_scope_beyond_the_registration_is_refused(device: Device) -> None:
    """RFC 6749, 5.2: the requested scope is invalid; nothing is trimmed in silence."""
    refused(device.ask(scope="openid nuclear"), "invalid_scope")


def test_repeated_parameters_are_refused(device: Device) -> None:
    """3.1: parameters MUST NOT be included more than once."""
    answer = device.rp.app.test_client().post(
        "/oauth2/device_authorization", data={"scope": ["openid", "email"]}, headers=device.rp.basic
    )
    refused(answer, "invalid_request")


def test_unknown_parameters_are_ignored(device: Device) -> None:
    """3.1: the server MUST ignore unrecognized request parameters."""
    assert device.ask(unheard_of="x").status_code == 200


def test_a_parameter_without_a_value_counts_as_omitted(public_device: Device) -> None:
    """3.1: parameters sent without a value MUST be treated as if they were omitted from the request."""
    assert public_device.ask(client_id=public_device.rp.key, scope="", resource="").status_code == 200
    refused(public_device.ask(client_id=""), "invalid_client", 401)


def test_get_is_not_allowed(device: Device) -> None:
    """3.1: the client makes a request by using the HTTP POST method."""
    assert device.browser.get("/oauth2/device_authorization").status_code == 405


def test_discovery_names_the_endpoint(device: Device) -> None:
    """4: device_authorization_endpoint, in every document, each with the address of its own lane."""
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


# 3.3: the person


def test_a_person_approves_and_the_device_gets_tokens(device: Device) -> None:
    """3.3 to 3.5: from the codes to the tokens."""
    tokens = device.start().tokens()
    assert tokens["scope"] == "openid profile"
    assert claims(tokens["id_token"])["aud"] == device.rp.key
    assert device.rp.userinfo(tokens["access_token"]).get_json()["name"] == "Alice Adams"
    assert device.rp.refresh(tokens["refresh_token"]).status_code == 200


def test_a_public_device_gets_tokens(public_device: Device) -> None:
    """3.4: a public client sends its client_id."""
    public_device.start(client_id=public_device.rp.key)
    public_device.approve()
    form = {"grant_type": GRANT, "device_code": public_device.codes["device_code"]}
    assert public_device.rp.token({}, **form, client_id=public_device.rp.key).status_code == 200


def test_case_and_dash_do_not_matter(device: Device) -> None:
    """6.1: punctuation is for reading only, and should not matter when the code is typed."""
    typed = device.start().codes["user_code"].lower().replace("-", " ")
    assert 'id="device-allow"' in device.enter(f" {typed} ").text


@pytest.mark.parametrize(
    "punctuation",
    ["", "-", "--", " ", "\t", ".", "_", "/", "\u00b7", "\u2014", "\u2212", "\u00a0", "\u200b", "(%s)"],
)
def test_any_punctuation_is_for_reading_only(device: Device, punctuation: str) -> None:
    """6.1: the server should ignore characters that are not in its set of user codes, whichever people put in."""
    halves = device.start().codes["user_code"].split("-")
    typed = punctuation % "".join(halves) if "%" in punctuation else punctuation.join(halves)
    assert 'id="device-allow"' in device.enter(typed).text


def test_a_code_with_other_letters_is_another(device: Device) -> None:
    """6.1: what is a letter counts; nothing is taken for a mistyped one."""
    typed = device.start().codes["user_code"]
    for odd in (f"{typed}A", f"{typed}1", f"\u0391{typed[1:]}"):
        assert device.enter(odd).status_code == 422


def test_what_asks_is_always_shown(device: Device) -> None:
    """5.4: the person is told what is being authorized, and decides."""
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


def test_the_link_with_the_code_asks_as_well(device: Device) -> None:
    """3.3.1: the person confirms the same as after typing; following a link alone approves nothing."""
    device.start()
    page = device.open_page(device.codes["verification_uri_complete"])
    assert device.codes["user_code"] in page.text
    waiting(device.poll(), "authorization_pending")
    forms.submit(device.browser, page, "device-allow")
    assert device.poll().status_code == 200


def test_policy_and_terms_are_shown(app: Flask, services: Services) -> None:
    """5.4; OpenID Connect Registration, 2: policy_uri and tos_uri SHOULD be displayed where people decide."""
    links = {"policy_uri": "https://rp.example/privacy", "tos_uri": "https://rp.example/terms"}
    page = Device(party(app, services, details=links)).start().enter()
    for link in links.values():
        assert f'href="{link}"' in page.text


def test_the_client_may_want_a_younger_sign_in(
    app: Flask, services: Services, moving_clock: MovingClock
) -> None:
    """OpenID Connect Registration, 2: default_max_age says how long ago the person may have signed in at most."""
    device = Device(party(app, services, details={"default_max_age": 60}))
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


def test_a_sign_in_for_this_device_is_young_enough(
    app: Flask, services: Services, moving_clock: MovingClock
) -> None:
    """The same, where somebody takes their time: nobody signs in over and over."""
    device = Device(party(app, services, details={"default_max_age": 0}))
    page = device.rp.follow(device.start().enter())
    moving_clock.advance(timedelta(seconds=60))
    assert 'id="device-allow"' in page.text
    assert 'id="device-allow"' in device.enter().text


def test_the_person_signs_in_first(device: Device) -> None:
    """5.4: the account is the one that was shown."""
    assert "/sign-in" in device.browser.get("/device").location


def test_an_unknown_code_is_refused(device: Device) -> None:
    answer = device.start().enter("BBBB-BBBB")
    assert answer.status_code == 422
    assert "No device is waiting for this code" in answer.text


@pytest.mark.both_databases
@pytest.mark.parametrize("typed", ["", "A", "ÅÅÅÅ-ÅÅÅÅ", "x" * 5000, "\u0000", "WDJB-MJHTT", "%s%s%s%s"])
def test_nonsense_is_refused(device: Device, typed: str) -> None:
    """S26: no input gives a 5xx."""
    page = device.open_page()
    answer = forms.submit(device.browser, page, "device-submit", user_code=typed)
    assert answer.status_code in {400, 422}


def test_guessing_is_limited(device: Device, services: Services) -> None:
    """5.1: the server should limit how many codes can be tried."""
    device.start()
    answers = [device.enter("BBBB-BBBB") for _ in range(services.settings.device_attempts + 1)]
    assert [answer.status_code for answer in answers[-2:]] == [422, 429]
    assert device.enter().status_code == 429


def test_what_cannot_be_a_code_costs_no_guess(device: Device, services: Services) -> None:
    """5.1: guesses are counted, not slips of the keyboard."""
    for _ in range(services.settings.device_attempts + 2):
        assert device.enter("nonsense").status_code == 422
    assert device.start().enter().status_code == 200


def test_foreign_pages_use_up_nobody_s_guesses(device: Device, services: Services) -> None:
    """5.1, S20: a page of somebody else can send a browser here, again and again; the person decides to send a code."""
    device.open_page()
    for _ in range(services.settings.device_attempts + 2):
        answer = device.browser.get("/device?user_code=BBBB-BBBB", headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 200
        assert 'id="device-submit"' in answer.text
    assert device.start().enter().status_code == 200


def test_the_code_of_a_foreign_link_is_only_filled_in(device: Device) -> None:
    """3.3.1, 5.4: the right code too is sent by the person, who then confirms."""
    device.open_page()
    address = device.start().codes["verification_uri_complete"]
    page = device.browser.get(address, headers={"Sec-Fetch-Site": "cross-site"})
    assert 'id="device-allow"' not in page.text
    assert dict(forms.find(page, "device-submit").fields)["user_code"] == device.codes["user_code"]


def test_the_right_code_costs_no_guess(device: Device, services: Services) -> None:
    """5.1: only guesses are counted."""
    for _ in range(services.settings.device_attempts + 2):
        assert device.start().enter().status_code == 200


def test_another_session_cannot_send_the_confirmation(device: Device, app: Flask) -> None:
    """S12: the decision belongs to the sign-in session that the page was shown in."""
    page = device.start().enter()
    confirmation = dict(forms.find(page, "device-allow").fields)["confirmation"]
    other = Device(RelyingParty(app, device.rp.key, device.rp.secret))
    token = dict(forms.find(other.open_page(username="bob"), "device-submit").fields)["csrf_token"]
    form = {"confirmation": confirmation, "csrf_token": token, "decision": "allow"}
    assert other.browser.post("/device/decision", data=form).status_code == 400
    waiting(device.poll(), "authorization_pending")


def test_the_decision_needs_the_forms_token(device: Device) -> None:
    """S21: every change of state is protected against requests of other sites."""
    page = device.start().enter()
    fields = dict(forms.find(page, "device-allow").fields) | {"csrf_token": "", "decision": "allow"}
    assert device.browser.post("/device/decision", data=fields).status_code == 400
    waiting(device.poll(), "authorization_pending")


def test_a_client_changed_meanwhile_is_shown_again(device: Device, services: Services) -> None:
    """S12: what was shown is what is granted."""
    page = device.start().enter()
    with services.database.transaction() as db:
        clients.get(db, device.rp.key).name = "Something Else"
    assert forms.submit(device.browser, page, "device-allow").status_code == 400
    waiting(device.poll(), "authorization_pending")


def test_a_decision_is_taken_once(device: Device) -> None:
    """S5: approving twice, or denying what was approved, changes nothing."""
    page = device.start().enter()
    forms.submit(device.browser, page, "device-allow")
    assert "The device is connected" in forms.submit(device.browser, page, "device-deny").text
    assert device.poll().status_code == 200


def test_a_disapproved_client_cannot_be_confirmed(device: Device, services: Services) -> None:
    """S1: the page passes the same gate."""
    device.start()
    disapprove(services, device.rp.key)
    answer = device.enter()
    assert answer.status_code == 400
    assert "disapproved" in answer.text


def test_the_code_is_drawn_for_devices_that_cannot(device: Device) -> None:
    """3.3.1: verification_uri_complete may be shown as a QR code."""
    code = device.start().codes["user_code"]
    answer = device.browser.get("/device/code.svg", query_string={"user_code": code})
    assert answer.content_type == "image/svg+xml"
    assert f"http://localhost/device?user_code={code}" in answer.text
    assert "user_code" not in device.browser.get("/device/code.svg?user_code=<script>").text


# 3.4 and 3.5: polling


def test_a_device_is_told_to_wait(device: Device) -> None:
    """3.5: authorization_pending while the person has not decided; it is nothing an administrator looks into."""
    waiting(device.start().poll(), "authorization_pending")


def test_polling_too_fast_is_slowed_down(device: Device) -> None:
    """3.5: slow_down when the device polls within the interval."""
    device.start().poll()
    waiting(device.poll(), "slow_down")


def test_each_slow_down_makes_the_interval_longer(device: Device, moving_clock: MovingClock) -> None:
    """3.5: the interval MUST be increased by 5 seconds for this and all subsequent requests."""
    device.start().poll()
    waiting(device.poll(), "slow_down")
    moving_clock.advance(6 * SECOND)
    waiting(device.poll(), "slow_down")
    moving_clock.advance(14 * SECOND)
    waiting(device.poll(), "slow_down")
    moving_clock.advance(20 * SECOND)
    waiting(device.poll(), "authorization_pending")


def test_the_interval_kept_is_no_fault(device: Device, moving_clock: MovingClock) -> None:
    """3.5: a device that waits the interval between polls is not slowed down."""
    device.start()
    for _ in range(4):
        waiting(device.poll(), "authorization_pending")
        moving_clock.advance(5 * SECOND)


def test_an_expired_code_is_said_to_be(device: Device, services: Services, moving_clock: MovingClock) -> None:
    """3.5: expired_token."""
    device.start()
    moving_clock.advance(services.settings.device_code_lifetime, seconds=1)
    refused(device.poll(), "expired_token")


def test_an_expired_code_cannot_be_entered(
    device: Device, services: Services, moving_clock: MovingClock
) -> None:
    """3.2: expires_in holds for the user code too."""
    device.start().open_page()
    moving_clock.advance(services.settings.device_code_lifetime, seconds=1)
    assert device.enter().status_code == 422


def test_an_approval_that_comes_too_late_counts_for_nothing(
    device: Device, services: Services, moving_clock: MovingClock
) -> None:
    """3.2: expires_in holds for the confirmation too."""
    page = device.start().enter()
    moving_clock.advance(services.settings.device_code_lifetime, seconds=1)
    assert forms.submit(device.browser, page, "device-allow").status_code == 400
    refused(device.poll(), "expired_token")


def test_a_refusal_reaches_the_device(device: Device) -> None:
    """3.5: access_denied."""
    assert "was not connected" in device.start().deny().text
    refused(device.poll(), "access_denied")


def test_a_code_is_redeemed_once_and_its_replay_revokes(device: Device) -> None:
    """S6: a device code that was used is invalid, and what it produced stops working."""
    tokens = device.start().tokens()
    refused(device.poll(), "invalid_grant")
    assert device.rp.userinfo(tokens["access_token"]).status_code == 401
    refused(device.rp.refresh(tokens["refresh_token"]), "invalid_grant")


def test_another_client_cannot_redeem(device: Device, app: Flask, services: Services) -> None:
    """3.4: the device code was issued to the client; another one revokes nothing either (S6)."""
    device.start().approve()
    thief = Device(party(app, services, name="The Thief"), device.codes)
    refused(thief.poll(), "invalid_grant")
    tokens = device.poll().get_json()
    refused(thief.poll(), "invalid_grant")
    assert device.rp.userinfo(tokens["access_token"]).status_code == 200


def test_a_secret_is_needed_to_poll(device: Device) -> None:
    """3.4: a confidential client authenticates itself."""
    device.start().approve()
    form = {"grant_type": GRANT, "device_code": device.codes["device_code"], "client_id": device.rp.key}
    refused(device.rp.token({}, **form), "invalid_client", 401)
    assert device.poll().status_code == 200


def test_a_public_device_names_itself_when_it_polls(public_device: Device) -> None:
    """3.4: client_id is REQUIRED if the client is not authenticating with the authorization server."""
    own = {"client_id": public_device.rp.key}
    public_device.start(**own).approve()
    form = {"grant_type": GRANT, "device_code": public_device.codes["device_code"]}
    refused(public_device.rp.token({}, **form), "invalid_client", 401)
    assert public_device.rp.token({}, **form, **own).status_code == 200


def test_a_guessed_device_code_is_refused(device: Device) -> None:
    """5.2: a device code that is guessed is none, although one with that number waits."""
    code = device.start().codes["device_code"]
    device.approve()
    refused(device.poll(device_code=f"{code[:-6]}AAAAAA"), "invalid_grant")
    assert device.poll().status_code == 200


def test_a_missing_device_code_is_an_invalid_request(device: Device) -> None:
    """3.4: device_code is REQUIRED."""
    refused(device.rp.token(grant_type=GRANT), "invalid_request")


@pytest.mark.parametrize(
    "code", ["nonsense", "asd_1_" + "A" * 43, "asc_1_" + "A" * 43, "asd_zzzzzzzzzzzz_" + "A" * 43]
)
def test_an_unknown_device_code_is_an_invalid_grant(device: Device, code: str) -> None:
    """RFC 6749, 5.2, and S7: a value of another kind is as unknown as none."""
    refused(device.start().poll(device_code=code), "invalid_grant")


def test_the_user_code_is_no_device_code(device: Device) -> None:
    """S7: each kind of one-time value has its own namespace."""
    refused(device.start().poll(device_code=device.codes["user_code"]), "invalid_grant")


def test_a_client_disapproved_meanwhile_is_refused(device: Device, services: Services) -> None:
    """S3: disapproval takes effect on the next request."""
    device.start().approve()
    disapprove(services, device.rp.key)
    refused(device.poll(), "unauthorized_client")


def test_a_user_disabled_meanwhile_is_refused(device: Device, services: Services) -> None:
    """S3: disabling takes effect on the next request."""
    device.start().approve()
    with services.database.transaction() as db:
        user = users.find(db, "alice")
        assert user is not None
        users.disable(db, SYSTEM, user)
    refused(device.poll(), "invalid_grant")


def test_signing_out_of_the_browser_leaves_the_device_connected(device: Device) -> None:
    """The device is not the browser in which it was approved."""
    tokens = device.start().tokens()
    forms.submit(device.browser, device.browser.get("/sign-out"), "logout-confirm")
    assert device.rp.userinfo(tokens["access_token"]).status_code == 200


def test_no_code_is_stored_in_clear(device: Device, services: Services) -> None:
    """S24: codes are stored as digests."""
    device.start()
    stored = "device_code", "user_code"
    with services.database.reading() as connection:
        row = connection.exec_driver_sql("SELECT * FROM device_authorizations").one()
    text = repr([bytes(value) if isinstance(value, memoryview) else value for value in row])
    for name in stored:
        secret = device.codes[name].split("_", 2)[-1].replace("-", "")
        assert secret not in text


def test_a_resource_can_be_named(device: Device) -> None:
    """RFC 8707, 2.2: a device names the resource server of its token when it asks for the token."""
    device.start().approve()
    refused(device.poll(resource="https://elsewhere.example/"), "invalid_target")
    assert device.poll(resource="http://localhost").status_code == 200


def test_the_account_can_be_switched(device: Device) -> None:
    """3.3: the code is not lost when the person signs in as somebody else."""
    page = device.start().enter()
    found = re.search(r'href="([^"]+)">Switch account', page.text)
    assert found is not None
    switched = device.rp.sign_in(device.browser.get(unescape(found[1])), "bob")
    assert "Bob Brown" in switched.text
    forms.submit(device.browser, switched, "device-allow")
    assert device.rp.userinfo(device.poll().get_json()["access_token"]).get_json()["name"] == "Bob Brown"


def test_a_request_without_any_parameter(device: Device) -> None:
    """3.1: scope is OPTIONAL, and client_id is needed only where the client does not authenticate."""
    answer = device.rp.app.test_client().post("/oauth2/device_authorization", headers=device.rp.basic)
    assert answer.status_code == 200
    assert "user_code" in answer.get_json()


def test_the_misprint_of_old_pages_is_named(device: Device, services: Services) -> None:
    """The replaced system's page writes urb: for urn:; the diagnostics say so, and for which client."""
    answer = device.start().poll(grant_type="urb:ietf:params:oauth:grant-type:device_code")
    assert answer.get_json()["error"] == "unsupported_grant_type"
    assert "urn:" in answer.get_json()["error_description"]
    with services.database.transaction(write=False) as db:
        cause = select(RecordedError.cause, Client.client_key).join(
            Client, Client.id == RecordedError.client_id
        )
        assert db.execute(cause).all() == [("grant-type-misprinted", device.rp.key)]

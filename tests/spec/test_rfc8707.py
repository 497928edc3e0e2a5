"""RFC 8707: resource indicators at the authorization, token and device authorization endpoints."""

from typing import Any

import pytest
from flask import Flask

from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.device import GRANT, Device
from tests.support.relying_party import (
    VERIFIER,
    RelyingParty,
    assert_error,
    claims,
    edit,
    register,
    response_parameters,
)
from tests.support.table import table

CALENDAR, CONTACTS, UNKNOWN = "https://cal.example/", "https://contacts.example/app", "https://evil.example/"


@pytest.fixture
def party(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    details = {"resources": [CALENDAR, CONTACTS], "access_token_signed_response_alg": "ES256"}
    return RelyingParty(app, *register(services, details=details))


def audience(tokens: dict[str, Any]) -> Any:
    return claims(tokens["access_token"])["aud"]


def authorize(party: RelyingParty, *resources: str) -> str:
    """Return a code for several resources, sent as repeated parameters."""
    query = [*party.request().items(), *(("resource", uri) for uri in resources)]
    page = party.follow(party.browser.get("/oauth2/authorize", query_string=query))
    if 'id="login-submit"' in page.text:
        page = party.sign_in(page)
    return response_parameters(party.allow(page) if 'id="consent-allow"' in page.text else page)["code"]


def test_one_resource_is_the_audience(party: RelyingParty) -> None:
    """2: the token's audience is restricted to the resource."""
    assert audience(party.tokens(resource=CALENDAR)) == CALENDAR


def test_several_resources_are_the_audience(party: RelyingParty) -> None:
    """2: multiple resource parameters MAY be used."""
    assert audience(party.redeem(authorize(party, CALENDAR, CONTACTS)).get_json()) == [CALENDAR, CONTACTS]


def test_token_request_can_narrow(party: RelyingParty) -> None:
    """2.2: a token request names one of the granted resources, and a refresh may name another."""
    tokens = party.redeem(authorize(party, CALENDAR, CONTACTS), resource=CONTACTS).get_json()
    assert audience(tokens) == CONTACTS
    tokens = party.refresh(tokens["refresh_token"], resource=CALENDAR).get_json()
    assert audience(tokens) == CALENDAR
    assert audience(party.refresh(tokens["refresh_token"]).get_json()) == [CALENDAR, CONTACTS]


def test_token_request_cannot_widen(party: RelyingParty) -> None:
    """2.2: a resource that was not granted is invalid_target. The code is not consumed."""
    code = party.code(resource=CALENDAR)
    assert_error(party.redeem(code, resource=CONTACTS), "invalid_target")
    assert party.redeem(code).status_code == 200


def test_refresh_cannot_widen(party: RelyingParty) -> None:
    """2.2: a resource that was not granted is invalid_target. The refresh token continues to work."""
    tokens = party.tokens(resource=CALENDAR)
    assert_error(party.refresh(tokens["refresh_token"], resource=CONTACTS), "invalid_target")
    assert party.refresh(tokens["refresh_token"]).status_code == 200


def test_token_request_alone_may_name_a_resource(party: RelyingParty) -> None:
    """2.2: a token request may name a resource even if the authorization request named none."""
    assert audience(party.redeem(party.code(), resource=CALENDAR).get_json()) == CALENDAR


def test_front_channel_token_is_restricted_too(
    app: Flask, services: Services, sample_users: dict[str, User]
) -> None:
    """2.1: the resource of the authorization request applies to the access token in its response."""
    details = {"resources": [CALENDAR], "access_token_signed_response_alg": "ES256"}
    rp = RelyingParty(app, *register(services, details=details, response_types=("id_token token",)))
    assert (
        audience(response_parameters(rp.authorized(response_type="id_token token", resource=CALENDAR)))
        == CALENDAR
    )


@table(
    "resource",
    [
        UNKNOWN,
        "calendar",
        "/path",
        "https://cal.example/#part",
        "https://cal.example",
        "https://cal.example/é",
    ],
)
def test_invalid_resource_is_invalid_target(party: RelyingParty, resource: str) -> None:
    """2: an unknown or relative resource, or one with a fragment, is invalid_target at both endpoints.

    Resources are compared as strings.
    """
    parameters = response_parameters(party.authorize(resource=resource))
    assert (parameters["error"], parameters["state"], parameters["iss"]) == (
        "invalid_target",
        "af0ifjsldkj",
        "http://localhost",
    )
    assert_error(party.redeem(party.code(), resource=resource), "invalid_target")


def test_token_for_another_audience_is_rejected_at_userinfo(party: RelyingParty) -> None:
    """5: the audience restriction prevents the use of a token elsewhere."""
    assert party.userinfo(party.tokens(resource=CALENDAR)["access_token"]).status_code == 401


def test_this_server_can_be_a_resource(party: RelyingParty) -> None:
    """RFC 9068, 3: userinfo is a resource too."""
    tokens = party.redeem(authorize(party, CALENDAR, "http://localhost/oidc/userinfo")).get_json()
    assert party.userinfo(tokens["access_token"]).status_code == 200


def test_client_credentials_grant_accepts_resource(app: Flask, services: Services) -> None:
    """2.2: resource works with every grant type."""
    alone: dict[str, Any] = {
        "grant_types": ("client_credentials",),
        "redirect_uris": (),
        "response_types": (),
    }
    details = {"resources": [CALENDAR], "access_token_signed_response_alg": "ES256"}
    party = RelyingParty(app, *register(services, details=details, **alone))
    assert audience(party.token(grant_type="client_credentials", resource=CALENDAR).get_json()) == CALENDAR
    assert_error(party.token(grant_type="client_credentials", resource=UNKNOWN), "invalid_target")


def test_other_parameters_may_not_be_repeated(party: RelyingParty) -> None:
    """RFC 6749, section 3.2: only resource may be repeated."""
    form = [("grant_type", "authorization_code"), ("code", "a"), ("code", "b"), ("code_verifier", VERIFIER)]
    body = "&".join(f"{name}={value}" for name, value in form)
    kind = "application/x-www-form-urlencoded"
    assert_error(
        party.browser.post("/oauth2/token", data=body, content_type=kind, headers=party.basic),
        "invalid_request",
    )


def test_removed_resource_is_rejected(party: RelyingParty, services: Services) -> None:
    """2: a resource that the client may not use is invalid_target, even if it was granted before (S14)."""
    tokens = party.redeem(authorize(party, CALENDAR, CONTACTS)).get_json()
    edit(services, party.key, details={"resources": [CALENDAR], "access_token_signed_response_alg": "ES256"})
    assert_error(party.refresh(tokens["refresh_token"]), "invalid_target")
    assert audience(party.refresh(tokens["refresh_token"], resource=CALENDAR).get_json()) == CALENDAR


@pytest.fixture
def device(app: Flask, services: Services, sample_users: dict[str, User]) -> Device:
    """A device of a client with two resources."""
    details = {"resources": [CALENDAR, CONTACTS], "access_token_signed_response_alg": "ES256"}
    alone: dict[str, Any] = {
        "redirect_uris": (),
        "response_types": (),
        "grant_types": (GRANT, "refresh_token"),
    }
    return Device(RelyingParty(app, *register(services, details=details, **alone)))


def test_device_request_accepts_resource(device: Device) -> None:
    """2, RFC 8628, 3.1: the resource of the device authorization request is the audience of the tokens."""
    device.start(resource=CALENDAR)
    assert audience(device.tokens()) == CALENDAR


def test_device_request_accepts_several_resources(device: Device) -> None:
    """2: multiple resource parameters MAY be used. A refresh keeps the resources."""
    device.start(resource=[CALENDAR, CONTACTS])
    tokens = device.tokens()
    assert audience(tokens) == [CALENDAR, CONTACTS]
    refreshed = device.rp.refresh(tokens["refresh_token"], resource=CONTACTS).get_json()
    assert audience(refreshed) == CONTACTS


def test_device_token_request_can_narrow(device: Device) -> None:
    """2.2: the token request names one of the granted resources."""
    device.start(resource=[CALENDAR, CONTACTS])
    device.approve()
    assert audience(device.poll(resource=CONTACTS).get_json()) == CONTACTS


def test_device_token_request_cannot_widen(device: Device) -> None:
    """2.2: a resource that was not granted is invalid_target. The device code is not consumed."""
    device.start(resource=CALENDAR)
    device.approve()
    assert_error(device.poll(resource=CONTACTS), "invalid_target")
    assert audience(device.poll().get_json()) == CALENDAR


def test_device_refresh_cannot_widen(device: Device) -> None:
    """2.2: the refresh token is bound to the granted resources."""
    device.start(resource=CALENDAR)
    assert_error(device.rp.refresh(device.tokens()["refresh_token"], resource=CONTACTS), "invalid_target")


def test_device_token_request_alone_may_name_a_resource(device: Device) -> None:
    """2.2: a token request may name a resource even if the device authorization request named none."""
    device.start()
    device.approve()
    assert audience(device.poll(resource=CALENDAR).get_json()) == CALENDAR


@pytest.mark.parametrize("resource", [UNKNOWN, "calendar", "https://cal.example/#part", [CALENDAR, UNKNOWN]])
def test_invalid_resource_of_a_device_is_invalid_target(device: Device, resource: Any) -> None:
    """2: the device authorization request is rejected, before the user enters a code."""
    assert_error(device.request_codes(resource=resource), "invalid_target")


def test_resource_in_the_query_is_rejected(rp: RelyingParty) -> None:
    """2, S11: a parameter in the wrong place is rejected and not ignored."""
    response = rp.app.test_client().post(
        "/oauth2/token?resource=https://api.example", data={"grant_type": "refresh_token"}, headers=rp.basic
    )
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")

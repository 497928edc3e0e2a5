"""RFC 8707: requests that name no resource, the parameter audience, and the scopes of resources."""

from typing import Any

import pytest
from flask import Flask

from authserver.context import SYSTEM
from authserver.domain import resources
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from authserver.settings import Settings
from tests.support.device import GRANT, Device
from tests.support.relying_party import (
    RelyingParty,
    assert_error,
    claims,
    edit,
    register,
    response_parameters,
)
from tests.support.sample_users import PASSWORD
from tests.support.table import table

CALENDAR, CONTACTS, OPEN = "https://cal.example/", "https://contacts.example/app", "https://open.example/"
ISSUER = "http://localhost"
DETAILS = {"resources": [CALENDAR, CONTACTS], "access_token_signed_response_alg": "ES256"}
ALONE: dict[str, Any] = {"redirect_uris": (), "response_types": ()}


def audience(tokens: dict[str, Any]) -> Any:
    return claims(tokens["access_token"])["aud"]


def define(services: Services, identifier: str, *scopes: str, is_open: bool = False) -> None:
    with services.database.transaction() as db:
        resources.add(db, SYSTEM, identifier=identifier, name="The API", scope_names=scopes, is_open=is_open)


@pytest.fixture
def party(app: Flask, services: Services, sample_users: dict[str, User]) -> RelyingParty:
    """A client with two resources and every grant type."""
    grants = ("authorization_code", "refresh_token", "client_credentials", "password", GRANT)
    types = ("code", "code id_token token", "id_token token")
    return RelyingParty(
        app, *register(services, details=DETAILS, grant_types=(*grants, "implicit"), response_types=types)
    )


def test_code_is_for_all_resources(party: RelyingParty) -> None:
    """2: without a resource, the server chooses. It chooses those of the registration, and itself for userinfo."""
    tokens = party.tokens()
    assert audience(tokens) == [CALENDAR, CONTACTS, ISSUER]
    assert party.userinfo(tokens["access_token"]).status_code == 200
    assert audience(party.refresh(tokens["refresh_token"]).get_json()) == [CALENDAR, CONTACTS, ISSUER]


@pytest.mark.parametrize("response_type", ["code id_token token", "id_token token"])
def test_token_in_the_browser_is_for_all_resources(party: RelyingParty, response_type: str) -> None:
    """2: the default also applies to tokens of the authorization endpoint."""
    values = response_parameters(party.authorized(response_type=response_type))
    assert audience(values) == [CALENDAR, CONTACTS, ISSUER]


def test_client_credentials_are_for_all_resources(party: RelyingParty) -> None:
    """2: without openid, the audience does not include this server."""
    assert audience(party.token(grant_type="client_credentials").get_json()) == [CALENDAR, CONTACTS]


def test_password_is_for_all_resources(party: RelyingParty) -> None:
    """2: the refresh token of the password grant is not bound to the resources of today."""
    form = {"grant_type": "password", "username": "alice", "password": PASSWORD, "scope": "profile"}
    assert audience(party.token(**form).get_json()) == [CALENDAR, CONTACTS]


def test_device_is_for_all_resources(party: RelyingParty) -> None:
    """2: the default also applies to devices."""
    device = Device(party)
    device.start()
    assert audience(device.tokens()) == [CALENDAR, CONTACTS, ISSUER]


def test_opaque_token_is_for_all_resources(
    app: Flask, services: Services, sample_users: dict[str, User]
) -> None:
    """RFC 7662, 2.2: the audience of an opaque token is the same."""
    party = RelyingParty(app, *register(services, details={"resources": [CALENDAR]}))
    token = party.tokens()["access_token"]
    response = party.browser.post("/oauth2/introspect", data={"token": token}, headers=party.basic)
    assert response.get_json()["aud"] == [CALENDAR, ISSUER]


def test_client_without_resources_has_the_audience_of_this_server(
    app: Flask, services: Services, sample_users: dict[str, User]
) -> None:
    """RFC 9068, 3: the default resource is this server. Open resources are not part of the default."""
    define(services, OPEN, is_open=True)
    details = {"access_token_signed_response_alg": "ES256"}
    party = RelyingParty(app, *register(services, details=details))
    assert audience(party.tokens()) == ISSUER
    assert audience(party.tokens(resource=OPEN)) == OPEN


def test_refresh_follows_the_registration(party: RelyingParty, services: Services) -> None:
    """2.2, S14: a grant that names no resource is for the resources that are registered at the time of the token."""
    tokens = party.tokens(scope="openid")
    edit(services, party.key, details=DETAILS | {"resources": [CALENDAR]})
    tokens = party.refresh(tokens["refresh_token"]).get_json()
    assert audience(tokens) == [CALENDAR, ISSUER]
    edit(services, party.key, details=DETAILS | {"resources": None})
    assert audience(party.refresh(tokens["refresh_token"]).get_json()) == ISSUER


def test_token_can_be_revoked_by_its_client(party: RelyingParty) -> None:
    """RFC 7009, 2.1: the audience does not matter for a revocation."""
    token = party.tokens()["access_token"]
    party.browser.post("/oauth2/revoke", data={"token": token}, headers=party.basic)
    assert party.userinfo(token).status_code == 401


def test_audience_is_a_synonym(party: RelyingParty) -> None:
    """2: some libraries send audience instead of resource, in every request that may name a resource."""
    assert audience(party.tokens(audience=CALENDAR)) == CALENDAR
    assert audience(party.redeem(party.code(), audience=CALENDAR).get_json()) == CALENDAR
    assert audience(party.token(grant_type="client_credentials", audience=CALENDAR).get_json()) == CALENDAR
    device = Device(party)
    device.start(audience=CALENDAR)
    assert audience(device.tokens()) == CALENDAR


def test_both_parameters_are_united(party: RelyingParty) -> None:
    """2: a resource that both parameters name counts once."""
    both = party.token(grant_type="client_credentials", resource=CALENDAR, audience=CONTACTS).get_json()
    assert sorted(audience(both)) == [CALENDAR, CONTACTS]
    same = party.token(grant_type="client_credentials", resource=CALENDAR, audience=CALENDAR).get_json()
    assert audience(same) == CALENDAR


@table("value", ["https://unknown.example/", "calendar", "https://cal.example/#part"])
def test_invalid_audience_is_invalid_target(party: RelyingParty, value: str) -> None:
    """2: the errors are the same for both parameters."""
    assert response_parameters(party.authorize(audience=value))["error"] == "invalid_target"
    assert_error(party.token(grant_type="client_credentials", audience=value), "invalid_target")
    assert_error(Device(party).request_codes(audience=value), "invalid_target")


def test_audience_in_the_query_is_rejected(party: RelyingParty) -> None:
    """S11: a parameter in the wrong place is rejected and not ignored."""
    response = party.browser.post(
        f"/oauth2/token?audience={CALENDAR}", data={"grant_type": "client_credentials"}, headers=party.basic
    )
    assert_error(response, "invalid_request")


@pytest.fixture
def robot(app: Flask, services: Services) -> RelyingParty:
    """A client that acts for itself and is registered for the calendar, which has the scope cal.read."""
    define(services, CALENDAR, "cal.read")
    define(services, CONTACTS, "contacts.read")
    register_as: dict[str, Any] = {"kind": "oauth2", "grant_types": ("client_credentials", GRANT), **ALONE}
    details = DETAILS | {"resources": [CALENDAR]}
    return RelyingParty(app, *register(services, details=details, scopes=("print",), **register_as))


def request_token(party: RelyingParty, scope: str, **more: Any) -> Any:
    return party.token(grant_type="client_credentials", scope=scope, **more)


def test_client_of_a_resource_may_request_its_scopes(robot: RelyingParty) -> None:
    """2.2: the scopes of a resource are available to the clients that are registered for the resource."""
    tokens = request_token(robot, "cal.read print").get_json()
    assert (tokens["scope"], audience(tokens)) == ("cal.read print", CALENDAR)
    assert_error(request_token(robot, "contacts.read"), "invalid_scope")


def test_scopes_of_a_resource_are_not_in_the_default(robot: RelyingParty) -> None:
    """RFC 6749, 3.3: the default is the registered scope of the client."""
    assert robot.token(grant_type="client_credentials").get_json()["scope"] == "print"


def test_scope_at_another_resource_is_rejected(robot: RelyingParty, services: Services) -> None:
    """2.2: a scope does not apply to a resource that it does not belong to."""
    edit(services, robot.key, details=DETAILS)
    assert_error(request_token(robot, "cal.read", resource=CONTACTS), "invalid_scope")
    assert request_token(robot, "cal.read", resource=CALENDAR).get_json()["scope"] == "cal.read"
    assert request_token(robot, "cal.read contacts.read").get_json()["scope"] == "cal.read contacts.read"
    assert_error(Device(robot).request_codes(scope="cal.read", resource=CONTACTS), "invalid_scope")


def test_authorization_request_needs_the_resource_of_its_scope(
    party: RelyingParty, services: Services
) -> None:
    """2.1: the error is returned to the client before the user consents."""
    define(services, CALENDAR, "cal.read")
    wrong = response_parameters(party.authorize(scope="openid cal.read", resource=CONTACTS))
    assert (wrong["error"], wrong["state"]) == ("invalid_scope", "af0ifjsldkj")
    assert party.tokens(scope="openid cal.read", resource=CALENDAR)["scope"] == "openid cal.read"


def test_token_request_narrows_the_scope(party: RelyingParty, services: Services) -> None:
    """2.2: the token for one of the granted resources has only the scopes of that resource."""
    define(services, CALENDAR, "cal.read")
    define(services, CONTACTS, "contacts.read")
    code = party.code(scope="openid cal.read contacts.read")
    tokens = party.redeem(code, resource=CALENDAR).get_json()
    assert (tokens["scope"], claims(tokens["access_token"])["scope"]) == (
        "openid cal.read",
        "openid cal.read",
    )
    refreshed = party.refresh(tokens["refresh_token"], resource=CONTACTS).get_json()
    assert refreshed["scope"] == "openid contacts.read"


def test_scope_that_the_refresh_names_is_not_dropped(party: RelyingParty, services: Services) -> None:
    """RFC 6749, 3.3: a scope that the request names is granted or rejected."""
    define(services, CALENDAR, "cal.read")
    token = party.tokens(scope="openid cal.read")["refresh_token"]
    assert_error(party.refresh(token, resource=CONTACTS, scope="cal.read"), "invalid_scope")
    assert party.refresh(token, scope="cal.read").get_json()["scope"] == "cal.read"


def test_token_without_any_scope_is_not_issued(party: RelyingParty, services: Services) -> None:
    """RFC 6749, 3.3: if no granted scope applies to the resource, the request fails and the code stays valid."""
    define(services, CALENDAR, "cal.read")
    code = party.code(scope="cal.read")
    assert_error(party.redeem(code, resource=CONTACTS), "invalid_scope")
    assert party.redeem(code).get_json()["scope"] == "cal.read"


def test_open_resource_must_be_named(app: Flask, services: Services) -> None:
    """2: every client may request an open resource with its scopes. The error says which resource to name."""
    define(services, OPEN, "open.read", is_open=True)
    party = RelyingParty(
        app,
        *register(services, kind="oauth2", grant_types=("client_credentials",), scopes=("print",), **ALONE),
    )
    assert request_token(party, "open.read", resource=OPEN).get_json()["scope"] == "open.read"
    assert_error(request_token(party, "open.read"), "invalid_scope")


def test_registered_scope_works_at_this_server(app: Flask, services: Services) -> None:
    """2.2: a client that is registered for the scope itself, and for no resource, keeps working as before."""
    party = RelyingParty(
        app,
        *register(
            services, kind="oauth2", grant_types=("client_credentials",), scopes=("cal.read",), **ALONE
        ),
    )
    define(services, CALENDAR, "cal.read")
    assert request_token(party, "cal.read").get_json()["scope"] == "cal.read"


def test_change_by_another_process_takes_effect_at_once(
    robot: RelyingParty, services: Services, settings: Settings
) -> None:
    """S2: a change of a resource applies from the next request on, on every node, to new and existing tokens."""
    from authserver.app import create_app

    other = create_app(settings).extensions["authserver"]
    token = request_token(robot, "cal.read").get_json()["access_token"]
    with other.database.transaction() as db:
        resources.remove(db, SYSTEM, resources.get(db, CALENDAR))
    assert_error(request_token(robot, "cal.read"), "invalid_scope")
    response = robot.browser.post("/oauth2/introspect", data={"token": token}, headers=robot.basic)
    assert response.get_json() == {"active": False}
    define(other, CALENDAR, "cal.read")
    assert request_token(robot, "cal.read").status_code == 200
    other.database.engine.dispose()


def test_consent_page_names_the_resource(party: RelyingParty, services: Services) -> None:
    """2.1: the user sees for which resources the client requests access."""
    define(services, CALENDAR)
    page = party.sign_in(party.authorize(resource=CALENDAR))
    assert "The API" in page.text
    device = Device(party)
    device.start(resource=CONTACTS)
    assert CONTACTS in device.enter().text

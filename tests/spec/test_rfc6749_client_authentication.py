"""RFC 6749, sections 2.3 and 3.2: client authentication and the form of token requests."""

import base64
from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from authserver.context import SYSTEM
from authserver.domain.clients import client_secrets, clients
from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, register

FORM = {"grant_type": "refresh_token", "refresh_token": "x"}


def basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def is_invalid_client(response: TestResponse) -> bool:
    challenge = response.headers.get("WWW-Authenticate", "")
    return (response.status_code, response.get_json()["error"]) == (
        401,
        "invalid_client",
    ) and challenge.startswith("Basic")


def is_accepted(response: TestResponse) -> bool:
    """Return whether the client was accepted, so that the only error is the unknown refresh token."""
    return response.get_json()["error"] == "invalid_grant"


def test_basic_is_accepted(rp: RelyingParty) -> None:
    """2.3.1: the server MUST support HTTP Basic."""
    assert is_accepted(rp.token(**FORM))


def test_basic_with_the_same_client_id_is_accepted(rp: RelyingParty) -> None:
    """Clients of the legacy server send both."""
    assert is_accepted(rp.token(**FORM, client_id=rp.key))


def test_basic_with_another_client_id_is_rejected(rp: RelyingParty, other_rp: RelyingParty) -> None:
    """S15: the request may name no other client than the authenticated one."""
    response = rp.token(**FORM, client_id=other_rp.key)
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")


def test_basic_is_form_decoded(app: Flask, services: Services, sample_users) -> None:
    """2.3.1 and appendix B: both parts are form-encoded before they are joined."""
    secret = "p%s+s wört:d=="
    key, _ = register(services)
    with services.database.transaction() as db:
        client = clients.get(db, key)
        client_secrets.add_entered(
            db, SYSTEM, services.vault, client, client_secrets.hash_entered_secret(services.passwords, secret)
        )
    assert is_accepted(RelyingParty(app, key, secret).token(**FORM))


def test_wrong_secret_is_rejected(rp: RelyingParty) -> None:
    """5.2: invalid_client, 401, with the scheme that the client used."""
    assert is_invalid_client(rp.token(basic(rp.key, "wrong"), **FORM))


def test_unknown_client_gets_the_same_response(rp: RelyingParty) -> None:
    """5.2: the response does not reveal whether the client exists."""
    unknown, wrong = rp.token(basic("nobody", "x"), **FORM), rp.token(basic(rp.key, "x"), **FORM)
    assert is_invalid_client(unknown)
    strip = [
        response.get_json()["error_description"].partition(" (reference")[0] for response in (unknown, wrong)
    ]
    assert strip[0] == strip[1]


@pytest.mark.parametrize(
    "value",
    [
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
        "Basic bm9jb2xvbg==",
        "Digest x",
    ],
)
def test_malformed_credentials_are_rejected(rp: RelyingParty, value: str) -> None:
    """5.2: malformed credentials are a failed authentication and never a server error."""
    assert is_invalid_client(rp.token({"Authorization": value}, **FORM))


def test_missing_credentials_are_rejected(rp: RelyingParty) -> None:
    """5.2: no client authentication included is invalid_client."""
    assert is_invalid_client(rp.token({}, **FORM))


def test_two_methods_are_rejected(rp: RelyingParty) -> None:
    """2.3: the client MUST NOT use more than one authentication method in each request."""
    response = rp.token(**FORM, client_secret=rp.secret)
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")


def by_secret(party: RelyingParty, method: str, path: str = "/oauth2/token", **form: str) -> TestResponse:
    """Send a form to an endpoint, with the secret in the header or in the body."""
    form = form or FORM
    if method == "client_secret_basic":
        return party.browser.post(path, data=form, headers=party.basic)
    return party.browser.post(path, data=form | {"client_id": party.key, "client_secret": party.secret})


SECRET_METHODS = ("client_secret_basic", "client_secret_post")
DEVICE = "/oauth2/device_authorization"


@pytest.mark.parametrize("method", SECRET_METHODS)
def test_secret_is_accepted_in_header_and_body_by_default(rp: RelyingParty, method: str) -> None:
    """2.3.1: a client MAY use Basic, and the server MAY support the credentials in the body: here, it supports both."""
    assert is_accepted(by_secret(rp, method))


@pytest.mark.parametrize("method", SECRET_METHODS)
@pytest.mark.parametrize("path", ["/oauth2/revoke", "/oauth2/introspect", DEVICE])
def test_every_endpoint_accepts_the_secret_in_header_and_body(
    app: Flask, services: Services, path: str, method: str
) -> None:
    """RFC 7009, 2.1; RFC 7662, 2.1; RFC 8628, 3.1: clients authenticate as at the token endpoint."""
    grants = ("authorization_code", "urn:ietf:params:oauth:grant-type:device_code")
    party = RelyingParty(app, *register(services, grant_types=grants))
    form = {"scope": "openid"} if path == DEVICE else {"token": "x"}
    assert by_secret(party, method, path, **form).status_code == 200


@pytest.mark.parametrize("method", SECRET_METHODS)
def test_wrong_secret_is_rejected_in_header_and_body(rp: RelyingParty, method: str) -> None:
    """5.2: a wrong secret is invalid_client, wherever it is sent."""
    assert is_invalid_client(by_secret(replace(rp, secret="wrong"), method))


@pytest.mark.parametrize("method", SECRET_METHODS)
@pytest.mark.parametrize("registered", [*SECRET_METHODS, "client_secret_jwt", "none"])
def test_only_the_registered_method_is_accepted(
    app: Flask, services: Services, registered: str, method: str
) -> None:
    """2.3: a client that is registered for one method uses this method only."""
    party = RelyingParty(app, *register(services, auth_method=registered))
    response = by_secret(replace(party, secret=party.secret or "none"), method)
    assert is_accepted(response) if registered == method else is_invalid_client(response)


def test_rejected_method_is_reported_with_the_accepted_ones(rp: RelyingParty) -> None:
    """5.2: error_description helps the developer: it names both methods that the client can use."""
    description = rp.token({}, **FORM, client_id=rp.key).get_json()["error_description"]
    assert "registered for client_secret_basic or client_secret_post" in description


def test_confidential_client_must_authenticate(rp: RelyingParty) -> None:
    """3.2.1: confidential clients MUST authenticate."""
    assert is_invalid_client(rp.token({}, **FORM, client_id=rp.key))


def test_public_client_sends_its_client_id(public_rp: RelyingParty) -> None:
    """3.2.1: a client that does not authenticate sends client_id."""
    assert is_accepted(public_rp.token({}, **FORM, client_id=public_rp.key))


def test_get_is_rejected(rp: RelyingParty) -> None:
    """3.2: the client MUST use POST."""
    response = rp.browser.get("/oauth2/token", query_string=FORM, headers=rp.basic)
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")
    assert response.get_json()["error"] == "invalid_request"


def test_json_is_rejected(rp: RelyingParty) -> None:
    """Appendix B: parameters are application/x-www-form-urlencoded."""
    response = rp.browser.post("/oauth2/token", json=FORM, headers=rp.basic)
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")


def test_parameters_in_the_query_are_rejected(rp: RelyingParty) -> None:
    """2.3.1: credentials MUST NOT be included in the request URI."""
    response = rp.browser.post("/oauth2/token?client_secret=x", data=FORM, headers=rp.basic)
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("path", ["/oauth2/revoke", "/oauth2/introspect", "/oauth2/device_authorization"])
@pytest.mark.parametrize("name", ["client_secret", "client_assertion"])
def test_credentials_in_the_query_are_rejected(rp: RelyingParty, path: str, name: str) -> None:
    """2.3.1: credentials MUST NOT be included in the request URI of any endpoint."""
    response = rp.browser.post(f"{path}?{name}=x", data={"token": "x"}, headers=rp.basic)
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")


def test_repeated_parameter_is_rejected(rp: RelyingParty) -> None:
    """3.2: parameters MUST NOT be included more than once."""
    response = rp.browser.post(
        "/oauth2/token", data={"grant_type": ["refresh_token", "authorization_code"]}, headers=rp.basic
    )
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")


def test_missing_grant_type_is_an_invalid_request(rp: RelyingParty) -> None:
    """5.2: a missing parameter is invalid_request."""
    assert rp.token(code="x").get_json()["error"] == "invalid_request"


def test_unknown_grant_type_is_unsupported(rp: RelyingParty) -> None:
    """5.2: unsupported_grant_type."""
    response = rp.token(grant_type="urb:ietf:params:oauth:grant-type:device_code")
    assert (response.status_code, response.get_json()["error"]) == (400, "unsupported_grant_type")


def test_unregistered_grant_type_is_unauthorized(app: Flask, services: Services, sample_users) -> None:
    """5.2: unauthorized_client."""
    rp = RelyingParty(app, *register(services, grant_types=("authorization_code",)))
    assert rp.token(**FORM).get_json()["error"] == "unauthorized_client"


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "body", [b"grant_type=%00", b"grant_type=%ff", b"\xff\xfe", b"a=%ED%A0%80", b"&".join([b"a=1"] * 500)]
)
def test_malformed_request_is_an_invalid_request(rp: RelyingParty, body: bytes) -> None:
    """S26: no input causes a 5xx, and both databases give the same result."""
    response = rp.browser.post(
        "/oauth2/token", data=body, content_type="application/x-www-form-urlencoded", headers=rp.basic
    )
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")


def test_large_body_is_rejected(rp: RelyingParty) -> None:
    """S28: the size of the body is limited, and the error has the format of the endpoint."""
    response = rp.token(grant_type="x" * 100_000)
    assert (response.status_code, response.get_json()["error"]) == (413, "invalid_request")


def test_removed_secret_stops_working(rp: RelyingParty, services: Services) -> None:
    """S3: a removed secret is rejected with the next request."""
    with services.database.transaction() as db:
        client = clients.get(db, rp.key)
        [row] = client_secrets.secrets_of_client(db, client)
        client_secrets.generate(db, SYSTEM, services.vault, client)
        client_secrets.remove(db, SYSTEM, client, row.id)
    assert is_invalid_client(rp.token(**FORM))

"""RFC 6750: bearer tokens at a protected resource. The tests use the userinfo endpoint."""

import time_machine
from flask import Flask

from authserver import clock
from authserver.context import SYSTEM
from authserver.domain.users import users
from authserver.protocol.services import Services
from tests.support.error_log import reference_of
from tests.support.relying_party import RelyingParty, disapprove, register

PATH = "/oidc/userinfo"


def test_header_is_accepted(rp: RelyingParty) -> None:
    """2.1: resource servers MUST support the Authorization header. The scheme is not case-sensitive."""
    token = rp.tokens()["access_token"]
    assert rp.browser.get(PATH, headers={"Authorization": f"bearer {token}"}).status_code == 200


def test_form_body_is_accepted(rp: RelyingParty) -> None:
    """2.2: a POST with a form can carry the token."""
    token = rp.tokens()["access_token"]
    assert rp.browser.post(PATH, data={"access_token": token}).status_code == 200


def test_query_is_rejected(rp: RelyingParty) -> None:
    """RFC 9700, 4.3.2: access tokens are not passed in the URI query."""
    response = rp.browser.get(PATH, query_string={"access_token": rp.tokens()["access_token"]})
    assert response.status_code == 400
    assert 'error="invalid_request"' in response.headers["WWW-Authenticate"]


def test_query_of_a_post_is_rejected(rp: RelyingParty) -> None:
    """RFC 9700, 4.3.2: a token in the query is rejected even if the request also has a valid header."""
    token = rp.tokens()["access_token"]
    header = {"Authorization": f"Bearer {token}"}
    for sent in ({}, {"headers": header}, {"data": {"access_token": token}}):
        response = rp.browser.post(f"{PATH}?access_token={token}", **sent)
        assert response.status_code == 400
        assert 'error="invalid_request"' in response.headers["WWW-Authenticate"]


def test_parameter_without_a_value_is_not_a_token(rp: RelyingParty) -> None:
    """RFC 6749, 3.1: a parameter without a value counts as omitted, so the header has the only token."""
    token = rp.tokens()["access_token"]
    header = {"Authorization": f"Bearer {token}"}
    assert rp.browser.get(f"{PATH}?access_token=", headers=header).status_code == 200
    assert rp.browser.post(PATH, data={"access_token": ""}, headers=header).status_code == 200
    assert rp.browser.post(PATH, data={"access_token": [token, ""]}).status_code == 200
    response = rp.browser.post(PATH, data={"access_token": ""})
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, 'Bearer realm="authserver"')


def test_two_methods_are_rejected(rp: RelyingParty) -> None:
    """2: clients MUST NOT use more than one method."""
    token = rp.tokens()["access_token"]
    response = rp.browser.post(
        PATH, data={"access_token": token}, headers={"Authorization": f"Bearer {token}"}
    )
    assert response.status_code == 400


def test_missing_token_returns_a_challenge_without_an_error(rp: RelyingParty) -> None:
    """3.1: without authentication information, the challenge contains no error code."""
    response = rp.browser.get(PATH)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="authserver"'


def test_invalid_token_returns_a_challenge(rp: RelyingParty) -> None:
    """3.1: invalid_token is 401."""
    for token in ("nonsense", "asa_1_" + "A" * 43, "asa_0_" + "A" * 43, "asa_zzzzzzzzzzzz_" + "A" * 43):
        response = rp.userinfo(token)
        assert response.status_code == 401
        assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


def test_expired_token_returns_a_challenge(rp: RelyingParty) -> None:
    """3.1: an expired token is invalid_token."""
    with time_machine.travel(clock.now(), tick=False) as traveler:
        token = rp.tokens()["access_token"]
        traveler.shift(15 * 60 + 1)
        assert rp.userinfo(token).status_code == 401


def test_token_without_the_scope_returns_403(rp: RelyingParty) -> None:
    """3.1: insufficient_scope is 403 and names the scope."""
    response = rp.userinfo(rp.tokens(scope="profile")["access_token"])
    assert response.status_code == 403
    assert 'error="insufficient_scope"' in response.headers["WWW-Authenticate"]
    assert 'scope="openid"' in response.headers["WWW-Authenticate"]


def test_scopes_are_compared_as_a_list(app: Flask, services: Services, sample_users: object) -> None:
    """RFC 6749, 3.3: scope is a list. A scope name that only contains openid is another scope."""
    rp = RelyingParty(app, *register(services, kind="oauth2", scopes=("openidx", "xopenid")))
    assert rp.userinfo(rp.tokens(scope="openidx xopenid", nonce=None)["access_token"]).status_code == 403


def test_token_of_a_disapproved_client_is_rejected(rp: RelyingParty, services: Services) -> None:
    """S3: disapproval takes effect on the next request."""
    token = rp.tokens()["access_token"]
    disapprove(services, rp.key)
    assert rp.userinfo(token).status_code == 401


def test_token_of_a_disabled_user_is_rejected(rp: RelyingParty, services: Services) -> None:
    """S3: disabling takes effect on the next request. Enabling the user again restores nothing."""
    token = rp.tokens()["access_token"]
    with services.database.transaction() as db:
        users.disable(db, SYSTEM, users.find(db, "alice"))
    assert rp.userinfo(token).status_code == 401
    with services.database.transaction() as db:
        users.enable(db, SYSTEM, users.find(db, "alice"))
    assert rp.userinfo(token).status_code == 401


def test_post_with_the_header_is_accepted(rp: RelyingParty) -> None:
    """2.1: the header works with any method. OpenID Connect Core, 5.3: GET and POST MUST be supported."""
    token = rp.tokens()["access_token"]
    response = rp.browser.post(PATH, headers={"Authorization": f"Bearer {token}"})
    assert (response.status_code, response.get_json()["name"]) == (200, "Alice Adams")


def test_body_of_a_get_is_ignored(rp: RelyingParty) -> None:
    """2.2: the GET method MUST NOT be used with a token in the body."""
    token = rp.tokens()["access_token"]
    assert rp.browser.get(PATH, data={"access_token": token}).status_code == 401


def test_body_must_be_a_form(rp: RelyingParty) -> None:
    """2.2: single-part, with Content-Type application/x-www-form-urlencoded."""
    token = rp.tokens()["access_token"]
    parts = {"data": {"access_token": token}, "content_type": "multipart/form-data"}
    for sent in (parts, {"json": {"access_token": token}}):
        assert rp.browser.post(PATH, **sent).status_code == 401


def test_error_contains_its_reference(rp: RelyingParty) -> None:
    """3: error_description is for developers. It ends with the reference for Diagnostics."""
    lacking = rp.tokens(scope="profile")["access_token"]
    responses = [rp.userinfo("nonsense"), rp.userinfo(lacking), rp.browser.delete(PATH)]
    assert len({reference_of(response) for response in responses}) == 3
    assert all(f'(reference {reference_of(one)})"' in one.headers["WWW-Authenticate"] for one in responses)


def test_repeated_token_is_rejected(rp: RelyingParty) -> None:
    """3.1: a repeated parameter is invalid_request with status 400."""
    response = rp.browser.post(PATH, data={"access_token": [rp.tokens()["access_token"], "x"]})
    assert response.status_code == 400
    assert 'error="invalid_request"' in response.headers["WWW-Authenticate"]


def test_challenge_contains_each_attribute_once(rp: RelyingParty) -> None:
    """3: realm, scope and error MUST NOT appear more than once. Their characters fit between quotes."""
    for token in ("nonsense", 'a"b\\c', rp.tokens(scope="profile")["access_token"]):
        challenge = rp.userinfo(token).headers["WWW-Authenticate"]
        for name in ("realm", "scope", "error", "error_description"):
            assert challenge.count(f' {name}="') <= 1, challenge
        assert challenge.count('"') % 2 == 0
        assert "\\" not in challenge


def test_another_scheme_is_not_a_token(rp: RelyingParty) -> None:
    """3.1: a request without a bearer token gets no error code."""
    response = rp.browser.get(PATH, headers=rp.basic)
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, 'Bearer realm="authserver"')


def test_responses_are_not_cached(rp: RelyingParty) -> None:
    """5.3: caches must not store responses that are meant for one bearer. This includes errors."""
    for token in (rp.tokens()["access_token"], "nonsense"):
        assert "no-store" in rp.userinfo(token).headers["Cache-Control"]


def test_two_headers_are_rejected(rp: RelyingParty) -> None:
    """3.1: more than one method is invalid_request. Web servers join repeated header fields with a comma."""
    token = rp.tokens()["access_token"]
    header = {"Authorization": f"Bearer {token},Bearer {token}"}
    response = rp.app.test_client().get("/oidc/userinfo", headers=header)
    assert response.status_code == 400
    assert 'error="invalid_request"' in response.headers["WWW-Authenticate"]


def test_malformed_request_returns_a_challenge(rp: RelyingParty) -> None:
    """3: every error has a WWW-Authenticate header, even for a malformed body."""
    header = {"Authorization": f"Bearer {rp.tokens()['access_token']}"}
    form = "application/x-www-form-urlencoded"
    response = rp.app.test_client().post("/oidc/userinfo", data=b"a=\xff", content_type=form, headers=header)
    assert response.status_code == 400
    assert 'error="invalid_request"' in response.headers["WWW-Authenticate"]


def test_head_works_like_get(rp: RelyingParty) -> None:
    """RFC 9110, 9.1: a general-purpose server MUST support GET and HEAD."""
    header = {"Authorization": f"Bearer {rp.tokens()['access_token']}"}
    response = rp.app.test_client().head("/oidc/userinfo", headers=header)
    assert (response.status_code, response.data) == (200, b"")

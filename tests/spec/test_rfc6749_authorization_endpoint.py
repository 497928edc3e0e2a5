"""RFC 6749, sections 3.1 and 4.1: how the authorization endpoint reads requests and where it returns responses."""

from urllib.parse import urlencode, urlsplit

import pytest
from flask import Flask
from sqlalchemy import select

from authserver.domain.authorizations.authorization_requests import StoredAuthorizationRequest
from authserver.domain.diagnostics.error_log import RecordedError
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, register, response_parameters
from tests.support.table import table

FORM = "application/x-www-form-urlencoded"
ODD_URIS = [
    "com.example.app:///cb",
    "https://rp.example/cb?a=+&b=;&c=[x]",
    "https://RP.Example.org/cb",
    "https://rp.example/cb?",
    "https://rp.example/a%2fb//c",
]


@pytest.mark.parametrize("uri", ODD_URIS)
@pytest.mark.parametrize("mode", ["query", "fragment"])
def test_response_uses_the_registered_uri_unchanged(
    app: Flask, services: Services, sample_users: dict[str, User], uri: str, mode: str
) -> None:
    """4.1.2, S8: the server redirects to the URI as registered, without normalization."""
    party = RelyingParty(app, *register(services, redirect_uris=(uri,)), redirect_uri=uri)
    response = party.authorized(response_mode=mode)
    location = response.headers["Location"]
    mark = "#" if mode == "fragment" else "&" if "?" in uri else "?"
    assert location.startswith(f"{uri}{mark}" if not uri.endswith("?") or mode == "fragment" else uri)


@pytest.mark.parametrize("sent", ["https%3A%2F%2Frp.example%2Fcb", "https://rp.example%2Fcb"])
def test_doubly_encoded_redirect_uri_is_explained(rp: RelyingParty, services: Services, sent: str) -> None:
    """3.1.2.4: the user is informed of the error, and not redirected. The page names the cause."""
    page = rp.authorize(redirect_uri=sent)
    assert (page.status_code, "Location" in page.headers) == (400, False)
    assert "percent-encoded twice" in page.text
    with services.database.transaction(write=False) as db:
        assert db.scalars(select(RecordedError)).one().cause == "redirect-uri-encoded-twice"


def test_scheme_without_a_dot_works_after_an_administrator_allowed_it(
    app: Flask, services: Services, sample_users: dict[str, User]
) -> None:
    """RFC 8252, 7.1: the response is sent to the registered private-use URI."""
    uri = "cursor://anysphere.cursor-mcp/oauth/callback"
    party = RelyingParty(app, *register(services, redirect_uris=(uri,), auth_method="none"), redirect_uri=uri)
    assert party.authorized().location.startswith(f"{uri}?code=")


@table(
    "sent",
    [
        "https://rp.example/cb",
        "https://rp.example/cb?",
        "https://rp.example/cb?b=2&a=1",
        "https://rp.example/cb?a=1",
        "https://rp.example/cb?a=1&b=2&c=3",
        "https://rp.example/cb?a=1&b=%32",
        "https://rp.example/cb?a=1;b=2",
        "https://rp.example/cb?a=1&b=2#",
    ],
)
def test_redirect_uri_is_compared_with_its_query(
    app: Flask, services: Services, sample_users: dict[str, User], sent: str
) -> None:
    """3.1.2.3, RFC 9700, 2.1: exact string matching, including the query."""
    uri = "https://rp.example/cb?a=1&b=2"
    party = RelyingParty(app, *register(services, redirect_uris=(uri,)), redirect_uri=uri)
    page = party.authorize(redirect_uri=sent)
    assert (page.status_code, "Location" in page.headers) == (400, False)
    assert "redirect_uri" in page.text
    assert party.authorized().location.startswith(f"{uri}&code=")


@table("response_type", ["magic", "none", "CODE", "code code", "token magic", None])
@table("response_mode", [None, "query"])
def test_invalid_response_type_returns_an_error_in_the_query(
    rp: RelyingParty, response_type: str | None, response_mode: str | None
) -> None:
    """3.1.1, 4.1.2.1: a missing or unknown response type MUST return an error, in the query."""
    page = rp.authorize(response_type=response_type, response_mode=response_mode)
    expected = "unsupported_response_type" if response_type else "invalid_request"
    assert response_parameters(page)["error"] == expected
    assert not urlsplit(page.location).fragment


@pytest.mark.parametrize("response_mode", ["fragment", "form_post"])
def test_error_uses_the_requested_response_mode(rp: RelyingParty, response_mode: str) -> None:
    """Multiple Response Types, 2.1: response_mode selects how the response is returned."""
    page = rp.authorize(response_type="magic", response_mode=response_mode)
    assert response_parameters(page)["error"] == "unsupported_response_type"
    assert (page.status_code == 200) == (response_mode == "form_post")
    assert not urlsplit(page.location or "").query


@table("name", ["request", "request_uri"])
@table("missing", ["response_type", "scope", "code_challenge", None])
def test_request_object_is_rejected_as_not_supported(
    rp: RelyingParty, name: str, missing: str | None
) -> None:
    """OpenID Connect Core, 3.1.2.6, 6.1: parameters inside the object are not reported as missing."""
    left_out = {} if missing is None else {missing: None}
    response = response_parameters(rp.authorize(**left_out, **{name: "https://rp.example/object"}))
    assert response["error"] == f"{name}_not_supported"


def test_redirect_uri_without_a_value_counts_as_omitted(
    app: Flask, services: Services, sample_users: dict[str, User]
) -> None:
    """3.1: parameters sent without a value MUST be treated as if they were omitted."""
    party = RelyingParty(app, *register(services, kind="oauth2"))
    code = party.code(redirect_uri="", scope="profile")
    # 4.1.3: the token request does not need it either.
    assert party.redeem(code, redirect_uri=None).status_code == 200


def test_required_redirect_uri_without_a_value_is_missing(rp: RelyingParty) -> None:
    """3.1, OpenID Connect Core, 3.1.2.1: redirect_uri is REQUIRED."""
    page = rp.authorize(redirect_uri="")
    assert (page.status_code, "redirect_uri is missing" in page.text) == (400, True)


@table(
    "name",
    [
        "max_age",
        "response_mode",
        "scope",
        "claims",
        "prompt",
        "id_token_hint",
        "nonce",
        "request",
        "resource",
    ],
)
def test_parameter_without_a_value_counts_as_omitted(rp: RelyingParty, name: str) -> None:
    """3.1: parameters sent without a value MUST be treated as if they were omitted."""
    page = rp.authorized(**{name: ""})
    assert "code" in response_parameters(page)
    assert urlsplit(page.location).query


def test_state_without_a_value_is_not_returned(rp: RelyingParty) -> None:
    """3.1, 4.1.2: state is returned if it was present in the request. Without a value it counts as omitted."""
    assert "state" not in response_parameters(rp.authorized(state=""))


def test_challenge_without_a_value_counts_as_missing(public_rp: RelyingParty) -> None:
    """3.1, RFC 7636, 4.4.1: if a challenge is required, the request fails."""
    response = response_parameters(public_rp.authorize(code_challenge="", code_challenge_method=""))
    assert response["error"] == "invalid_request"
    assert "must use PKCE" in response["error_description"]


def test_challenge_without_a_value_does_not_bind_the_code(
    app: Flask, services: Services, sample_users: dict[str, User]
) -> None:
    """3.1: if no challenge is required, the code is redeemed without a verifier."""
    party = RelyingParty(app, *register(services, is_pkce_required=False))
    code = party.code(code_challenge="", code_challenge_method="")
    assert party.redeem(code, code_verifier=None).status_code == 200


def test_response_type_without_a_value_is_missing(rp: RelyingParty) -> None:
    """3.1.1: response_type is REQUIRED."""
    assert response_parameters(rp.authorize(response_type=""))["error"] == "invalid_request"


@pytest.mark.both_databases
@pytest.mark.parametrize("body", [b"state=%FF", b"state=%ED%A0%80", b"state=\xff", b"state=%00"])
def test_invalid_state_is_rejected_with_post_too(rp: RelyingParty, body: bytes) -> None:
    """3.1: state is returned exactly or the request is rejected. POST is parsed as strictly as GET."""
    request = urlencode(rp.request(state=None)).encode() + b"&" + body
    response = rp.browser.post("/oauth2/authorize", data=request, content_type=FORM)
    assert response.status_code == 400
    assert "invalid_request" in response.text


def test_post_has_the_same_parameter_limit(rp: RelyingParty) -> None:
    """S28: the number of parameters is limited."""
    request = urlencode([*rp.request().items(), *((f"x{number}", "") for number in range(200))])
    assert rp.browser.post("/oauth2/authorize", data=request, content_type=FORM).status_code == 400


def test_post_must_be_a_form(rp: RelyingParty) -> None:
    """OpenID Connect Core, 3.1.2.1: with POST, the parameters are serialized as a form."""
    response = rp.browser.post("/oauth2/authorize", data=rp.request(), content_type="multipart/form-data")
    assert response.status_code == 400


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_repeated_client_or_uri_prevents_the_redirect(rp: RelyingParty, name: str) -> None:
    """3.1, S9: there is no redirect while the redirect URI is not certain."""
    request = [("foo", "1"), ("foo", "2"), *rp.request().items(), (name, rp.request()[name])]
    response = rp.browser.get("/oauth2/authorize", query_string=urlencode(request))
    assert response.status_code == 400


def test_repeated_state_is_not_returned(rp: RelyingParty) -> None:
    """3.1: the server does not choose between the values."""
    request = [("foo", "1"), ("foo", "2"), *rp.request().items(), ("state", "second")]
    response = rp.browser.get("/oauth2/authorize", query_string=urlencode(request))
    assert response_parameters(response)["error"] == "invalid_request"
    assert "state" not in response_parameters(response)


def test_id_token_hint_is_not_stored(rp: RelyingParty, services: Services) -> None:
    """I7: a hint can end a session. The server keeps only its subject during the sign-in."""
    hint = rp.tokens()["id_token"]
    page = rp.authorize(id_token_hint=hint, prompt="login")
    with services.database.transaction(write=False) as db:
        stored = [str(row.parameters) for row in db.query(StoredAuthorizationRequest)]
    assert stored
    assert not any(hint in text for text in stored)
    assert 'id="login-submit"' in page.text


def test_hint_applies_after_the_sign_in(rp: RelyingParty) -> None:
    """OpenID Connect Core, 3.1.2.2: tokens are issued for the user in the hint or not at all."""
    hint = rp.tokens()["id_token"]
    rp.browser = rp.app.test_client()
    page = rp.sign_in(rp.authorize(id_token_hint=hint), "bob")
    assert response_parameters(page)["error"] == "login_required"


def test_very_large_max_age_is_accepted(rp: RelyingParty) -> None:
    """OpenID Connect Core, 3.1.2.1: a number of seconds, however large."""
    rp.tokens()
    assert "code" in response_parameters(rp.authorize(max_age="9" * 30, prompt="none"))

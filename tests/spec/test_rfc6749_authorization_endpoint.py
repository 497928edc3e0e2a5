"""RFC 6749, sections 3.1 and 4.1: what the authorization endpoint reads and where it answers, to the letter."""

from urllib.parse import urlencode, urlsplit

import pytest
from flask import Flask

from authserver.domain.authorizations.authorization_requests import StoredAuthorizationRequest
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty, answered, register
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
def test_the_answer_goes_to_the_registered_uri_to_the_letter(
    app: Flask, services: Services, people: dict[str, User], uri: str, mode: str
) -> None:
    """4.1.2, S8: the address is the one that was registered, not a tidier one."""
    party = RelyingParty(app, *register(services, redirect_uris=(uri,)), redirect_uri=uri)
    answer = party.authorized(response_mode=mode)
    location = answer.headers["Location"]
    mark = "#" if mode == "fragment" else "&" if "?" in uri else "?"
    assert location.startswith(f"{uri}{mark}" if not uri.endswith("?") or mode == "fragment" else uri)


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
def test_the_query_of_a_redirect_uri_is_part_of_it(
    app: Flask, services: Services, people: dict[str, User], sent: str
) -> None:
    """3.1.2.3, RFC 9700, 2.1: exact string matching, of the query too."""
    uri = "https://rp.example/cb?a=1&b=2"
    party = RelyingParty(app, *register(services, redirect_uris=(uri,)), redirect_uri=uri)
    page = party.authorize(redirect_uri=sent)
    assert (page.status_code, "Location" in page.headers) == (400, False)
    assert "redirect_uri" in page.text
    assert party.authorized().location.startswith(f"{uri}&code=")


@table("response_type", ["magic", "none", "CODE", "code code", "token magic", None])
@table("response_mode", [None, "query"])
def test_what_is_no_response_type_is_answered_in_the_query(
    rp: RelyingParty, response_type: str | None, response_mode: str | None
) -> None:
    """3.1.1, 4.1.2.1: a type that is missing or not understood MUST be answered with an error, in the query."""
    page = rp.authorize(response_type=response_type, response_mode=response_mode)
    expected = "unsupported_response_type" if response_type else "invalid_request"
    assert answered(page)["error"] == expected
    assert not urlsplit(page.location).fragment


@pytest.mark.parametrize("response_mode", ["fragment", "form_post"])
def test_it_is_answered_where_it_was_asked_to(rp: RelyingParty, response_mode: str) -> None:
    """Multiple Response Types, 2.1: response_mode tells how the answer comes back."""
    page = rp.authorize(response_type="magic", response_mode=response_mode)
    assert answered(page)["error"] == "unsupported_response_type"
    assert (page.status_code == 200) == (response_mode == "form_post")
    assert not urlsplit(page.location or "").query


@table("name", ["request", "request_uri"])
@table("missing", ["response_type", "scope", "code_challenge", None])
def test_a_request_object_is_refused_as_such(rp: RelyingParty, name: str, missing: str | None) -> None:
    """OpenID Connect Core, 3.1.2.6, 6.1: what is missed because it is in the object is not what is wrong."""
    left_out = {} if missing is None else {missing: None}
    answer = answered(rp.authorize(**left_out, **{name: "https://rp.example/object"}))
    assert answer["error"] == f"{name}_not_supported"


def test_a_redirect_uri_without_a_value_is_omitted(
    app: Flask, services: Services, people: dict[str, User]
) -> None:
    """3.1: parameters sent without a value MUST be treated as if they were omitted."""
    party = RelyingParty(app, *register(services, kind="oauth2"))
    code = party.code(redirect_uri="", scope="profile")
    # 4.1.3: so it is not compared at the token endpoint either.
    assert party.redeem(code, redirect_uri=None).status_code == 200


def test_a_missing_redirect_uri_is_missing_without_a_value_too(rp: RelyingParty) -> None:
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
def test_what_has_no_value_is_omitted(rp: RelyingParty, name: str) -> None:
    """3.1: parameters sent without a value MUST be treated as if they were omitted."""
    page = rp.authorized(**{name: ""})
    assert "code" in answered(page)
    assert urlsplit(page.location).query


def test_a_state_without_a_value_does_not_come_back(rp: RelyingParty) -> None:
    """3.1, 4.1.2: state is there if it was present in the request, and without a value it is not."""
    assert "state" not in answered(rp.authorized(state=""))


def test_a_challenge_without_a_value_is_none(rp: RelyingParty) -> None:
    """3.1, RFC 7636, 4.4.1: where a challenge is required it is missing."""
    answer = answered(rp.authorize(code_challenge="", code_challenge_method=""))
    assert answer["error"] == "invalid_request"
    assert "must use PKCE" in answer["error_description"]


def test_a_challenge_without_a_value_binds_nothing(
    app: Flask, services: Services, people: dict[str, User]
) -> None:
    """3.1: where it can be left out, the code is redeemed without a verifier."""
    party = RelyingParty(app, *register(services, is_pkce_required=False))
    code = party.code(code_challenge="", code_challenge_method="")
    assert party.redeem(code, code_verifier=None).status_code == 200


def test_a_response_type_without_a_value_is_missing(rp: RelyingParty) -> None:
    """3.1.1: response_type is REQUIRED."""
    assert answered(rp.authorize(response_type=""))["error"] == "invalid_request"


@pytest.mark.both_databases
@pytest.mark.parametrize("body", [b"state=%FF", b"state=%ED%A0%80", b"state=\xff", b"state=%00"])
def test_what_cannot_be_echoed_is_refused_by_post_too(rp: RelyingParty, body: bytes) -> None:
    """3.1: state comes back exactly, or the request is refused; POST is read as strictly as GET."""
    request = urlencode(rp.request(state=None)).encode() + b"&" + body
    answer = rp.browser.post("/oauth2/authorize", data=request, content_type=FORM)
    assert answer.status_code == 400
    assert "invalid_request" in answer.text


def test_a_post_has_as_many_parameters_as_a_get(rp: RelyingParty) -> None:
    """S28: lists are bounded."""
    request = urlencode([*rp.request().items(), *((f"x{number}", "") for number in range(200))])
    assert rp.browser.post("/oauth2/authorize", data=request, content_type=FORM).status_code == 400


def test_a_post_is_a_plain_form(rp: RelyingParty) -> None:
    """OpenID Connect Core, 3.1.2.1: by POST the parameters are serialized as a form."""
    answer = rp.browser.post("/oauth2/authorize", data=rp.request(), content_type="multipart/form-data")
    assert answer.status_code == 400


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_a_repeated_name_is_not_hidden_by_another(rp: RelyingParty, name: str) -> None:
    """3.1, S9: as long as it is not clear where to, nothing is redirected."""
    request = [("foo", "1"), ("foo", "2"), *rp.request().items(), (name, rp.request()[name])]
    answer = rp.browser.get("/oauth2/authorize", query_string=urlencode(request))
    assert answer.status_code == 400


def test_a_repeated_state_is_not_hidden_by_another(rp: RelyingParty) -> None:
    """3.1: which state counts is not guessed."""
    request = [("foo", "1"), ("foo", "2"), *rp.request().items(), ("state", "second")]
    answer = rp.browser.get("/oauth2/authorize", query_string=urlencode(request))
    assert answered(answer)["error"] == "invalid_request"
    assert "state" not in answered(answer)


def test_an_id_token_is_not_stored(rp: RelyingParty, services: Services) -> None:
    """I7: a hint can end a session; of it only the person's identifier is kept while somebody signs in."""
    hint = rp.tokens()["id_token"]
    page = rp.authorize(id_token_hint=hint, prompt="login")
    with services.database.transaction(write=False) as db:
        kept = [str(row.parameters) for row in db.query(StoredAuthorizationRequest)]
    assert kept
    assert not any(hint in text for text in kept)
    assert 'id="login-submit"' in page.text


def test_the_hint_counts_after_the_sign_in(rp: RelyingParty) -> None:
    """OpenID Connect Core, 3.1.2.2: tokens are for the user whom the hint names, or for nobody."""
    hint = rp.tokens()["id_token"]
    rp.browser = rp.app.test_client()
    page = rp.sign_in(rp.authorize(id_token_hint=hint), "bob")
    assert answered(page)["error"] == "login_required"


def test_max_age_of_many_digits_is_no_limit(rp: RelyingParty) -> None:
    """OpenID Connect Core, 3.1.2.1: a number of seconds, however large."""
    rp.tokens()
    assert "code" in answered(rp.authorize(max_age="9" * 30, prompt="none"))

"""OpenID Connect RP-Initiated Logout 1.0."""

import base64
import json
import random
import re
from urllib.parse import unquote

import pytest

from authserver.context import SYSTEM
from authserver.domain import error_search
from authserver.domain.keys import signing_keys
from authserver.protocol import issued_jwts
from authserver.protocol.services import Services
from tests.support import forms
from tests.support.logout import end_session, is_signed_in, party
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import RelyingParty, claims, disapprove, response_parameters
from tests.support.sample_users import PASSWORD

RETURN = "https://rp.example/signed-out?from=op"
STATE = "a b&c=d/é+%20"


@pytest.fixture
def app_rp(rp: RelyingParty, services: Services) -> RelyingParty:
    """An application with a post-logout redirect URI."""
    return party(rp, services, post_logout_redirect_uris=[RETURN])


def test_hint_signs_out_and_redirects(app_rp: RelyingParty) -> None:
    """2 and 3: the browser is redirected to the registered post_logout_redirect_uri."""
    hint = app_rp.tokens()["id_token"]
    response = end_session(app_rp, id_token_hint=hint, post_logout_redirect_uri=RETURN)
    assert (response.status_code, response.location) == (303, RETURN)
    assert not is_signed_in(app_rp)


def test_state_is_returned_unchanged(app_rp: RelyingParty) -> None:
    """3: if state was included, the OP MUST pass it back unchanged."""
    hint = app_rp.tokens()["id_token"]
    response = end_session(app_rp, id_token_hint=hint, post_logout_redirect_uri=RETURN, state=STATE)
    assert response.location.startswith(f"{RETURN}&state=")
    assert response_parameters(response)["state"] == STATE


def test_post_works_like_get(app_rp: RelyingParty) -> None:
    """2: the OP MUST support GET and POST. A cross-site form has no cookies, so the server redirects to itself."""
    form = {"id_token_hint": app_rp.tokens()["id_token"], "post_logout_redirect_uri": RETURN, "state": STATE}
    without_cookies = app_rp.app.test_client()
    sent_on = without_cookies.post("/oidc/end_session", data=form)
    assert sent_on.status_code == 303
    response = app_rp.browser.get(sent_on.location)
    assert response.location.startswith(f"{RETURN}&state=")
    assert not is_signed_in(app_rp)


def test_expired_hint_is_accepted(
    app_rp: RelyingParty, services: Services, moving_clock: MovingClock
) -> None:
    """2: the OP SHOULD accept ID tokens whose exp time has passed."""
    hint = app_rp.tokens()["id_token"]
    moving_clock.advance(services.settings.id_token_lifetime, seconds=1)
    assert end_session(app_rp, id_token_hint=hint, post_logout_redirect_uri=RETURN).location == RETURN


def test_hint_signed_by_a_retired_key_is_accepted(
    app_rp: RelyingParty, services: Services, moving_clock: MovingClock
) -> None:
    """2: the OP SHOULD accept a hint while the session lasts, even if the key that signed it is no longer published."""
    fields = {"username": "alice", "password": PASSWORD, "remember": "1"}
    forms.submit(app_rp.browser, app_rp.browser.get("/sign-in"), "login-submit", **fields)
    hint = app_rp.tokens()["id_token"]
    with services.database.transaction() as db:
        signing_keys.rotate(db, SYSTEM, services.vault, is_urgent=True)
    moving_clock.advance(services.settings.remembered_session_lifetime, seconds=-60)
    assert app_rp.browser.get("/jwks.json").status_code == 200
    assert end_session(app_rp, id_token_hint=hint, post_logout_redirect_uri=RETURN).location == RETURN


def test_prompt_none_fails_after_sign_out(app_rp: RelyingParty) -> None:
    """The session is over for every application."""
    end_session(app_rp, id_token_hint=app_rp.tokens()["id_token"])
    assert response_parameters(app_rp.authorize(prompt="none"))["error"] == "login_required"


def test_tokens_of_the_session_stop_working(app_rp: RelyingParty) -> None:
    """S3: logout takes effect on the next request."""
    tokens = app_rp.tokens()
    end_session(app_rp, id_token_hint=tokens["id_token"])
    assert app_rp.userinfo(tokens["access_token"]).status_code == 401


def test_confirmation_is_required_without_a_hint(app_rp: RelyingParty) -> None:
    """6: the OP should ask, because any site can send the browser here."""
    app_rp.tokens()
    page = end_session(app_rp, client_id=app_rp.key)
    assert page.status_code == 200
    assert "The Party" in page.text
    assert is_signed_in(app_rp)
    result = app_rp.follow(forms.submit(app_rp.browser, page, "logout-confirm"))
    assert "You are signed out" in result.text
    assert not is_signed_in(app_rp)


def test_no_redirect_without_a_hint(app_rp: RelyingParty) -> None:
    """3: without other means of confirming the legitimacy, the OP MUST NOT perform the redirection."""
    app_rp.tokens()
    page = end_session(app_rp, client_id=app_rp.key, post_logout_redirect_uri=RETURN)
    result = app_rp.follow(forms.submit(app_rp.browser, page, "logout-confirm"))
    assert result.status_code == 200
    assert f'href="{RETURN}"' in result.text  # The page offers a registered URI as a link.


def test_confirmation_requires_the_csrf_token(app_rp: RelyingParty) -> None:
    """S21: logout is protected against requests from other sites."""
    app_rp.tokens()
    assert app_rp.browser.post("/sign-out", data={}).status_code == 400
    assert is_signed_in(app_rp)


@pytest.mark.parametrize(
    "uri",
    [
        "https://rp.example/signed-out",
        RETURN + "/",
        RETURN + "&x=1",
        "https://evil.example/",
        "javascript:1",
        "https%3A%2F%2Frp.example%2Fsigned-out",
    ],
)
def test_no_redirect_to_an_unregistered_uri(app_rp: RelyingParty, uri: str) -> None:
    """3: the value MUST exactly match a registered one. The user is signed out anyway."""
    hint = app_rp.tokens()["id_token"]
    response = end_session(app_rp, id_token_hint=hint, post_logout_redirect_uri=uri)
    assert response.location == "/sign-out"
    page = app_rp.follow(response).text
    assert "not registered" in page
    assert uri not in page
    assert not is_signed_in(app_rp)


@pytest.mark.parametrize(
    ("sent", "expected", "cause"),
    [
        ({}, "did not identify itself", "post-logout-client-missing"),
        ({"client_id": "nobody"}, "is not registered for the application", "client-unknown"),
    ],
)
def test_no_redirect_without_a_known_client(
    app_rp: RelyingParty, services: Services, sent: dict[str, str], expected: str, cause: str
) -> None:
    """3: id_token_hint or client_id selects the client whose URIs count. The page explains why there is no redirect."""
    app_rp.tokens()
    page = end_session(app_rp, post_logout_redirect_uri=RETURN, **sent)
    result = app_rp.follow(forms.submit(app_rp.browser, page, "logout-confirm")).text
    assert expected in result
    assert RETURN not in result
    with services.database.transaction(write=False) as db:
        (row,) = error_search.page_of_errors(db, error_search.ErrorFilter())[0]
    assert (row.cause, row.endpoint) == (cause, "/oidc/end_session")
    assert row.received
    assert row.expected


def test_no_redirect_to_a_uri_of_another_client(app_rp: RelyingParty, services: Services) -> None:
    """3: only the registered URIs of the hint's client count."""
    other = party(app_rp, services, "The Other")
    hint = other.tokens()["id_token"]
    assert end_session(other, id_token_hint=hint, post_logout_redirect_uri=RETURN).location == "/sign-out"


def test_no_redirect_to_a_disapproved_client(app_rp: RelyingParty, services: Services) -> None:
    """S4: a client that is not approved is rejected at every endpoint."""
    hint = app_rp.tokens()["id_token"]
    disapprove(services, app_rp.key)
    page = end_session(app_rp, id_token_hint=hint, post_logout_redirect_uri=RETURN)
    assert forms.submit(app_rp.browser, page, "logout-confirm").location == "/sign-out"


def test_hint_of_a_disapproved_client_needs_confirmation(app_rp: RelyingParty, services: Services) -> None:
    """S4: the hint of a disapproved client proves nothing."""
    hint = app_rp.tokens()["id_token"]
    disapprove(services, app_rp.key)
    assert 'id="logout-confirm"' in end_session(app_rp, id_token_hint=hint).text
    assert is_signed_in(app_rp)


def test_client_id_must_match_the_hint(app_rp: RelyingParty, rp: RelyingParty) -> None:
    """2: when both are present, the OP MUST verify that they match."""
    hint = app_rp.tokens()["id_token"]
    response = end_session(app_rp, id_token_hint=hint, client_id=rp.key)
    assert response.status_code == 400
    assert is_signed_in(app_rp)


def test_matching_client_id_is_accepted(app_rp: RelyingParty) -> None:
    """2: client_id and id_token_hint can be sent together."""
    hint = app_rp.tokens()["id_token"]
    response = end_session(app_rp, id_token_hint=hint, client_id=app_rp.key, post_logout_redirect_uri=RETURN)
    assert response.location == RETURN


def forged(token: str) -> str:
    head, _, signature = token.split(".")
    content = json.dumps(claims(token) | {"forged": True})
    changed = base64.urlsafe_b64encode(content.encode()).rstrip(b"=").decode()
    return f"{head}.{changed}.{signature}"


@pytest.mark.parametrize("kind", ["forged", "other issuer", "access token", "nonsense", "unsigned", "long"])
def test_hint_not_issued_by_this_server_is_not_accepted(
    app_rp: RelyingParty, services: Services, kind: str
) -> None:
    """2, 4: the OP MUST validate that it was the issuer. Otherwise the user is asked, and there is no redirect."""
    tokens = app_rp.tokens()
    body = tokens["id_token"].split(".")[1]
    of_another = claims(tokens["id_token"]) | {"iss": "https://other.example"}
    hint = {
        "forged": forged(tokens["id_token"]),
        "other issuer": issued_jwts.sign_jwt(services.key_ring, "RS256", "JWT", of_another),
        "access token": tokens["access_token"],
        "nonsense": "nonsense",
        "unsigned": f"eyJhbGciOiJub25lIn0.{body}.",
        "long": "a" * 40000,
    }[kind]
    page = end_session(app_rp, id_token_hint=hint, client_id=app_rp.key, post_logout_redirect_uri=RETURN)
    assert 'id="logout-confirm"' in page.text
    assert is_signed_in(app_rp)
    assert forms.submit(app_rp.browser, page, "logout-confirm").location == "/sign-out"


def test_hint_of_another_session_needs_confirmation(app_rp: RelyingParty) -> None:
    """4: the OP SHOULD ask if the hint does not belong to the current session."""
    old = app_rp.tokens()["id_token"]
    end_session(app_rp, id_token_hint=old)
    app_rp.tokens("bob")
    page = end_session(app_rp, id_token_hint=old, post_logout_redirect_uri=RETURN)
    assert 'id="logout-confirm"' in page.text
    assert is_signed_in(app_rp)
    assert forms.submit(app_rp.browser, page, "logout-confirm").location == RETURN


def test_hint_redirects_when_nobody_is_signed_in(app_rp: RelyingParty) -> None:
    """3: there is no session to end, so the browser returns to the application."""
    hint = app_rp.tokens()["id_token"]
    end_session(app_rp, id_token_hint=hint)
    assert end_session(app_rp, id_token_hint=hint, post_logout_redirect_uri=RETURN).location == RETURN


def test_no_parameters_are_required(rp: RelyingParty) -> None:
    """2: all parameters are OPTIONAL."""
    assert "You are signed out" in rp.follow(end_session(rp)).text


def test_logout_hint_and_unknown_parameters_are_ignored(app_rp: RelyingParty) -> None:
    """2: logout_hint and unknown parameters change nothing."""
    hint = app_rp.tokens()["id_token"]
    more = {"logout_hint": "alice", "unheard_of": "x"}
    response = end_session(app_rp, id_token_hint=hint, post_logout_redirect_uri=RETURN, **more)
    assert (response.status_code, response.location) == (303, RETURN)


@pytest.mark.parametrize("change", ["/", "&x=y", "#part", "%20"])
def test_uri_is_compared_as_a_string(app_rp: RelyingParty, change: str) -> None:
    """3: the value MUST exactly match one registered."""
    hint = app_rp.tokens()["id_token"]
    response = end_session(app_rp, id_token_hint=hint, post_logout_redirect_uri=RETURN + change)
    assert not response.location or response.location.startswith("/")
    assert "rp.example" not in (response.location or "")


def test_client_id_alone_proves_nothing(app_rp: RelyingParty) -> None:
    """2, 6: without a hint, the user is asked and decides."""
    app_rp.authorized()
    response = end_session(app_rp, client_id=app_rp.key, post_logout_redirect_uri=RETURN)
    assert (response.status_code, "Location" in response.headers) == (200, False)
    assert is_signed_in(app_rp)


def test_repeated_parameters_are_rejected(app_rp: RelyingParty) -> None:
    """S11: a repeated parameter is ambiguous."""
    response = app_rp.browser.get("/oidc/end_session?state=a&state=b")
    assert response.status_code == 400
    assert "invalid_request" in response.text


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "query", ["%00=1", "id_token_hint=%00", "client_id=%ED%A0%80", "ask=x", "ask=%00&ask=y"]
)
def test_malformed_values_return_a_page(rp: RelyingParty, query: str) -> None:
    """S26: no input causes a 5xx."""
    assert rp.follow(rp.browser.get(f"/oidc/end_session?{query}")).status_code in {200, 400}


def test_form_values_cannot_be_changed(app_rp: RelyingParty) -> None:
    """S12: the server does what the page asked. A changed value has no effect."""
    app_rp.tokens()
    page = end_session(app_rp, client_id=app_rp.key)
    sealed = dict(forms.find(page, "logout-confirm").fields)["ask"]
    assert (
        'id="logout-confirm"'
        in app_rp.browser.get("/oidc/end_session", query_string={"ask": sealed[:-2]}).text
    )


def test_error_can_be_looked_up(app_rp: RelyingParty, services: Services) -> None:
    """Diagnostics show the requested URI and the registered ones."""
    hint = app_rp.tokens()["id_token"]
    end_session(app_rp, id_token_hint=hint, post_logout_redirect_uri="https://rp.example/wrong")
    with services.database.reading() as connection:
        row = connection.exec_driver_sql("SELECT cause, received, expected FROM failures").one()
    assert tuple(row) == ("post-logout-redirect-uri-not-registered", "https://rp.example/wrong", RETURN)


def test_discovery_lists_the_endpoint(rp: RelyingParty) -> None:
    """2.1: end_session_endpoint is REQUIRED."""
    document = rp.browser.get("/.well-known/openid-configuration").get_json()
    assert document["end_session_endpoint"] == "http://localhost/oidc/end_session"


def test_long_state_is_rejected(app_rp: RelyingParty) -> None:
    """3: state is returned unchanged, so a state that is too long is rejected and not truncated."""
    hint = app_rp.tokens()["id_token"]
    parameters = {"id_token_hint": hint, "post_logout_redirect_uri": RETURN}
    response = end_session(app_rp, state="x" * 8000, **parameters)
    assert response.status_code == 400
    assert is_signed_in(app_rp)


LONG_RETURN = "https://rp.example/" + "".join(random.Random(1).choices("abcdefghijklmnop0123456789", k=1900))
ASTRAL = "".join(chr(random.Random(seed).randrange(0x10000, 0x10FFFF)) for seed in range(400))


@pytest.fixture
def long_rp(rp: RelyingParty, services: Services) -> RelyingParty:
    """An application with the longest allowed URIs, and a frame."""
    return party(
        rp,
        services,
        post_logout_redirect_uris=[LONG_RETURN],
        frontchannel_logout_uri="https://rp.example/frame",
    )


@pytest.mark.parametrize("state", ['\\"%&+ \t' * 57, "é" * 400, "語" * 400, ASTRAL])
@pytest.mark.parametrize("way", ["hint", "posted", "asked"])
def test_longest_state_is_returned_in_every_way(long_rp: RelyingParty, state: str, way: str) -> None:
    """3: an accepted state is returned unchanged, and every URL stays within the limits of web servers."""
    hint = long_rp.tokens()["id_token"]
    identification = {"client_id": long_rp.key} if way == "asked" else {"id_token_hint": hint}
    parameters = {"post_logout_redirect_uri": LONG_RETURN, "state": state, **identification}
    if way == "posted":
        response = long_rp.browser.post("/oidc/end_session", data=parameters)
        assert len(response.location) < 8000
        response = long_rp.browser.get(response.location)
    else:
        response = end_session(long_rp, **parameters)
    if way == "asked":
        response = forms.submit(long_rp.browser, response, "logout-confirm")
    assert len(response.location) < 8000
    page = long_rp.follow(response).text
    [link] = re.findall(r'id="logout-continue" href="([^"]+)"', page)
    assert link.startswith(f"{LONG_RETURN}?state=")
    assert unquote(link.partition("?state=")[2]) == state
    assert ("data-redirects" in page) == (way != "asked")

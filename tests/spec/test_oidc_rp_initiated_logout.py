"""OpenID Connect RP-Initiated Logout 1.0."""

import base64
import json
import random
import re
from urllib.parse import unquote

import pytest

from authserver.context import SYSTEM
from authserver.domain.diagnostics import error_search
from authserver.domain.keys import signing_keys
from authserver.protocol import issued_jwts
from authserver.protocol.services import Services
from tests.support import forms
from tests.support.logout import end_session, is_signed_in, party
from tests.support.moving_clock import MovingClock
from tests.support.people import PASSWORD
from tests.support.relying_party import RelyingParty, answered, claims, disapprove

RETURN = "https://rp.example/signed-out?from=op"
STATE = "a b&c=d/é+%20"


@pytest.fixture
def app_rp(rp: RelyingParty, services: Services) -> RelyingParty:
    """An application that people may return to after signing out."""
    return party(rp, services, post_logout_redirect_uris=[RETURN])


def test_a_hint_signs_out_and_leads_back(app_rp: RelyingParty) -> None:
    """2 and 3: the browser is redirected to the registered post_logout_redirect_uri."""
    hint = app_rp.tokens()["id_token"]
    answer = end_session(app_rp, id_token_hint=hint, post_logout_redirect_uri=RETURN)
    assert (answer.status_code, answer.location) == (303, RETURN)
    assert not is_signed_in(app_rp)


def test_the_state_comes_back_to_the_letter(app_rp: RelyingParty) -> None:
    """3: if state was included, the OP MUST pass it back unchanged."""
    hint = app_rp.tokens()["id_token"]
    answer = end_session(app_rp, id_token_hint=hint, post_logout_redirect_uri=RETURN, state=STATE)
    assert answer.location.startswith(f"{RETURN}&state=")
    assert answered(answer)["state"] == STATE


def test_post_works_as_get_does(app_rp: RelyingParty) -> None:
    """2: the OP MUST support GET and POST; a posted form carries no cookie, so that the browser is sent on."""
    form = {"id_token_hint": app_rp.tokens()["id_token"], "post_logout_redirect_uri": RETURN, "state": STATE}
    without_cookies = app_rp.app.test_client()
    sent_on = without_cookies.post("/oidc/end_session", data=form)
    assert sent_on.status_code == 303
    answer = app_rp.browser.get(sent_on.location)
    assert answer.location.startswith(f"{RETURN}&state=")
    assert not is_signed_in(app_rp)


def test_an_expired_hint_is_as_good(
    app_rp: RelyingParty, services: Services, moving_clock: MovingClock
) -> None:
    """2: the OP SHOULD accept ID tokens whose exp time has passed."""
    hint = app_rp.tokens()["id_token"]
    moving_clock.advance(services.settings.id_token_lifetime, seconds=1)
    assert end_session(app_rp, id_token_hint=hint, post_logout_redirect_uri=RETURN).location == RETURN


def test_a_hint_of_a_retired_key_is_as_good(
    app_rp: RelyingParty, services: Services, moving_clock: MovingClock
) -> None:
    """2: the OP SHOULD accept it while the session lasts, which may be longer than the key that signed it."""
    words = {"username": "alice", "password": PASSWORD, "remember": "1"}
    forms.submit(app_rp.browser, app_rp.browser.get("/sign-in"), "login-submit", **words)
    hint = app_rp.tokens()["id_token"]
    with services.database.transaction() as db:
        signing_keys.rotate(db, SYSTEM, services.vault, is_urgent=True)
    moving_clock.advance(services.settings.remembered_session_lifetime, seconds=-60)
    assert app_rp.browser.get("/jwks.json").status_code == 200
    assert end_session(app_rp, id_token_hint=hint, post_logout_redirect_uri=RETURN).location == RETURN


def test_prompt_none_fails_afterwards(app_rp: RelyingParty) -> None:
    """The session is over for every application."""
    end_session(app_rp, id_token_hint=app_rp.tokens()["id_token"])
    assert answered(app_rp.authorize(prompt="none"))["error"] == "login_required"


def test_tokens_of_the_session_stop_working(app_rp: RelyingParty) -> None:
    """S3: logout takes effect on the next request."""
    tokens = app_rp.tokens()
    end_session(app_rp, id_token_hint=tokens["id_token"])
    assert app_rp.userinfo(tokens["access_token"]).status_code == 401


def test_without_a_hint_the_person_is_asked(app_rp: RelyingParty) -> None:
    """6: the OP should ask, because anybody could send the browser here."""
    app_rp.tokens()
    page = end_session(app_rp, client_id=app_rp.key)
    assert page.status_code == 200
    assert "The Party" in page.text
    assert is_signed_in(app_rp)
    after = app_rp.follow(forms.submit(app_rp.browser, page, "logout-confirm"))
    assert "You are signed out" in after.text
    assert not is_signed_in(app_rp)


def test_without_a_hint_nothing_is_redirected(app_rp: RelyingParty) -> None:
    """3: without other means of confirming the legitimacy the OP MUST NOT perform the redirection."""
    app_rp.tokens()
    page = end_session(app_rp, client_id=app_rp.key, post_logout_redirect_uri=RETURN)
    after = app_rp.follow(forms.submit(app_rp.browser, page, "logout-confirm"))
    assert after.status_code == 200
    assert f'href="{RETURN}"' in after.text  # a registered address is offered as a link


def test_the_confirmation_needs_the_forms_token(app_rp: RelyingParty) -> None:
    """S21: logout is protected against requests of other sites."""
    app_rp.tokens()
    assert app_rp.browser.post("/sign-out", data={}).status_code == 400
    assert is_signed_in(app_rp)


@pytest.mark.parametrize(
    "wanted",
    ["https://rp.example/signed-out", RETURN + "/", RETURN + "&x=1", "https://evil.example/", "javascript:1"],
)
def test_an_address_that_is_not_registered_is_not_redirected_to(app_rp: RelyingParty, wanted: str) -> None:
    """3: the value MUST exactly match one registered; the person is signed out all the same."""
    hint = app_rp.tokens()["id_token"]
    answer = end_session(app_rp, id_token_hint=hint, post_logout_redirect_uri=wanted)
    assert answer.location == "/sign-out"
    page = app_rp.follow(answer).text
    assert "not registered" in page
    assert wanted not in page
    assert not is_signed_in(app_rp)


@pytest.mark.parametrize(
    ("sent", "told", "cause"),
    [
        ({}, "did not identify itself", "post-logout-client-missing"),
        ({"client_id": "nobody"}, "is not registered for the application", "client-unknown"),
    ],
)
def test_an_address_of_nobody_is_not_redirected_to(
    app_rp: RelyingParty, services: Services, sent: dict[str, str], told: str, cause: str
) -> None:
    """3: the address is good for the client that id_token_hint or client_id names; the page tells that none did."""
    app_rp.tokens()
    page = end_session(app_rp, post_logout_redirect_uri=RETURN, **sent)
    after = app_rp.follow(forms.submit(app_rp.browser, page, "logout-confirm")).text
    assert told in after
    assert RETURN not in after
    with services.database.transaction(write=False) as db:
        (row,) = error_search.page_of_errors(db, error_search.ErrorFilter())[0]
    assert (row.cause, row.endpoint) == (cause, "/oidc/end_session")
    assert row.received
    assert row.expected


def test_an_address_of_another_client_is_not_redirected_to(app_rp: RelyingParty, services: Services) -> None:
    """3: what counts is what the client of the hint has registered."""
    other = party(app_rp, services, "The Other")
    hint = other.tokens()["id_token"]
    assert end_session(other, id_token_hint=hint, post_logout_redirect_uri=RETURN).location == "/sign-out"


def test_a_disapproved_client_is_not_redirected_to(app_rp: RelyingParty, services: Services) -> None:
    """S4: a client that is not approved is inert at every endpoint."""
    hint = app_rp.tokens()["id_token"]
    disapprove(services, app_rp.key)
    page = end_session(app_rp, id_token_hint=hint, post_logout_redirect_uri=RETURN)
    assert forms.submit(app_rp.browser, page, "logout-confirm").location == "/sign-out"


def test_a_disapproved_client_signs_nobody_out_unasked(app_rp: RelyingParty, services: Services) -> None:
    """S4: its hint proves nothing any more."""
    hint = app_rp.tokens()["id_token"]
    disapprove(services, app_rp.key)
    assert 'id="logout-confirm"' in end_session(app_rp, id_token_hint=hint).text
    assert is_signed_in(app_rp)


def test_client_id_must_be_the_hints_audience(app_rp: RelyingParty, rp: RelyingParty) -> None:
    """2: when both are present, the OP MUST verify that they match."""
    hint = app_rp.tokens()["id_token"]
    answer = end_session(app_rp, id_token_hint=hint, client_id=rp.key)
    assert answer.status_code == 400
    assert is_signed_in(app_rp)


def test_client_id_and_hint_together(app_rp: RelyingParty) -> None:
    """2: a matching client_id does no harm."""
    hint = app_rp.tokens()["id_token"]
    answer = end_session(app_rp, id_token_hint=hint, client_id=app_rp.key, post_logout_redirect_uri=RETURN)
    assert answer.location == RETURN


def forged(token: str) -> str:
    head, _, signature = token.split(".")
    content = json.dumps(claims(token) | {"forged": True})
    changed = base64.urlsafe_b64encode(content.encode()).rstrip(b"=").decode()
    return f"{head}.{changed}.{signature}"


@pytest.mark.parametrize("kind", ["forged", "other issuer", "access token", "nonsense", "unsigned", "long"])
def test_a_hint_that_is_not_ours_proves_nothing(app_rp: RelyingParty, services: Services, kind: str) -> None:
    """2, 4: the OP MUST validate that it was the issuer; else the person is asked, and nothing is redirected."""
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


def test_a_hint_of_another_session_asks(app_rp: RelyingParty) -> None:
    """4: the OP SHOULD ask when the hint is not of the current session."""
    old = app_rp.tokens()["id_token"]
    end_session(app_rp, id_token_hint=old)
    app_rp.tokens("bob")
    page = end_session(app_rp, id_token_hint=old, post_logout_redirect_uri=RETURN)
    assert 'id="logout-confirm"' in page.text
    assert is_signed_in(app_rp)
    assert forms.submit(app_rp.browser, page, "logout-confirm").location == RETURN


def test_a_hint_leads_back_when_nobody_is_signed_in(app_rp: RelyingParty) -> None:
    """3: there is nothing to sign out of, and the application goes on."""
    hint = app_rp.tokens()["id_token"]
    end_session(app_rp, id_token_hint=hint)
    assert end_session(app_rp, id_token_hint=hint, post_logout_redirect_uri=RETURN).location == RETURN


def test_no_parameters_at_all(rp: RelyingParty) -> None:
    """2: all parameters are OPTIONAL."""
    assert "You are signed out" in rp.follow(end_session(rp)).text


def test_a_hint_about_the_person_does_no_harm(app_rp: RelyingParty) -> None:
    """2: logout_hint and parameters that are not known change nothing."""
    hint = app_rp.tokens()["id_token"]
    more = {"logout_hint": "alice", "unheard_of": "x"}
    answer = end_session(app_rp, id_token_hint=hint, post_logout_redirect_uri=RETURN, **more)
    assert (answer.status_code, answer.location) == (303, RETURN)


@pytest.mark.parametrize("change", ["/", "&x=y", "#part", "%20"])
def test_an_address_is_compared_as_a_string(app_rp: RelyingParty, change: str) -> None:
    """3: the value MUST exactly match one registered."""
    hint = app_rp.tokens()["id_token"]
    answer = end_session(app_rp, id_token_hint=hint, post_logout_redirect_uri=RETURN + change)
    assert not answer.location or answer.location.startswith("/")
    assert "rp.example" not in (answer.location or "")


def test_client_id_alone_proves_nothing(app_rp: RelyingParty) -> None:
    """2, 6: without a hint the person is asked, and whoever sent them here decides nothing."""
    app_rp.authorized()
    answer = end_session(app_rp, client_id=app_rp.key, post_logout_redirect_uri=RETURN)
    assert (answer.status_code, "Location" in answer.headers) == (200, False)
    assert is_signed_in(app_rp)


def test_repeated_parameters_are_refused(app_rp: RelyingParty) -> None:
    """S11: a repeated parameter could mean two things."""
    answer = app_rp.browser.get("/oidc/end_session?state=a&state=b")
    assert answer.status_code == 400
    assert "invalid_request" in answer.text


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "query", ["%00=1", "id_token_hint=%00", "client_id=%ED%A0%80", "logout=x", "logout=%00&logout=y"]
)
def test_nonsense_gives_a_page(rp: RelyingParty, query: str) -> None:
    """S26: no input gives a 5xx."""
    assert rp.follow(rp.browser.get(f"/oidc/end_session?{query}")).status_code in {200, 400}


def test_what_a_page_carries_cannot_be_changed(app_rp: RelyingParty) -> None:
    """S12: what was asked is what is done: a changed value counts for nothing."""
    app_rp.tokens()
    page = end_session(app_rp, client_id=app_rp.key)
    sealed = dict(forms.find(page, "logout-confirm").fields)["logout"]
    assert (
        'id="logout-confirm"'
        in app_rp.browser.get("/oidc/end_session", query_string={"logout": sealed[:-2]}).text
    )


def test_the_refusal_can_be_looked_up(app_rp: RelyingParty, services: Services) -> None:
    """The administrator sees which address was asked for and which are registered."""
    hint = app_rp.tokens()["id_token"]
    end_session(app_rp, id_token_hint=hint, post_logout_redirect_uri="https://rp.example/wrong")
    with services.database.reading() as connection:
        row = connection.exec_driver_sql("SELECT cause, received, expected FROM failures").one()
    assert tuple(row) == ("post-logout-redirect-uri-not-registered", "https://rp.example/wrong", RETURN)


def test_discovery_names_the_endpoint(rp: RelyingParty) -> None:
    """2.1: end_session_endpoint is REQUIRED."""
    document = rp.browser.get("/.well-known/openid-configuration").get_json()
    assert document["end_session_endpoint"] == "http://localhost/oidc/end_session"


def test_a_state_that_is_too_long_is_refused(app_rp: RelyingParty) -> None:
    """3: state is passed back as it came, so that one which cannot be is refused, not cut."""
    hint = app_rp.tokens()["id_token"]
    parameters = {"id_token_hint": hint, "post_logout_redirect_uri": RETURN}
    whole = end_session(app_rp, state="x" * 8000, **parameters)
    assert whole.status_code == 400
    assert is_signed_in(app_rp)


LONG_RETURN = "https://rp.example/" + "".join(random.Random(1).choices("abcdefghijklmnop0123456789", k=1900))
ASTRAL = "".join(chr(random.Random(seed).randrange(0x10000, 0x10FFFF)) for seed in range(400))


@pytest.fixture
def long_rp(rp: RelyingParty, services: Services) -> RelyingParty:
    """An application with an address that is as long as they can be, and a frame."""
    return party(
        rp,
        services,
        post_logout_redirect_uris=[LONG_RETURN],
        frontchannel_logout_uri="https://rp.example/frame",
    )


@pytest.mark.parametrize("state", ['\\"%&+ \t' * 57, "é" * 400, "語" * 400, ASTRAL])
@pytest.mark.parametrize("way", ["hint", "posted", "asked"])
def test_a_long_state_comes_back_by_every_way(long_rp: RelyingParty, state: str, way: str) -> None:
    """3: what was accepted is passed back unchanged, and no address of ours is longer than servers take."""
    hint = long_rp.tokens()["id_token"]
    proof = {"client_id": long_rp.key} if way == "asked" else {"id_token_hint": hint}
    parameters = {"post_logout_redirect_uri": LONG_RETURN, "state": state, **proof}
    if way == "posted":
        answer = long_rp.browser.post("/oidc/end_session", data=parameters)
        assert len(answer.location) < 8000
        answer = long_rp.browser.get(answer.location)
    else:
        answer = end_session(long_rp, **parameters)
    if way == "asked":
        answer = forms.submit(long_rp.browser, answer, "logout-confirm")
    assert len(answer.location) < 8000
    page = long_rp.follow(answer).text
    [link] = re.findall(r'id="logout-continue" href="([^"]+)"', page)
    assert link.startswith(f"{LONG_RETURN}?state=")
    assert unquote(link.partition("?state=")[2]) == state
    assert ("data-redirects" in page) == (way != "asked")

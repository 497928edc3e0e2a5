"""RFC 9700, best current practice, and the threat model's S8-S14 at the authorization endpoint."""

import html
import re

import pytest
from flask import Flask

from authserver.context import SYSTEM
from authserver.domain.authorizations import consents
from authserver.domain.clients import clients, registrations
from authserver.domain.users import users
from authserver.protocol.services import Services
from tests.support import forms
from tests.support.moving_clock import MovingClock
from tests.support.people import PASSWORD
from tests.support.relying_party import REDIRECT_URI, RelyingParty, answered, disapprove, register
from tests.support.table import table


def is_consent(page) -> bool:
    return page.status_code == 200 and 'id="consent-allow"' in page.text


def test_the_answer_is_a_303(rp: RelyingParty) -> None:
    """4.12: a redirect after a form with credentials MUST NOT be a 307; 303 is unambiguous."""
    assert rp.authorized().status_code == 303


def test_loopback_ports_may_vary(app: Flask, services: Services, people) -> None:
    """4.1.3 and RFC 8252, 7.3: only the port, and only for loopback IP literals."""
    rp = RelyingParty(
        app, *register(services, redirect_uris=("http://127.0.0.1/cb", "http://localhost:8080/cb"))
    )
    assert 'id="login-submit"' in rp.authorize(redirect_uri="http://127.0.0.1:49152/cb").text
    for uri in (
        "http://127.0.0.1:49152/other",
        "http://localhost:8081/cb",
        "https://127.0.0.1:1/cb",
        "http://127.0.0.2/cb",
    ):
        assert rp.authorize(redirect_uri=uri).status_code == 400, uri


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_a_code_is_bound_to_the_port_that_was_used(app: Flask, services: Services, people, host: str) -> None:
    """4.1.3: the server MUST allow variable ports there; the token request names the one that was used."""
    uri = f"http://{host}:49152/cb"
    rp = RelyingParty(app, *register(services, redirect_uris=(f"http://{host}/cb",)), redirect_uri=uri)
    code = rp.code()
    assert rp.redeem(code, redirect_uri=f"http://{host}:49153/cb").status_code == 400
    assert rp.redeem(code).status_code == 200


def test_pages_cannot_be_framed(rp: RelyingParty) -> None:
    """4.16: clickjacking MUST be prevented; the page tells no address to others (4.2)."""
    page = rp.sign_in(rp.authorize())
    assert is_consent(page)
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"


def test_consent_counts_in_the_browser_that_asked(rp: RelyingParty) -> None:
    """S12: another browser, even of the same user, cannot finish the request."""
    page = rp.sign_in(rp.authorize())
    form = forms.find(page, "consent-allow")
    stranger = RelyingParty(rp.app, rp.key, rp.secret)
    own = forms.find(stranger.sign_in(stranger.authorize(), "bob"), "consent-allow")
    fields = dict(form.fields) | {"csrf_token": dict(own.fields)["csrf_token"], "decision": "allow"}
    answer = stranger.browser.post(form.action, data=fields)
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


def test_consent_counts_once(rp: RelyingParty, moving_clock: MovingClock) -> None:
    """S12: a decision is consumed; the person who sends it twice in a moment is answered, later nobody is."""
    page = rp.sign_in(rp.authorize())
    first = answered(rp.allow(page))["code"]
    assert answered(rp.allow(page))["code"] != first
    moving_clock.advance(seconds=61)
    assert rp.allow(page).status_code == 400


def test_consent_needs_the_csrf_token(rp: RelyingParty) -> None:
    """4.7 and S21: another site cannot consent for the user."""
    form = forms.find(rp.sign_in(rp.authorize()), "consent-allow")
    fields = {name: value for name, value in form.fields if name != "csrf_token"} | {"decision": "allow"}
    assert is_consent(rp.follow(rp.browser.post(form.action, data=fields)))


def test_consent_goes_on_working_after_a_sign_in_in_another_tab(rp: RelyingParty) -> None:
    """S18 voids forms of other people and of nobody, not those of the person who signs in again."""
    page = rp.sign_in(rp.authorize())
    again = rp.browser.get("/sign-in?again=1")
    forms.submit(rp.browser, again, "login-submit", password="correct horse battery staple")
    assert "code" in answered(rp.allow(page))


def test_consent_is_asked_anew_after_signing_out_and_in_again(rp: RelyingParty) -> None:
    """S12: it is for the session that saw it, and no dead end for the person."""
    page = rp.sign_in(rp.authorize())
    forms.submit(rp.browser, rp.browser.get("/sign-out"), "logout-confirm")
    again = rp.sign_in(rp.follow(forms.submit(rp.browser, page, "consent-allow")))
    assert is_consent(again)
    assert "code" in answered(rp.allow(again))


def test_consent_is_for_the_person_who_saw_it(rp: RelyingParty) -> None:
    """S12: when somebody else has signed in meanwhile, they are asked themselves."""
    page = rp.sign_in(rp.authorize())
    switch = rp.browser.get("/sign-in?switch=1")
    forms.submit(rp.browser, switch, "login-submit", username="bob", password="correct horse battery staple")
    form = forms.find(page, "consent-allow")
    fresh = forms.find(rp.browser.get("/sign-out"), "logout-confirm")
    fields = dict(form.fields) | {"csrf_token": dict(fresh.fields)["csrf_token"], "decision": "allow"}
    again = rp.follow(rp.browser.post(form.action, data=fields))
    assert is_consent(again)
    assert "Bob Brown" in again.text


def test_consent_is_for_the_client_that_was_shown(rp: RelyingParty, services: Services) -> None:
    """S12: when the client was edited meanwhile, what it is now is shown first."""
    page = rp.sign_in(rp.authorize())
    with services.database.transaction() as db:
        client = clients.get(db, rp.key)
        changed = registrations.validate_change(client, {"name": "Renamed", "redirect_uris": (REDIRECT_URI,)})
        clients.edit(db, SYSTEM, client, changed, revision=client.revision)
    again = rp.allow(page)
    assert is_consent(again)
    assert "Renamed" in again.text


def test_consent_is_remembered_and_can_be_taken_back(rp: RelyingParty, services: Services) -> None:
    """Consent is asked once for the same scopes; withdrawing it kills what was issued."""
    tokens = rp.tokens()
    assert "code" in answered(rp.authorize())
    with services.database.transaction() as db:
        alice = users.find(db, "alice")
        consents.withdraw(db, SYSTEM, alice.id, clients.get(db, rp.key))
    assert is_consent(rp.authorize())
    assert rp.userinfo(tokens["access_token"]).status_code == 401


def test_more_scopes_ask_again(rp: RelyingParty) -> None:
    """S14: consent covers what it was given for; new permissions are marked."""
    rp.authorized(scope="openid profile")
    page = rp.authorize(scope="openid profile email")
    assert is_consent(page)
    assert page.text.count('class="new"') == 1


def test_trusted_clients_skip_consent(app: Flask, services: Services, people) -> None:
    """An administrator's word replaces the user's, but for prompt=consent."""
    rp = RelyingParty(app, *register(services, is_trusted=True))
    assert "code" in answered(rp.sign_in(rp.authorize()))
    assert is_consent(rp.authorize(prompt="consent"))


def test_impostors_of_public_clients_are_not_let_in_silently(app: Flask, services: Services, people) -> None:
    """RFC 8252, 8.6: without an https redirect a public client is never answered without the user."""
    key, _ = register(services, redirect_uris=("com.example.app:/cb",), auth_method="none")
    rp = RelyingParty(app, key, redirect_uri="com.example.app:/cb")
    rp.authorized()
    assert is_consent(rp.authorize())


def test_a_signed_out_session_ends_its_tokens(rp: RelyingParty) -> None:
    """S3: logout takes effect on the next request, unless offline access was granted."""
    online = rp.tokens()
    offline = rp.tokens(scope="openid offline_access")
    page = rp.browser.get("/sign-out")
    forms.submit(rp.browser, page, "logout-confirm")
    assert rp.userinfo(online["access_token"]).status_code == 401
    assert rp.refresh(online["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert rp.userinfo(offline["access_token"]).status_code == 200
    assert rp.refresh(offline["refresh_token"]).status_code == 200


def test_a_copied_session_cookie_is_dead_after_sign_out(rp: RelyingParty) -> None:
    """S18: sessions live on the server."""
    rp.authorized()
    cookie = rp.browser.get_cookie("authserver_session")
    assert cookie is not None
    forms.submit(rp.browser, rp.browser.get("/sign-out"), "logout-confirm")
    thief = rp.app.test_client()
    thief.set_cookie("authserver_session", cookie.value)
    assert thief.get("/account").status_code == 303


def test_cancelling_the_sign_in_tells_the_application(rp: RelyingParty) -> None:
    """RFC 6749, 4.1.2.1: access_denied when the user does not go on."""
    [link] = [tag for tag in re.findall(r"<a [^>]*>", rp.authorize().text) if 'id="login-cancel"' in tag]
    cancel = html.unescape(re.findall(r'href="([^"]*)"', link)[0])
    assert answered(rp.browser.get(cancel))["error"] == "access_denied"


def test_refresh_tokens_of_public_clients_are_rotated(public_rp: RelyingParty) -> None:
    """2.2.2, 4.14.2: refresh tokens of public clients MUST be sender-constrained or rotated."""
    own = {"client_id": public_rp.key}
    tokens = public_rp.redeem(public_rp.code(), {}, **own).get_json()
    renewed = public_rp.refresh(tokens["refresh_token"], {}, **own).get_json()
    assert renewed["refresh_token"] != tokens["refresh_token"]


def test_reuse_by_a_public_client_ends_the_family(public_rp: RelyingParty, moving_clock: MovingClock) -> None:
    """4.14.2: a refresh token that is presented again revokes the active one."""
    own = {"client_id": public_rp.key}
    first = public_rp.redeem(public_rp.code(), {}, **own).get_json()["refresh_token"]
    second = public_rp.refresh(first, {}, **own).get_json()["refresh_token"]
    moving_clock.advance(seconds=60)
    for token in (first, second):
        assert public_rp.refresh(token, {}, **own).get_json()["error"] == "invalid_grant"


def test_a_new_password_ends_refresh_tokens(rp: RelyingParty, services: Services) -> None:
    """4.14.2: refresh tokens SHOULD be revoked on a change of the password."""
    token = rp.tokens(scope="openid offline_access", prompt="consent")["refresh_token"]
    with services.database.transaction() as db:
        person = users.find(db, "alice")
        assert person is not None
        users.set_password(db, SYSTEM, person, services.passwords.hash("another fine password"))
    assert rp.refresh(token).get_json()["error"] == "invalid_grant"


def test_a_refresh_token_is_bound_to_its_scope(rp: RelyingParty) -> None:
    """4.14.2: refresh tokens MUST be bound to the scope that the user consented to."""
    token = rp.tokens(scope="openid")["refresh_token"]
    assert rp.refresh(token, scope="openid email").get_json()["error"] == "invalid_scope"


def test_tokens_are_for_their_audience(rp: RelyingParty) -> None:
    """2.3: access tokens SHOULD be restricted to a resource server, which MUST refuse those for others."""
    document = rp.app.test_client().post(
        "/oauth2/introspect", data={"token": rp.tokens()["access_token"]}, headers=rp.basic
    )
    assert document.get_json()["aud"] == "http://localhost"


def test_answers_do_not_carry_what_browsers_resend(rp: RelyingParty) -> None:
    """4.12: no answer of the sign-in or consent form is one that makes a browser repeat the body elsewhere."""
    page = rp.authorize()
    seen = [page.status_code]
    form = forms.find(page, "login-submit")
    answer = rp.browser.post(
        form.action, data=dict(form.fields) | {"username": "alice", "password": PASSWORD}
    )
    while answer.status_code in {302, 303, 307, 308}:
        seen.append(answer.status_code)
        answer = rp.browser.get(answer.location)
    assert {307, 308} & set(seen) == set()


@table("path", ["/oauth2/authorize", "/sign-in", "/sign-out", "/oidc/end_session"])
@table("name", ["next", "redirect_uri", "post_logout_redirect_uri", "return_to", "back", "url"])
def test_nobody_is_sent_elsewhere_by_a_link(rp: RelyingParty, path: str, name: str) -> None:
    """4.11.2: authorization servers MUST NOT be open redirectors."""
    rp.browser = rp.app.test_client()
    for signed_in in (False, True):
        if signed_in:
            rp.authorized()
        answer = rp.browser.get(path, query_string={name: "https://evil.example/"})
        assert "evil.example" not in answer.headers.get("Location", "")


@pytest.mark.parametrize("response_type", ["code", "code id_token", "token", "nonsense"])
def test_errors_lead_to_registered_addresses_only(rp: RelyingParty, response_type: str) -> None:
    """4.11.2: an error is no way around the check of the redirect URI."""
    answer = rp.authorize(
        response_type=response_type, redirect_uri="https://evil.example/", scope="nonsense", prompt="none"
    )
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


@pytest.mark.parametrize("is_approved", [True, False])
@pytest.mark.parametrize("change", [{"scope": "nonsense"}, {"prompt": "none"}, {"response_type": "nonsense"}])
def test_nobody_is_led_to_who_was_not_approved(
    app: Flask, services: Services, change: dict[str, str], is_approved: bool
) -> None:
    """4.11.2: the server MUST take precautions: a redirect URI is trusted once an administrator has approved it."""
    rp = RelyingParty(app, *register(services, is_approved=is_approved))
    if is_approved:
        disapprove(services, rp.key)
    answer = rp.authorize(**change)
    assert (answer.status_code, "Location" in answer.headers) == (403, False)


@pytest.mark.parametrize("path", ["/oauth2/authorize", "/oidc/authorize", "/consent", "/sign-in"])
def test_pages_know_no_cross_origin_requests(rp: RelyingParty, path: str) -> None:
    """2.6: the authorization endpoint MUST NOT support CORS: clients redirect to it, scripts have no business there."""
    for method in ("GET", "OPTIONS"):
        answer = rp.browser.open(path, method=method, headers={"Origin": "https://rp.example"})
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control-")]


def test_the_password_grant_is_off(rp: RelyingParty) -> None:
    """2.4: the grant MUST NOT be used; it works only where an administrator registered an old client for it."""
    answer = rp.token(grant_type="password", username="alice", password=PASSWORD)
    assert answer.get_json()["error"] == "unauthorized_client"


def test_tokens_do_not_go_through_the_browser_unasked(rp: RelyingParty) -> None:
    """2.1.2: response types with tokens in the answer SHOULD NOT be used: they take a registration."""
    for response_type in ("token", "id_token token", "code token", "code id_token token"):
        assert answered(rp.authorize(response_type=response_type))["error"] == "unauthorized_client"

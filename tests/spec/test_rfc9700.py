"""RFC 9700, Best Current Practice, and S8 to S14 of the threat model at the authorization endpoint."""

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
from tests.support.relying_party import REDIRECT_URI, RelyingParty, disapprove, register, response_parameters
from tests.support.sample_users import PASSWORD
from tests.support.table import table


def is_consent(page) -> bool:
    return page.status_code == 200 and 'id="consent-allow"' in page.text


def test_redirect_is_a_303(rp: RelyingParty) -> None:
    """4.12: a redirect after a form with credentials MUST NOT be a 307. 303 is unambiguous."""
    assert rp.authorized().status_code == 303


def test_loopback_port_may_vary(app: Flask, services: Services, sample_users) -> None:
    """4.1.3 and RFC 8252, 7.3 and 8.3: only the port may vary, and only for loopback IP addresses and localhost."""
    rp = RelyingParty(
        app, *register(services, redirect_uris=("http://127.0.0.1/cb", "http://localhost:8080/cb"))
    )
    for uri in ("http://127.0.0.1:49152/cb", "http://localhost:8081/cb"):
        assert 'id="login-submit"' in rp.authorize(redirect_uri=uri).text
    for uri in (
        "http://127.0.0.1:49152/other",
        "http://localhost:8081/other",
        "https://localhost:8080/cb",
        "http://localhost.example:8080/cb",
        "https://127.0.0.1:1/cb",
        "http://127.0.0.2/cb",
    ):
        assert rp.authorize(redirect_uri=uri).status_code == 400, uri


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_code_is_bound_to_the_port(app: Flask, services: Services, sample_users, host: str) -> None:
    """4.1.3: the server MUST allow variable ports on loopback. The token request names the port that was used."""
    uri = f"http://{host}:49152/cb"
    rp = RelyingParty(app, *register(services, redirect_uris=(f"http://{host}/cb",)), redirect_uri=uri)
    code = rp.code()
    assert rp.redeem(code, redirect_uri=f"http://{host}:49153/cb").status_code == 400
    assert rp.redeem(code).status_code == 200


def test_pages_cannot_be_framed(rp: RelyingParty) -> None:
    """4.16: clickjacking MUST be prevented. 4.2: pages send no Referer."""
    page = rp.sign_in(rp.authorize())
    assert is_consent(page)
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"


def test_consent_is_bound_to_the_browser(rp: RelyingParty) -> None:
    """S12: another browser, even with the same user, cannot finish the request."""
    page = rp.sign_in(rp.authorize())
    form = forms.find(page, "consent-allow")
    stranger = RelyingParty(rp.app, rp.key, rp.secret)
    own = forms.find(stranger.sign_in(stranger.authorize(), "bob"), "consent-allow")
    fields = dict(form.fields) | {"csrf_token": dict(own.fields)["csrf_token"], "decision": "allow"}
    response = stranger.browser.post(form.action, data=fields)
    assert (response.status_code, "Location" in response.headers) == (400, False)


def test_consent_counts_once(rp: RelyingParty, moving_clock: MovingClock) -> None:
    """S12: a decision is consumed. A repeated submission works for a minute. After that it is rejected."""
    page = rp.sign_in(rp.authorize())
    first = response_parameters(rp.allow(page))["code"]
    assert response_parameters(rp.allow(page))["code"] != first
    moving_clock.advance(seconds=61)
    assert rp.allow(page).status_code == 400


def test_consent_requires_the_csrf_token(rp: RelyingParty) -> None:
    """4.7 and S21: another site cannot consent for the user."""
    form = forms.find(rp.sign_in(rp.authorize()), "consent-allow")
    fields = {name: value for name, value in form.fields if name != "csrf_token"} | {"decision": "allow"}
    assert is_consent(rp.follow(rp.browser.post(form.action, data=fields)))


def test_consent_survives_a_sign_in_in_another_tab(rp: RelyingParty) -> None:
    """S18 invalidates the forms of other users, not those of a user who signs in again."""
    page = rp.sign_in(rp.authorize())
    again = rp.browser.get("/sign-in?again=1")
    forms.submit(rp.browser, again, "login-submit", password="correct horse battery staple")
    assert "code" in response_parameters(rp.allow(page))


def test_consent_is_shown_again_after_a_new_sign_in(rp: RelyingParty) -> None:
    """S12: consent is bound to the session in which the page was shown. In a new session, the page is shown again."""
    page = rp.sign_in(rp.authorize())
    forms.submit(rp.browser, rp.browser.get("/sign-out"), "logout-confirm")
    again = rp.sign_in(rp.follow(forms.submit(rp.browser, page, "consent-allow")))
    assert is_consent(again)
    assert "code" in response_parameters(rp.allow(again))


def test_consent_is_bound_to_the_user(rp: RelyingParty) -> None:
    """S12: if another user has signed in since, they see the consent page."""
    page = rp.sign_in(rp.authorize())
    switch = rp.browser.get("/sign-in?switch=1")
    forms.submit(rp.browser, switch, "login-submit", username="bob", password="correct horse battery staple")
    form = forms.find(page, "consent-allow")
    fresh = forms.find(rp.browser.get("/sign-out"), "logout-confirm")
    fields = dict(form.fields) | {"csrf_token": dict(fresh.fields)["csrf_token"], "decision": "allow"}
    again = rp.follow(rp.browser.post(form.action, data=fields))
    assert is_consent(again)
    assert "Bob Brown" in again.text


def test_consent_is_bound_to_the_registration_that_was_shown(rp: RelyingParty, services: Services) -> None:
    """S12: if the client was edited since, the page first shows the new registration."""
    page = rp.sign_in(rp.authorize())
    with services.database.transaction() as db:
        client = clients.get(db, rp.key)
        changed = registrations.validate_change(client, {"name": "Renamed", "redirect_uris": (REDIRECT_URI,)})
        clients.edit(db, SYSTEM, client, changed, revision=client.revision)
    again = rp.allow(page)
    assert is_consent(again)
    assert "Renamed" in again.text


def test_consent_is_remembered_and_can_be_withdrawn(rp: RelyingParty, services: Services) -> None:
    """The server asks once for consent to the same scopes. Withdrawing consent revokes the tokens."""
    tokens = rp.tokens()
    assert "code" in response_parameters(rp.authorize())
    with services.database.transaction() as db:
        alice = users.find(db, "alice")
        consents.withdraw(db, SYSTEM, alice.id, clients.get(db, rp.key))
    assert is_consent(rp.authorize())
    assert rp.userinfo(tokens["access_token"]).status_code == 401


def test_new_scopes_need_consent(rp: RelyingParty) -> None:
    """S14: consent covers the scopes that it was given for. The page marks new scopes."""
    rp.authorized(scope="openid profile")
    page = rp.authorize(scope="openid profile email")
    assert is_consent(page)
    assert page.text.count('class="new"') == 1


def test_trusted_clients_skip_consent(app: Flask, services: Services, sample_users) -> None:
    """An administrator's decision replaces the user's, except with prompt=consent."""
    rp = RelyingParty(app, *register(services, is_trusted=True))
    assert "code" in response_parameters(rp.sign_in(rp.authorize()))
    assert is_consent(rp.authorize(prompt="consent"))


def test_public_client_never_skips_the_user(app: Flask, services: Services, sample_users) -> None:
    """RFC 8252, 8.6: without an https redirect URI, a public client gets no response without the user."""
    key, _ = register(services, redirect_uris=("com.example.app:/cb",), auth_method="none")
    rp = RelyingParty(app, key, redirect_uri="com.example.app:/cb")
    rp.authorized()
    assert is_consent(rp.authorize())


def test_tokens_end_with_the_session(rp: RelyingParty) -> None:
    """S3: sign-out takes effect on the next request, unless offline access was granted."""
    online = rp.tokens()
    offline = rp.tokens(scope="openid offline_access")
    page = rp.browser.get("/sign-out")
    forms.submit(rp.browser, page, "logout-confirm")
    assert rp.userinfo(online["access_token"]).status_code == 401
    assert rp.refresh(online["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert rp.userinfo(offline["access_token"]).status_code == 200
    assert rp.refresh(offline["refresh_token"]).status_code == 200


def test_copied_session_cookie_is_invalid_after_sign_out(rp: RelyingParty) -> None:
    """S18: the server ends the session."""
    rp.authorized()
    cookie = rp.browser.get_cookie("authserver_session")
    assert cookie is not None
    forms.submit(rp.browser, rp.browser.get("/sign-out"), "logout-confirm")
    attacker = rp.app.test_client()
    attacker.set_cookie("authserver_session", cookie.value)
    assert attacker.get("/account").status_code == 303


def test_cancelling_the_sign_in_returns_access_denied(rp: RelyingParty) -> None:
    """RFC 6749, 4.1.2.1: access_denied if the user does not continue."""
    [link] = [tag for tag in re.findall(r"<a [^>]*>", rp.authorize().text) if 'id="login-cancel"' in tag]
    cancel_link = html.unescape(re.findall(r'href="([^"]*)"', link)[0])
    assert response_parameters(rp.browser.get(cancel_link))["error"] == "access_denied"


def test_refresh_tokens_of_public_clients_are_rotated(public_rp: RelyingParty) -> None:
    """2.2.2, 4.14.2: refresh tokens of public clients MUST be sender-constrained or rotated."""
    own = {"client_id": public_rp.key}
    tokens = public_rp.redeem(public_rp.code(), {}, **own).get_json()
    renewed = public_rp.refresh(tokens["refresh_token"], {}, **own).get_json()
    assert renewed["refresh_token"] != tokens["refresh_token"]


def test_reuse_by_a_public_client_revokes_the_family(
    public_rp: RelyingParty, moving_clock: MovingClock
) -> None:
    """4.14.2: a refresh token that is presented again revokes the active one."""
    own = {"client_id": public_rp.key}
    first = public_rp.redeem(public_rp.code(), {}, **own).get_json()["refresh_token"]
    second = public_rp.refresh(first, {}, **own).get_json()["refresh_token"]
    moving_clock.advance(seconds=60)
    for token in (first, second):
        assert public_rp.refresh(token, {}, **own).get_json()["error"] == "invalid_grant"


def test_new_password_revokes_refresh_tokens(rp: RelyingParty, services: Services) -> None:
    """4.14.2: refresh tokens SHOULD be revoked on a change of the password."""
    token = rp.tokens(scope="openid offline_access", prompt="consent")["refresh_token"]
    with services.database.transaction() as db:
        user = users.find(db, "alice")
        assert user is not None
        users.set_password(db, SYSTEM, user, services.passwords.hash("another fine password"))
    assert rp.refresh(token).get_json()["error"] == "invalid_grant"


def test_refresh_token_is_bound_to_its_scope(rp: RelyingParty) -> None:
    """4.14.2: refresh tokens MUST be bound to the scope that the user consented to."""
    token = rp.tokens(scope="openid")["refresh_token"]
    assert rp.refresh(token, scope="openid email").get_json()["error"] == "invalid_scope"


def test_tokens_are_restricted_to_their_audience(rp: RelyingParty) -> None:
    """2.3: access tokens SHOULD be restricted to a resource server, which MUST reject tokens for others."""
    document = rp.app.test_client().post(
        "/oauth2/introspect", data={"token": rp.tokens()["access_token"]}, headers=rp.basic
    )
    assert document.get_json()["aud"] == "http://localhost"


def test_redirects_do_not_resend_the_form(rp: RelyingParty) -> None:
    """4.12: no response to the sign-in or consent form makes a browser send the body elsewhere."""
    page = rp.authorize()
    seen = [page.status_code]
    form = forms.find(page, "login-submit")
    response = rp.browser.post(
        form.action, data=dict(form.fields) | {"username": "alice", "password": PASSWORD}
    )
    while response.status_code in {302, 303, 307, 308}:
        seen.append(response.status_code)
        response = rp.browser.get(response.location)
    assert {307, 308} & set(seen) == set()


@table("path", ["/oauth2/authorize", "/sign-in", "/sign-out", "/oidc/end_session"])
@table("name", ["next", "redirect_uri", "post_logout_redirect_uri", "return_to", "back", "url"])
def test_server_is_not_an_open_redirector(rp: RelyingParty, path: str, name: str) -> None:
    """4.11.2: authorization servers MUST NOT be open redirectors."""
    rp.browser = rp.app.test_client()
    for signed_in in (False, True):
        if signed_in:
            rp.authorized()
        response = rp.browser.get(path, query_string={name: "https://evil.example/"})
        assert "evil.example" not in response.headers.get("Location", "")


@pytest.mark.parametrize("response_type", ["code", "code id_token", "token", "nonsense"])
def test_errors_redirect_to_registered_uris_only(rp: RelyingParty, response_type: str) -> None:
    """4.11.2: errors do not bypass the check of the redirect URI."""
    response = rp.authorize(
        response_type=response_type, redirect_uri="https://evil.example/", scope="nonsense", prompt="none"
    )
    assert (response.status_code, "Location" in response.headers) == (400, False)


@pytest.mark.parametrize("is_approved", [True, False])
@pytest.mark.parametrize("change", [{"scope": "nonsense"}, {"prompt": "none"}, {"response_type": "nonsense"}])
def test_no_redirect_to_a_client_that_is_not_approved(
    app: Flask, services: Services, change: dict[str, str], is_approved: bool
) -> None:
    """4.11.2: the server MUST take precautions: it redirects only after an administrator approved the client."""
    rp = RelyingParty(app, *register(services, is_approved=is_approved))
    if is_approved:
        disapprove(services, rp.key)
    response = rp.authorize(**change)
    assert (response.status_code, "Location" in response.headers) == (403, False)


@pytest.mark.parametrize("path", ["/oauth2/authorize", "/oidc/authorize", "/consent", "/sign-in"])
def test_pages_do_not_support_cors(rp: RelyingParty, path: str) -> None:
    """2.6: the authorization endpoint MUST NOT support CORS, because clients redirect to it."""
    for method in ("GET", "OPTIONS"):
        response = rp.browser.open(path, method=method, headers={"Origin": "https://rp.example"})
        assert not [name for name, _ in response.headers if name.startswith("Access-Control-")]


def test_password_grant_is_off_by_default(rp: RelyingParty) -> None:
    """2.4: the grant MUST NOT be used. It works only for clients that an administrator registered for it."""
    response = rp.token(grant_type="password", username="alice", password=PASSWORD)
    assert response.get_json()["error"] == "unauthorized_client"


def test_front_channel_tokens_are_off_by_default(rp: RelyingParty) -> None:
    """2.1.2: response types that return access tokens SHOULD NOT be used. They need a registration."""
    for response_type in ("token", "id_token token", "code token", "code id_token token"):
        assert (
            response_parameters(rp.authorize(response_type=response_type))["error"] == "unauthorized_client"
        )

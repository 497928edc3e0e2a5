"""A relying party for the specification tests. It sends requests to the application, including invalid ones.

The third-party clients in tests/interop show that valid clients work.
"""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from authserver.context import SYSTEM
from authserver.domain.authorizations import consents
from authserver.domain.clients import client_secrets, clients, redirect_uris, registrations
from authserver.domain.clients.clients import Client
from authserver.domain.users import users
from authserver.protocol.services import Services
from authserver.vocabulary import ScopeName
from tests.support import forms, sample_users
from tests.support.sample_users import PASSWORD

REDIRECT_URI = "https://rp.example/cb"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
EVERY_GRANT = ("authorization_code", "refresh_token")


def register(services: Services, *, is_approved: bool = True, **registration: Any) -> tuple[str, str]:
    """Register a client. Return its key and a generated secret ("" if it uses none)."""
    asked = {
        "kind": "oidc",
        "name": "The Relying Party",
        "redirect_uris": (REDIRECT_URI,),
        "grant_types": EVERY_GRANT,
        "response_types": ("code",),
    }
    if registration.get("kind", "oidc") == "oidc":
        asked["scopes"] = tuple(ScopeName)
    with services.database.transaction() as db:
        rules = redirect_uris.rules_for_administrators(services.settings)
        metadata = registrations.validate(
            registrations.values_of_columns(asked | registration), uri_rules=rules
        )
        client = clients.register(db, SYSTEM, metadata, source="console")
        secret = ""
        if client_secrets.are_used(client.kind, client.auth_method):
            secret = client_secrets.generate(db, SYSTEM, services.vault, client)
        key = client.client_key
    if is_approved:
        approve(services, key)
    return key, secret


def approve(services: Services, key: str) -> None:
    """Approve a client as an administrator."""
    with services.database.transaction() as db:
        client = clients.get(db, key)
        clients.approve(db, SYSTEM, client, revision=client.revision)


def disapprove(services: Services, key: str) -> None:
    """Disapprove a client as an administrator."""
    with services.database.transaction() as db:
        client = clients.get(db, key)
        clients.disapprove(db, SYSTEM, client, revision=client.revision)


def edit(services: Services, key: str, **changes: Any) -> None:
    """Change the registration of a client as an administrator."""
    with services.database.transaction() as db:
        change(db, clients.get(db, key), **changes)


def change(db: Session, client: Client, **changes: Any) -> None:
    """Change the registration of a client within a transaction."""
    stored = registrations.columns_of(registrations.stored_values(client))
    values = registrations.values_of_columns(stored | changes)
    wanted = registrations.validate(values, known={"name": client.name})
    clients.edit(db, SYSTEM, client, wanted, revision=client.revision)


def stored(services: Services, key: str) -> Client:
    """Return the record of the client."""
    with services.database.transaction(write=False) as db:
        return clients.get(db, key)


@dataclass
class RelyingParty:
    """A client and a browser."""

    app: Flask
    key: str
    secret: str = ""
    redirect_uri: str = REDIRECT_URI
    browser: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        self.browser = self.app.test_client()

    @property
    def basic(self) -> dict[str, str]:
        """Return the header of client_secret_basic (RFC 6749, section 2.3.1)."""
        pair = f"{quote_plus(self.key)}:{quote_plus(self.secret)}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def request(self, **changes: str | None) -> dict[str, str]:
        """Return the parameters of a valid authorization request with changes. None omits a parameter."""
        parameters = {
            "client_id": self.key,
            "response_type": "code",
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile email",
            "state": "af0ifjsldkj",
            "nonce": "n-0S6_WzA2Mj",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (parameters | changes).items() if value is not None}

    def authorize(self, **changes: str | None) -> TestResponse:
        """Open the authorization endpoint in the browser and follow redirects within the application."""
        return self.follow(self.browser.get("/oauth2/authorize", query_string=self.request(**changes)))

    def follow(self, response: TestResponse) -> TestResponse:
        """Follow redirects within the application until a page or a redirect to another site."""
        while response.status_code in {302, 303} and not urlsplit(response.location).scheme:
            response = self.browser.get(response.location)
        return response

    def sign_in(self, page: TestResponse, username: str = "alice", password: str = PASSWORD) -> TestResponse:
        """Sign in on the page and follow redirects."""
        return self.follow(
            forms.submit(self.browser, page, "login-submit", username=username, password=password)
        )

    def allow(self, page: TestResponse) -> TestResponse:
        """Allow on the consent page and follow redirects."""
        return self.follow(forms.submit(self.browser, page, "consent-allow"))

    def deny(self, page: TestResponse) -> TestResponse:
        """Deny on the consent page and follow redirects."""
        return self.follow(forms.submit(self.browser, page, "consent-deny"))

    def authorized(self, username: str = "alice", **changes: str | None) -> TestResponse:
        """Complete sign-in and consent if the pages ask for them. Return the response to the client."""
        page = self.authorize(**changes)
        if 'id="login-submit"' in page.text:
            page = self.sign_in(page, username)
        if 'id="consent-allow"' in page.text:
            page = self.allow(page)
        return page

    def code(self, username: str = "alice", **changes: str | None) -> str:
        """Return a new authorization code.

        The user is already signed in and has consented to the scope. Tests of the sign-in or consent call
        ``authorized``, which uses the pages.
        """
        if self.browser.get_cookie(self.services.settings.cookie_name("authserver_session")) is None:
            self.arrange_sign_in(username, self.request(**changes).get("scope", ""))
        return response_parameters(self.authorized(username, **changes))["code"]

    def arrange_sign_in(self, username: str, scope: str) -> None:
        """Sign a user in and record their consent to the scope, without the pages."""
        sample_users.open_session(self.browser, self.services, username)
        with self.services.database.transaction() as db:
            user, client = users.find(db, username), clients.get(db, self.key)
            assert user is not None
            if not client.is_trusted:
                consents.remember(db, user.id, client.id, tuple(scope.split()))

    @property
    def services(self) -> Services:
        """Return the services of the application."""
        services: Services = self.app.extensions["authserver"]
        return services

    def token(self, headers: dict[str, str] | None = None, **form: str) -> TestResponse:
        """Send a form to the token endpoint, with client authentication unless the caller passes headers."""
        return self.app.test_client().post(
            "/oauth2/token", data=form, headers=self.basic if headers is None else headers
        )

    def redeem(self, code: str, headers: dict[str, str] | None = None, **changes: str | None) -> TestResponse:
        """Send a code to the token endpoint."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": VERIFIER,
        }
        wanted = {name: value for name, value in (form | changes).items() if value is not None}
        return self.token(headers, **wanted)

    def tokens(self, username: str = "alice", **changes: str | None) -> dict[str, Any]:
        """Return the token response of a complete sign-in."""
        response = self.redeem(self.code(username, **changes))
        assert response.status_code == 200, response.text
        document: dict[str, Any] = response.get_json()
        return document

    def refresh(self, refresh_token: str, headers: dict[str, str] | None = None, **form: str) -> TestResponse:
        """Send a refresh token to the token endpoint."""
        return self.token(headers, grant_type="refresh_token", refresh_token=refresh_token, **form)

    def userinfo(self, access_token: str) -> TestResponse:
        """Send an access token to the userinfo endpoint."""
        return self.app.test_client().get(
            "/oidc/userinfo", headers={"Authorization": f"Bearer {access_token}"}
        )


def response_parameters(response: TestResponse) -> dict[str, str]:
    """Return the parameters of an authorization response in any response mode."""
    if response.status_code == 200:
        return dict(forms.find(response, "form-post-continue").fields)
    assert response.status_code in {302, 303}, f"{response.status}: {response.text[:2000]}"
    parts = urlsplit(response.location)
    pairs = parse_qsl(parts.fragment or parts.query, keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs), "a parameter is repeated"
    return dict(pairs)


def assert_error(response: TestResponse, error: str, status: int = 400) -> None:
    """Assert that a machine endpoint returned this error in its format (RFC 6749, section 5.2)."""
    document: dict[str, str] = response.get_json()
    assert (response.status_code, document["error"]) == (status, error)
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    description = document["error_description"]
    assert description.isascii()
    assert description.isprintable()
    assert not set('"\\') & set(description)


def claims(jwt: str) -> dict[str, Any]:
    """Return the claims of a JWT without checking its signature."""
    part = jwt.split(".")[1]
    content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return content

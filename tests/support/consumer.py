"""An OAuth 1.0a consumer for the tests. oauthlib signs its requests, including invalid ones."""

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from oauthlib import oauth1
from werkzeug.test import TestResponse

from authserver.context import SYSTEM
from authserver.domain.clients import client_secrets, clients
from authserver.domain.clients.metadata import ClientMetadata
from authserver.domain.oauth1.consumers import ConsumerOptions as Options
from authserver.protocol.services import Services
from tests.support import forms, sample_users
from tests.support.sample_users import PASSWORD

CALLBACK = "https://tool.example/back"
FORM = "application/x-www-form-urlencoded"
ORIGIN = "http://localhost"
PATHS = ["/oauth/requestToken", "/oauth/accessToken", "/oauth/whoami"]


@dataclass
class Consumer:
    """A consumer, its current token, and a browser.

    If the application runs in another process, ``app`` is None, and the consumer only signs.
    """

    app: Flask | None
    key: str
    secret: str
    token: str | None = None
    token_secret: str | None = None
    method: str = "HMAC-SHA1"
    place: str = "AUTH_HEADER"
    more: dict[str, Any] = field(default_factory=dict)
    browser: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        if self.app is not None:
            self.browser = self.app.test_client()

    def with_token(self, response: TestResponse) -> "Consumer":
        """Return the consumer with the credentials from a response. It keeps its browser."""
        pairs = credentials(response)
        other = replace(self, token=pairs["oauth_token"], token_secret=pairs["oauth_token_secret"])
        other.browser = self.browser
        return other

    def sign(
        self, verb: str, url: str, form: list[tuple[str, str]] | None = None, **more: Any
    ) -> tuple[str, dict[str, str], Any]:
        """Return the signed URL, headers and body."""
        signer = oauth1.Client(
            self.key,
            client_secret=self.secret,
            resource_owner_key=self.token,
            resource_owner_secret=self.token_secret,
            signature_method=self.method,
            signature_type=self.place,
            **(self.more | more),
        )
        is_form = form is not None or self.place == "BODY"
        headers = {"Content-Type": FORM} if is_form else {}
        return signer.sign(url, verb, body=urlencode(form or []) if is_form else None, headers=headers)  # type: ignore[no-any-return]

    def send(
        self, verb: str, path: str, form: list[tuple[str, str]] | None = None, **more: Any
    ) -> TestResponse:
        """Sign a request for a path and send it."""
        url, headers, body = self.sign(verb, ORIGIN + path, form, **more)
        return self.deliver(verb, url, headers, body)

    def deliver(self, verb: str, url: str, headers: dict[str, str], body: Any) -> TestResponse:
        """Send a request unchanged."""
        parts = urlsplit(url)
        assert self.app is not None
        return self.app.test_client().open(
            parts.path, method=verb, query_string=parts.query, headers=headers, data=body or b""
        )

    def request_token(self, callback: str | None = CALLBACK, verb: str = "POST", **more: Any) -> TestResponse:
        """Request temporary credentials."""
        return self.send(verb, "/oauth/requestToken", callback_uri=callback, **more)

    def authorize(self, username: str = "alice", button: str = "consent-allow", **query: str) -> TestResponse:
        """Open the authorization endpoint in the browser. If the pages ask for it, sign in and click the button."""
        page = self.follow(
            self.browser.get("/oauth/authorize", query_string={"oauth_token": self.token or "", **query})
        )
        if 'id="login-submit"' in page.text:
            page = self.follow(
                forms.submit(self.browser, page, "login-submit", username=username, password=PASSWORD)
            )
        if 'id="consent-allow"' in page.text:
            page = self.follow(forms.submit(self.browser, page, button))
        return page

    def follow(self, response: TestResponse) -> TestResponse:
        """Follow redirects within the application."""
        while response.status_code in {302, 303} and not urlsplit(response.location).netloc:
            response = self.browser.get(response.location)
        return response

    def access_token(self, verifier: str | None, verb: str = "POST", **more: Any) -> TestResponse:
        """Exchange the temporary credentials for token credentials."""
        return self.send(verb, "/oauth/accessToken", verifier=verifier, **more)

    def get_token_credentials(self, username: str = "alice", callback: str = CALLBACK) -> "Consumer":
        """Return the consumer with token credentials, after a complete authorization by a signed-in user."""
        assert self.app is not None
        if self.browser.get_cookie("authserver_session") is None:
            sample_users.open_session(self.browser, self.app.extensions["authserver"], username)
        temporary = self.with_token(self.request_token(callback))
        back = callback_parameters(temporary.authorize(username))
        return temporary.with_token(temporary.access_token(back["oauth_verifier"]))

    def whoami(self, verb: str = "GET", **more: Any) -> TestResponse:
        """Call the sample protected resource."""
        return self.send(verb, "/oauth/whoami", **more)


def register(
    services: Services,
    app: Flask,
    *,
    is_approved: bool = True,
    callbacks: tuple[str, ...] = (CALLBACK,),
    **options: Any,
) -> Consumer:
    """Register a consumer with these options."""
    is_trusted = options.pop("is_trusted", False)
    registration = ClientMetadata(
        kind="oauth1",
        name="The Tool",
        redirect_uris=callbacks,
        is_trusted=is_trusted,
        **Options(**options).details(),
    )
    with services.database.transaction() as db:
        client = clients.register(db, SYSTEM, registration, source="console")
        secret = client_secrets.generate(db, SYSTEM, services.vault, client)
        if is_approved:
            clients.approve(db, SYSTEM, client, revision=client.revision)
        return Consumer(app, client.client_key, secret)


def credentials(response: TestResponse) -> dict[str, str]:
    """Return the parameters of a successful response."""
    assert response.status_code == 200, f"{response.status}: {response.text}"
    assert response.content_type.startswith(FORM)
    return dict(parse_qsl(response.text, strict_parsing=True))


def callback_parameters(response: TestResponse) -> dict[str, str]:
    """Return the parameters that the browser sends to the consumer."""
    assert response.status_code == 303, f"{response.status}: {response.text[:3000]}"
    return dict(parse_qsl(urlsplit(response.location).query))


def problem_of(response: TestResponse) -> tuple[int, str]:
    """Return the status and the oauth_problem of an error, which must be in the header and in the body."""
    pairs = dict(parse_qsl(response.text))
    assert response.content_type.startswith(FORM), response.text
    assert response.headers["Cache-Control"] == "no-store"
    challenge = response.headers["WWW-Authenticate"]
    assert challenge.startswith('OAuth realm="')
    assert f'oauth_problem="{pairs["oauth_problem"]}"' in challenge
    return response.status_code, pairs["oauth_problem"]

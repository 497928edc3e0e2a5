"""An OAuth 1.0a consumer for the tests: signed by oauthlib, sent to the application in this process, mistakes included."""

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
from tests.support import forms, people
from tests.support.people import PASSWORD

CALLBACK = "https://tool.example/back"
FORM = "application/x-www-form-urlencoded"
ORIGIN = "http://localhost"
PATHS = ["/oauth/requestToken", "/oauth/accessToken", "/oauth/whoami"]


@dataclass
class Consumer:
    """A consumer, the token that it signs with at the moment, and a browser in front of the application.

    Where the application runs in another process, ``app`` is None, and the consumer only signs.
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

    def with_token(self, answer: TestResponse) -> "Consumer":
        """Return the consumer with the credentials of an answer; it keeps its browser."""
        pairs = credentials(answer)
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
        """Send a request as it is."""
        parts = urlsplit(url)
        assert self.app is not None
        return self.app.test_client().open(
            parts.path, method=verb, query_string=parts.query, headers=headers, data=body or b""
        )

    def request_token(self, callback: str | None = CALLBACK, verb: str = "POST", **more: Any) -> TestResponse:
        """Ask for temporary credentials."""
        return self.send(verb, "/oauth/requestToken", callback_uri=callback, **more)

    def authorize(self, username: str = "alice", button: str = "consent-allow", **query: str) -> TestResponse:
        """Send the browser to the authorization endpoint, sign in and decide as far as that is asked for."""
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

    def follow(self, answer: TestResponse) -> TestResponse:
        """Follow redirects within the application."""
        while answer.status_code in {302, 303} and not urlsplit(answer.location).netloc:
            answer = self.browser.get(answer.location)
        return answer

    def access_token(self, verifier: str | None, verb: str = "POST", **more: Any) -> TestResponse:
        """Exchange the temporary credentials."""
        return self.send(verb, "/oauth/accessToken", verifier=verifier, **more)

    def dance(self, username: str = "alice", callback: str = CALLBACK) -> "Consumer":
        """Go all the way and return the consumer with its token credentials; the person is signed in already."""
        assert self.app is not None
        if self.browser.get_cookie("authserver_session") is None:
            people.open_session(self.browser, self.app.extensions["authserver"], username)
        temporary = self.with_token(self.request_token(callback))
        back = returned(temporary.authorize(username))
        return temporary.with_token(temporary.access_token(back["oauth_verifier"]))

    def whoami(self, verb: str = "GET", **more: Any) -> TestResponse:
        """Call the protected sample resource."""
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


def credentials(answer: TestResponse) -> dict[str, str]:
    """Return the pairs of a successful answer."""
    assert answer.status_code == 200, f"{answer.status}: {answer.text}"
    assert answer.content_type.startswith(FORM)
    return dict(parse_qsl(answer.text, strict_parsing=True))


def returned(answer: TestResponse) -> dict[str, str]:
    """Return what the browser carries back to the consumer."""
    assert answer.status_code == 303, f"{answer.status}: {answer.text[:3000]}"
    return dict(parse_qsl(urlsplit(answer.location).query))


def problem(answer: TestResponse) -> tuple[int, str]:
    """Return the status and the problem of a refusal, which stands in the header and in the body."""
    pairs = dict(parse_qsl(answer.text))
    assert answer.content_type.startswith(FORM), answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith('OAuth realm="')
    assert f'oauth_problem="{pairs["oauth_problem"]}"' in challenge
    return answer.status_code, pairs["oauth_problem"]

"""An administrator's browser without scripts: it requests the pages of the console and submits their forms."""

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from authserver.domain.clients import clients, registrations
from authserver.domain.clients.clients import Client
from authserver.protocol.services import Services
from tests.support import forms, sample_users

REGISTERED_URI = "https://app.example.org/callback"
WRONG_URI = "https://app.example.org/Callback/"
HTMX_DIALOG = {"HX-Request": "true", "HX-Target": "dialog#dialog"}
HTMX_RESULTS = {"HX-Request": "true", "HX-Target": "div#results"}


class Console:
    """The browser of one administrator."""

    def __init__(self, browser: FlaskClient, services: Services) -> None:
        self.browser = browser
        self.services = services

    def get(self, path: str, **headers: str) -> TestResponse:
        """Request a path."""
        return self.browser.get(path, headers=headers)

    def press(self, page: TestResponse, label: str, /, headers: Any = None, **values: Any) -> TestResponse:
        """Fill in the form that contains the button with this label, press it, and return the response."""
        return forms.press(self.browser, page, label, values, headers)

    def client(self, key: str) -> Client | None:
        """Return the stored client."""
        with self.services.database.transaction(write=False) as db:
            return clients.find(db, key)

    def add_client(self, name: str = "Grafana", *, approve: bool = False, **fields: Any) -> Client:
        """Register a client directly in the database."""
        usual = {"kind": "oidc", "name": name, "redirect_uris": ("https://app.example.org/callback",)}
        registration = registrations.validate(registrations.values_of_columns(usual | fields))
        with self.services.database.transaction() as db:
            client = clients.register(db, sample_users.ACTOR, registration, source="registration")
            if approve:
                clients.approve(db, sample_users.ACTOR, client, revision=client.revision)
        return client


def authorize(browser: FlaskClient, client: Client, **changes: str) -> TestResponse:
    """Send an authorization request as the client would."""
    query = {
        "client_id": client.client_key, "response_type": "code", "redirect_uri": REGISTERED_URI, "scope": "openid",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
    }  # fmt: skip
    return browser.get("/oauth2/authorize", query_string=query | changes)

"""The discovery documents, and a client that takes every URL and every value from one of them."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.test import TestResponse

from authserver.protocol.services import Services
from tests.support.relying_party import VERIFIER, RelyingParty, register, response_parameters

OPENID_DOCUMENTS = ("/.well-known/openid-configuration", "/.well-known/oidc-configuration")
DOCUMENTS = (
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth2.0-configuration",
    "/.well-known/oidc-configuration",
)
GRANTS = (
    "authorization_code",
    "refresh_token",
    "password",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
)
SCOPES = ("openid", "profile", "email", "address", "phone", "groups", "offline_access")
TYPES = {
    "oauth2": ("code", "token"),
    "oidc": ("code", "code id_token", "code id_token token", "code token", "id_token", "id_token token"),
}


def kind_for(path: str, response_type: str = "code") -> str:
    """Return the kind of client that reads a document and can have a response type."""
    return "oauth2" if "oauth2.0" in path or response_type == "token" else "oidc"


@dataclass
class Reader:
    """A trusted client of one document. By default it is registered for everything that its kind can have."""

    rp: RelyingParty
    document: dict[str, Any]

    @classmethod
    def new(
        cls, app: Flask, services: Services, path: str, *, kind: str = "", **registration: Any
    ) -> "Reader":
        """Register a client and read the document."""
        kind = kind or kind_for(path)
        everything = {
            "grant_types": GRANTS,
            "response_types": TYPES[kind],
            "scopes": SCOPES,
            "is_trusted": True,
        }
        rp = RelyingParty(app, *register(services, kind=kind, **everything | registration))
        response = app.test_client().get(path)
        assert response.status_code == 200
        return cls(rp, response.get_json())

    def at(self, name: str) -> str:
        """Return the path of an endpoint."""
        return urlsplit(self.document[name]).path

    def authorize(self, **changes: str | None) -> TestResponse:
        """Send an authorization request to the document's endpoint. Sign alice in if the page asks for it."""
        request = self.rp.request(**changes)
        page = self.rp.follow(self.rp.browser.get(self.at("authorization_endpoint"), query_string=request))
        return self.rp.sign_in(page) if 'id="password"' in page.text else page

    def post(self, name: str, form: dict[str, str], headers: dict[str, str] | None = None) -> TestResponse:
        """Send a form to an endpoint, with the client secret unless the caller passes headers."""
        headers = self.rp.basic if headers is None else headers
        return self.rp.app.test_client().post(self.at(name), data=form, headers=headers)

    def tokens(self, **changes: str | None) -> dict[str, Any]:
        """Sign in, redeem the code and return the token response."""
        form = {
            "grant_type": "authorization_code",
            "code": response_parameters(self.authorize(**changes))["code"],
            "redirect_uri": self.rp.redirect_uri,
            "code_verifier": VERIFIER,
        }
        response = self.post("token_endpoint", form)
        assert response.status_code == 200, response.text
        document: dict[str, Any] = response.get_json()
        return document

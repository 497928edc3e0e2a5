"""A client that registers itself and manages its registration (RFC 7591, RFC 7592)."""

from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from authserver.context import SYSTEM
from authserver.domain.clients import clients, self_registration
from authserver.domain.clients.redirect_uris import STRICT
from authserver.domain.clients.self_registration import PendingChange
from authserver.protocol.services import Services
from tests.support.relying_party import RelyingParty

MINIMAL: dict[str, Any] = {"client_name": "My Example", "redirect_uris": ["https://client.example/callback"]}


@dataclass
class Registrant:
    """A client that registered itself, and the registration response."""

    app: Flask
    registration: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def new(cls, app: Flask, path: str = "/oauth2/register", **metadata: Any) -> "Registrant":
        """Register a client."""
        response = app.test_client().post(path, json=MINIMAL | metadata)
        assert response.status_code == 201, response.text
        return cls(app, response.get_json())

    @property
    def key(self) -> str:
        """Return the client key."""
        return str(self.registration["client_id"])

    @property
    def rp(self) -> RelyingParty:
        """Return the same client as a relying party."""
        return RelyingParty(
            self.app,
            self.key,
            self.registration.get("client_secret", ""),
            self.registration["redirect_uris"][0],
        )

    def manage(self, method: str, token: str | None = None, **request: Any) -> TestResponse:
        """Send a request to its client configuration endpoint."""
        token = self.registration["registration_access_token"] if token is None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        path = self.registration["registration_client_uri"].removeprefix("http://localhost")
        return self.app.test_client().open(path, method=method, headers=headers, **request)

    def put(self, **metadata: Any) -> TestResponse:
        """Replace the registration with the minimal one, changed by ``metadata``."""
        return self.manage("PUT", json=MINIMAL | {"client_id": self.key} | metadata)

    def registered(self) -> dict[str, Any]:
        """Return the metadata that the server has registered."""
        response = self.manage("GET")
        assert response.status_code == 200, response.text
        document: dict[str, Any] = response.get_json()
        return document


def find_pending_change(services: Services, key: str) -> PendingChange | None:
    """Return the change that waits for an administrator, or None."""
    with services.database.transaction(write=False) as db:
        return self_registration.pending_change_of(db, clients.get(db, key))


def approve_change(services: Services, key: str) -> None:
    """Approve the pending change as an administrator."""
    with services.database.transaction() as db:
        client = clients.get(db, key)
        self_registration.approve_change(db, SYSTEM, services.vault, client, STRICT, revision=client.revision)


def discard_change(services: Services, key: str) -> None:
    """Discard the pending change as an administrator."""
    with services.database.transaction() as db:
        client = clients.get(db, key)
        self_registration.discard_change(db, SYSTEM, client, revision=client.revision)

"""A resource server or relying party that verifies JWTs with the published keys."""

import json
from typing import Any

from flask import Flask
from joserfc import jws
from joserfc.jwk import import_key

from authserver.protocol import algorithms


class UnknownKey(AssertionError):
    """The JWT names a key that the verifier has not fetched."""


class Verifier:
    """Fetches the JWK set on request, like a client with a cache."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self.keys: dict[str, dict[str, Any]] = {}
        self.fetch()

    def fetch(self) -> None:
        """Fetch the JWK set again."""
        document = self._app.test_client().get("/jwks.json").get_json()
        self.keys = {key["kid"]: key for key in document["keys"]}

    def header(self, token: str) -> dict[str, Any]:
        """Return the header of a JWT."""
        header: dict[str, Any] = jws.extract_compact(token.encode()).headers()
        return header

    def claims(self, token: str) -> dict[str, Any]:
        """Return the claims of a JWT with a valid signature. Raise UnknownKey for an unknown kid."""
        header = self.header(token)
        if header["kid"] not in self.keys:
            raise UnknownKey(header["kid"])
        key = self.keys[header["kid"]]
        assert key["alg"] == header["alg"]
        registry = algorithms.registry(key["alg"])
        claims: dict[str, Any] = json.loads(
            jws.deserialize_compact(token.encode(), import_key(key), registry=registry).payload
        )
        return claims

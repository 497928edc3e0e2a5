"""Clients that authenticate with signed assertions, including invalid ones."""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode
from werkzeug.test import TestResponse

from authserver import clock
from authserver.protocol import algorithms

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def generate(algorithm: str = "ES256") -> Any:
    """Return a new private key for an algorithm."""
    if algorithm == "ES256":
        return ECKey.generate_key("P-256")
    return OKPKey.generate_key("Ed25519") if algorithm == "EdDSA" else RSAKey.generate_key(2048)


def public(key: Any, **more: Any) -> dict[str, Any]:
    """Return the public JWK of a key."""
    return {**key.as_dict(private=False), **more}


def short_rsa_key() -> RSAKey:
    """Return a private RSA key of 1024 bits."""
    raw = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    return RSAKey(raw, raw)


def padded(key: RSAKey, padding: bytes) -> dict[str, Any]:
    """Return the public JWK of an RSA key whose encoded modulus starts with additional bytes."""
    entry = public(key)
    return entry | {"n": urlsafe_b64encode(padding + urlsafe_b64decode(entry["n"].encode())).decode()}


@dataclass
class Signer:
    """A client with a key or a secret."""

    app: Flask
    client_key: str
    key: Any
    algorithm: str = "ES256"
    issuer: str = "http://localhost"
    header: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def with_secret(cls, app: Flask, client_key: str, secret: str) -> "Signer":
        """Return a client that signs with its client secret."""
        return cls(app, client_key, OctKey.import_key(secret), "HS256")

    def assertion(self, header: dict[str, Any] | None = None, **changes: Any) -> str:
        """Return a valid assertion with changes. None omits a claim."""
        now = clock.now()
        claims = {
            "iss": self.client_key,
            "sub": self.client_key,
            "aud": f"{self.issuer}/oauth2/token",
            "exp": clock.timestamp(now + timedelta(minutes=5)),
            "iat": clock.timestamp(now),
            "jti": secrets.token_hex(16),
        } | changes
        claims = {name: value for name, value in claims.items() if value is not None}
        head = {"alg": self.algorithm, **self.header, **(header or {})}
        return jwt.encode(head, claims, self.key, registry=algorithms.registry(head["alg"]))

    def form(self, assertion: str | None = None, **more: str) -> dict[str, str]:
        """Return the parameters of a client credentials request."""
        return {
            "grant_type": "client_credentials",
            "client_assertion_type": TYPE,
            "client_assertion": assertion or self.assertion(),
        } | more

    def token(self, assertion: str | None = None, path: str = "/oauth2/token", **more: str) -> TestResponse:
        """Send the token request."""
        return self.app.test_client().post(path, data=self.form(assertion, **more))

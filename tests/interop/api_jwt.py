"""An API with Flask and Authlib that accepts JWT access tokens: it checks the signature with the server's public keys.

Run it with ISSUER, RESOURCE (the identifier of the API) and PORT in the environment.
"""

import os
import time
from functools import lru_cache

import requests
from authlib.integrations.flask_oauth2 import ResourceProtector, current_token
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from flask import Flask, jsonify
from werkzeug.wrappers import Response

ISSUER = os.environ["ISSUER"]


@lru_cache(maxsize=1)
def fetch_keys(_ten_minutes: float) -> dict[str, object]:
    """Fetch the public keys, at most once in ten minutes. The server publishes a new key long before it signs with it."""
    metadata = requests.get(f"{ISSUER}/.well-known/oauth-authorization-server", timeout=10).json()
    return requests.get(metadata["jwks_uri"], timeout=10).json()


class Jwts(JWTBearerTokenValidator):
    def get_jwks(self) -> dict[str, object]:
        return fetch_keys(time.monotonic() // 600)


protected = ResourceProtector()
protected.register_token_validator(Jwts(issuer=ISSUER, resource_server=os.environ["RESOURCE"]))
app = Flask(__name__)


@app.get("/live")
def live() -> str:
    return "live"


@app.get("/models")
@protected("models.read")
def models() -> Response:
    return jsonify(sub=current_token["sub"], scope=current_token["scope"])


if __name__ == "__main__":
    app.run(port=int(os.environ["PORT"]))

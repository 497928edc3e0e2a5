"""An API with Flask and Authlib that accepts opaque access tokens: it asks the authorization server about each token.

Run it with ISSUER, CLIENT_ID and CLIENT_SECRET (of the client of the API) and PORT in the environment.
"""

import os

import requests
from authlib.integrations.flask_oauth2 import ResourceProtector, current_token
from authlib.oauth2.rfc7662 import IntrospectTokenValidator
from flask import Flask, jsonify
from werkzeug.wrappers import Response

ISSUER = os.environ["ISSUER"]
METADATA = requests.get(f"{ISSUER}/.well-known/oauth-authorization-server", timeout=10).json()


class Introspection(IntrospectTokenValidator):
    def introspect_token(self, token_string: str) -> dict[str, object]:
        response = requests.post(
            METADATA["introspection_endpoint"],
            data={"token": token_string},
            auth=(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]),
            timeout=10,
        )
        response.raise_for_status()
        return response.json()


protected = ResourceProtector()
protected.register_token_validator(Introspection())
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

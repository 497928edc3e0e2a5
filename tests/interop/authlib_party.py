"""A relying party that uses Authlib's Flask client, run as a process: `/` signs the user in and shows the claims.

ISSUER, CLIENT_ID, CLIENT_SECRET, PORT and, if it is not `openid profile email`, SCOPE come from the environment; everything
else is discovered.
"""

import os
import secrets

from authlib.integrations.flask_client import OAuth
from flask import Flask, jsonify, redirect, session, url_for
from werkzeug.wrappers import Response

app = Flask(__name__)
app.secret_key = secrets.token_bytes(32)
# Both servers of a test run on 127.0.0.1, and cookies are not separated by port.
app.config["SESSION_COOKIE_NAME"] = "authlib-party"
provider = OAuth(app).register(
    "provider",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    server_metadata_url=f"{os.environ['ISSUER']}/.well-known/openid-configuration",
    client_kwargs={
        "scope": os.environ.get("SCOPE", "openid profile email"),
        "code_challenge_method": "S256",
    },
)


# The latest token response. A test can use its tokens.
received: dict[str, object] = {}


@app.get("/tokens")
def tokens() -> Response:
    return jsonify(received)


@app.get("/favicon.ico")
def icon() -> tuple[str, int]:
    return "", 204


@app.get("/live")
def live() -> str:
    return "live"


@app.get("/")
def home() -> Response:
    if "user" in session:
        return jsonify(session["user"])
    return provider.authorize_redirect(url_for("callback", _external=True))


@app.get("/callback")
def callback() -> Response:
    # Checks state, nonce, signature and the claims of the ID token.
    token = provider.authorize_access_token()
    received.update(token)
    claims = provider.userinfo(token=token)
    assert claims["sub"] == token["userinfo"]["sub"]
    session["user"] = {"name": claims["name"], "sub": claims["sub"], "email": claims["email"]}
    return redirect(url_for("home"))


if __name__ == "__main__":
    app.run("127.0.0.1", int(os.environ["PORT"]))

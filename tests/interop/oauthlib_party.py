"""An OAuth 1.0a consumer that uses requests-oauthlib: `/` signs a user in and shows the protected resource's response.

ISSUER, CLIENT_ID, CLIENT_SECRET, PORT and, if it is not HMAC-SHA1, SIGNATURE_METHOD come from the environment.
"""

import os

from flask import Flask, redirect, request
from requests_oauthlib import OAuth1Session
from requests_oauthlib.oauth1_session import TokenRequestDenied
from werkzeug.wrappers import Response

ISSUER = os.environ["ISSUER"]
app = Flask(__name__)
pending: dict[str, str] = {}  # the temporary credentials of the sign-in in progress
received: dict[str, str] = {}


def signed_session(**more: str) -> OAuth1Session:
    """Return a session that signs as this consumer."""
    return OAuth1Session(
        os.environ["CLIENT_ID"],
        client_secret=os.environ["CLIENT_SECRET"],
        signature_method=os.environ.get("SIGNATURE_METHOD", "HMAC-SHA1"),
        **more,
    )


@app.get("/live")
def live() -> str:
    return "live"


@app.get("/")
def home() -> Response:
    session = signed_session(callback_uri=f"http://127.0.0.1:{os.environ['PORT']}/callback")
    pending.update(session.fetch_request_token(f"{ISSUER}/oauth/requestToken"))
    return redirect(session.authorization_url(f"{ISSUER}/oauth/authorize"))


@app.get("/callback")
def callback() -> tuple[str, int]:
    try:
        session = signed_session(
            resource_owner_key=pending["oauth_token"],
            resource_owner_secret=pending["oauth_token_secret"],
            verifier=request.args.get("oauth_verifier", "none"),
        )
        received.update(session.fetch_access_token(f"{ISSUER}/oauth/accessToken"))
    except TokenRequestDenied as error:
        return f"refused: {error}", 502
    return protected()


@app.get("/protected")
def protected() -> tuple[str, int]:
    """Call the protected resource with the latest token."""
    session = signed_session(
        resource_owner_key=received["oauth_token"], resource_owner_secret=received["oauth_token_secret"]
    )
    response = session.get(f"{ISSUER}/oauth/whoami", params={"a": ["2", "1"], "b": "x y/ü%"})
    return response.text, response.status_code


if __name__ == "__main__":
    app.run(port=int(os.environ["PORT"]))

"""A consumer that behaves like Eclipse Lyo's client: OAuth Core 1.0 with the peculiarities of its Java library.

It gets the request token by GET without a callback, passes the callback in the authorization URL, gets the access token
without a verifier, and signs two-legged calls with `oauth_token=""`. `/` signs in, `/two-legged` uses the functional user.
"""

import base64
import hashlib
import hmac
import os
import secrets
import time
from urllib.parse import parse_qsl, quote, urlencode

import requests
from flask import Flask, redirect, request
from werkzeug.wrappers import Response

ISSUER, KEY, SECRET = (os.environ[name] for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET"))
app = Flask(__name__)
pending: dict[str, str] = {}


def escaped(text: str) -> str:
    """Return text encoded per RFC 3986, as the Java library does."""
    return quote(text, safe="~")


def call(method: str, path: str, token: str, token_secret: str) -> requests.Response:
    """Sign and send a request as OAuthMessage.writeAuthorizationHeader does."""
    pairs = {
        "oauth_token": token,
        "oauth_consumer_key": KEY,
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(int(time.time())),
        "oauth_nonce": secrets.token_hex(8),
        "oauth_version": "1.0",
    }
    url = f"{ISSUER}{path}"
    normalized = "&".join(f"{escaped(name)}={escaped(value)}" for name, value in sorted(pairs.items()))
    base_string = "&".join(map(escaped, (method, url, normalized)))
    digest = hmac.digest(
        f"{escaped(SECRET)}&{escaped(token_secret)}".encode(), base_string.encode(), hashlib.sha1
    )
    pairs["oauth_signature"] = base64.b64encode(digest).decode()
    header = ", ".join(f'{escaped(name)}="{escaped(value)}"' for name, value in pairs.items())
    return requests.request(method, url, headers={"Authorization": f"OAuth {header}"}, timeout=10)


@app.get("/live")
def live() -> str:
    return "live"


@app.get("/")
def home() -> Response | tuple[str, int]:
    response = call("GET", "/oauth/requestToken", "", "")
    if not response.ok:
        return f"refused: {response.status_code} {response.headers['WWW-Authenticate']}", 502
    pending.update(parse_qsl(response.text))
    callback = f"http://127.0.0.1:{os.environ['PORT']}/callback"
    return redirect(
        f"{ISSUER}/oauth/authorize?"
        + urlencode({"oauth_token": pending["oauth_token"], "oauth_callback": callback})
    )


@app.get("/callback")
def callback() -> tuple[str, int]:
    assert request.args["oauth_token"] == pending["oauth_token"]
    response = call("POST", "/oauth/accessToken", pending["oauth_token"], pending["oauth_token_secret"])
    if not response.ok:
        return f"refused: {response.status_code} {response.text}", 502
    token = dict(parse_qsl(response.text))
    response = call("GET", "/oauth/whoami", token["oauth_token"], token["oauth_token_secret"])
    return response.text, response.status_code


@app.get("/two-legged")
def two_legged() -> tuple[str, int]:
    response = call("GET", "/oauth/whoami", "", "")
    return response.text, response.status_code


if __name__ == "__main__":
    app.run(port=int(os.environ["PORT"]))

"""One run: the users and clients that the scenarios share, and the steps that prepare the recorded requests."""

import base64
import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from werkzeug.test import TestResponse

from tests.support import forms
from tests.wire.installation import FULL_NAMES, PASSWORD, Installation
from tests.wire.recorder import Caller, Recorder

REDIRECT_URI = "https://rp.example/cb"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
RESPONSE_TYPES = ("code", "code id_token", "code id_token token", "code token", "id_token", "id_token token")
_GRANTS = ("authorization_code", "refresh_token")
_ALL_GRANTS = (*_GRANTS, "password", "client_credentials", DEVICE_GRANT)


@dataclass(frozen=True)
class RegisteredClient:
    """A client that the command line has registered."""

    key: str
    secret: str = ""
    redirect_uri: str = REDIRECT_URI

    @property
    def basic(self) -> dict[str, str]:
        """The header of client_secret_basic (RFC 6749, section 2.3.1)."""
        return basic(self.key, self.secret)


class Run:
    """The transcript in progress, the application, and what is registered in it."""

    def __init__(self, installation: Installation, recorder: Recorder) -> None:
        self.installation = installation
        self.recorder = recorder
        self.signing_key = ECKey.generate_key("P-256", parameters={"kid": "k1"})
        self.clients: dict[str, RegisteredClient] = {}
        self.networks = 0
        self._alice: Caller | None = None
        for name in FULL_NAMES:
            options = ("--grant", "configure_server") if name == "admin" else ()
            user = installation.add_user(name, *options)
            recorder.placeholders.learn(user["subject"], f"subject of {name}")
        installation.command("users", "edit", "alice", *_claims_of_alice())
        installation.command("scopes", "add", "printing", "--words", "Print")
        installation.command("scopes", "add", "reading", "--words", "Read", "--open")
        self._add_clients()
        self.app = installation.application()

    def _add_clients(self) -> None:
        add = self.add_client
        add("web", "oidc", grants=_GRANTS)
        add("other", "oidc", grants=_GRANTS, trusted=True)
        add("trusted", "oidc", grants=_ALL_GRANTS, responses=RESPONSE_TYPES, trusted=True, more=(
            "--scope", "openid profile email address phone offline_access printing reading",
            "--option", 'resources=["https://api.example/", "https://files.example/"]',
        ))  # fmt: skip
        add("public", "oidc", method="none", grants=_GRANTS)
        add(
            "native",
            "oidc",
            method="none",
            grants=(*_GRANTS, DEVICE_GRANT),
            redirect_uri="com.example.app:/cb",
        )
        add("post", "oidc", method="client_secret_post", trusted=True)
        add("loose", "oidc", grants=_GRANTS, trusted=True, more=("--pkce", "optional"))
        add("code", "oauth2", grants=_GRANTS, trusted=True)
        add("token", "oauth2", grants=("implicit",), responses=("token",), trusted=True)
        add(
            "service",
            "oauth2",
            grants=("client_credentials",),
            redirect_uri="",
            more=("--scope", "printing reading"),
        )
        add("pairwise", "oidc", grants=_GRANTS, trusted=True, more=("--option", "subject_type=pairwise"))
        add("jwt", "oidc", method="client_secret_jwt", grants=("client_credentials",), redirect_uri="")
        keys = json.dumps({"keys": [self.signing_key.as_dict(private=False)]})
        add("keyed", "oidc", method="private_key_jwt", grants=("client_credentials",), redirect_uri="",
            more=("--option", f"jwks={keys}"))  # fmt: skip
        add("signed", "oidc", grants=_GRANTS, trusted=True, more=(
            "--option", "id_token_signed_response_alg=PS256", "--option", "userinfo_signed_response_alg=ES256",
            "--option", "access_token_signed_response_alg=EdDSA",
        ))  # fmt: skip
        add("resource", "oauth2", grants=("client_credentials",), redirect_uri="",
            more=("--option", 'serves=["https://api.example/"]'))  # fmt: skip
        add("pending", "oidc", grants=_ALL_GRANTS, approve=False)
        add("disapproved", "oidc", grants=_ALL_GRANTS)
        self.installation.command("clients", "disapprove", self.clients["disapproved"].key)

    def add_client(
        self, name: str, kind: str, *, method: str = "", grants: tuple[str, ...] = (), responses: tuple[str, ...] = (),
        redirect_uri: str = REDIRECT_URI, trusted: bool = False, approve: bool = True, more: tuple[str, ...] = (),
    ) -> RegisteredClient:  # fmt: skip
        """Register a client under a name that replaces its key and secret in the transcript."""
        options = [word for grant in grants for word in ("--grant-type", grant)]
        options += [word for response in responses for word in ("--response-type", response)]
        options += ["--redirect-uri", redirect_uri] if redirect_uri else []
        options += ["--auth-method", method] if method else []
        options += ["--trusted"] if trusted else []
        options += ["--approve"] if approve else []
        facts = self.installation.add_client(kind, f"The {name} client", *options, *more)
        client = RegisteredClient(facts["client_key"], facts.get("client_secret", ""), redirect_uri)
        self.recorder.placeholders.learn(client.key, f"{name} client")
        if client.secret:
            self.recorder.placeholders.learn(client.secret, f"secret of {name}")
        self.clients[name] = client
        return client

    def pass_time(self, seconds: float) -> None:
        """Advance the clock. The next authorization code requires a new sign-in."""
        self.installation.clock.shift(seconds)
        self._alice = None

    def caller(self, application: Any = None) -> Caller:
        """Return a caller without cookies, in its own network, so that callers do not share a rate limit."""
        self.networks += 1
        address = f"10.{self.networks // 250}.{self.networks % 250}.1"
        return Caller(self.recorder, application or self.app, address)

    def browser(self, username: str = "alice", application: Any = None) -> Caller:
        """Return a browser with a signed-in user."""
        browser = self.caller(application)
        browser.get(None, "/sign-in")
        browser.submit(None, "/sign-in", username=username, password=PASSWORD)
        assert browser.page is not None
        assert browser.page.status_code == 303, browser.page.text
        return browser

    def _signed_in(self) -> Caller:
        self._alice = self._alice or self.browser()
        return self._alice

    def request(self, client: RegisteredClient, **changes: str | None) -> dict[str, str]:
        """Return the parameters of a valid authorization request with changes. None omits a parameter."""
        parameters = {
            "client_id": client.key,
            "response_type": "code",
            "redirect_uri": client.redirect_uri,
            "scope": "openid profile email",
            "state": "af0ifjsldkj",
            "nonce": "n-0S6_WzA2Mj",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (parameters | changes).items() if value is not None}

    def code(self, client: RegisteredClient, browser: Caller | None = None, **changes: str | None) -> str:
        """Return a new authorization code, after giving consent if the page asks for it."""
        browser = browser or self._signed_in()
        browser.get(None, "/oauth2/authorize", query=self.request(client, **changes))
        page = browser.follow()
        if page.status_code == 200 and any(form.path == "/consent" for form in forms.parse(page.text)):
            browser.submit(None, "/consent", decision="allow")
            page = browser.follow()
        return redirect_parameters(page)["code"]

    def redemption(self, client: RegisteredClient, value: str, **changes: str | None) -> dict[str, str]:
        """Return the form that redeems a code."""
        form = {
            "grant_type": "authorization_code", "code": value, "redirect_uri": client.redirect_uri,
            "code_verifier": VERIFIER,
        }  # fmt: skip
        return {name: value for name, value in (form | changes).items() if value is not None}

    def tokens(
        self, client: RegisteredClient, browser: Caller | None = None, **changes: str | None
    ) -> dict[str, Any]:
        """Return the token response of a whole sign-in."""
        form = self.redemption(client, self.code(client, browser, **changes))
        headers = client.basic if client.secret else {}
        form |= {} if client.secret else {"client_id": client.key}
        answer = self.caller().post(None, "/oauth2/token", form, headers=headers)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.get_json()
        return document

    def assertion(self, client: RegisteredClient, **changes: Any) -> str:
        """Return an assertion (RFC 7523), signed with the client's secret or, if it has none, with the run's key."""
        now = int(time.time())
        claims = {
            "iss": client.key, "sub": client.key, "aud": "http://localhost/oauth2/token", "iat": now, "exp": now + 60,
            "jti": f"jti-{time.perf_counter_ns()}",
        } | changes  # fmt: skip
        if client.secret:
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(client.secret))
        return jwt.encode({"alg": "ES256", "kid": "k1"}, claims, self.signing_key)


def basic(key: str, secret: str) -> dict[str, str]:
    """Return the header of client_secret_basic."""
    pair = f"{quote_plus(key)}:{quote_plus(secret)}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def bearer(token: str) -> dict[str, str]:
    """Return the header of RFC 6750, section 2.1."""
    return {"Authorization": f"Bearer {token}"}


def redirect_parameters(answer: TestResponse) -> dict[str, str]:
    """Return the parameters of a redirect to a client."""
    assert answer.status_code in {302, 303}, f"{answer.status}: {answer.text[:2000]}"
    parts = urlsplit(answer.location)
    return dict(parse_qsl(parts.fragment or parts.query, keep_blank_values=True))


def _claims_of_alice() -> list[str]:
    claims = (
        "given_name=Alice", "family_name=Adams", "birthdate=1990-01-31", "phone_number=+49 30 123456",
        "address.country=DE", "address.locality=Berlin", "website=https://alice.example/", "locale=de",
    )  # fmt: skip
    return [word for claim in claims for word in ("--claim", claim)]

"""Other settings: TLS below a path, small limits, a database that is not ready."""

from tests.wire.installation import PASSWORD
from tests.wire.run import Run, basic, bearer
from tests.wire.scenarios.oauth1 import Consumer

_DOCUMENTS = (
    "/auth/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/auth",
    "/.well-known/oauth-authorization-server", "/auth/rootservices", "/auth/livez", "/livez", "/auth", "/auth/", "/",
    "/oauth2/token", "/auth/oauth2/token", "/auth/sign-in", "/auth/admin", "/auth/nothing", "/authors",
)  # fmt: skip


def play(run: Run) -> None:
    """Serve the same installation in other ways."""
    _below_a_path(run)
    _limits(run)
    _not_ready(run)


def _below_a_path(run: Run) -> None:
    application = run.installation.application(
        public_url="https://sso.example/auth", oauth_realm="Our realm", product_name="Our SSO",
        oslc_rm_catalog="https://rm.example/catalog",
    )  # fmt: skip
    caller = run.caller(application)
    for path in _DOCUMENTS:
        caller.get(f"below a path: {path}", path)
    trusted = run.clients["trusted"]
    browser = run.caller(application)
    browser.get("below a path: authorize", "/auth/oauth2/authorize", query=run.request(trusted))
    browser.follow("below a path: followed")
    browser.submit("below a path: sign-in", "/auth/sign-in", username="alice", password=PASSWORD)
    browser.follow("below a path: answer")
    browser.get("below a path: sign-out page", "/auth/sign-out")
    browser.submit("below a path: sign-out", "/auth/sign-out")
    form = {"grant_type": "password", "username": "alice", "password": PASSWORD, "scope": "openid"}
    caller.post("below a path: token", "/auth/oauth2/token", form, headers=trusted.basic)
    caller.post("below a path: token, rejected", "/auth/oauth2/token", form)
    caller.get("below a path: whoami", "/auth/oauth/whoami")
    caller.post("below a path: device", "/auth/oauth2/device_authorization", {}, headers=trusted.basic)


def _limits(run: Run) -> None:
    application = run.installation.application(
        registrations="1", consumer_requests="1", device_requests="1", device_attempts="1", sign_in_attempts="1",
        client_secret_attempts="1",
    )  # fmt: skip
    caller, trusted = run.caller(application), run.clients["trusted"]
    client = {"client_name": "My Example", "redirect_uris": ["https://client.example/callback"]}
    key = {"name": "Jazz", "secret": "a long enough secret"}
    form = {"grant_type": "password", "username": "alice", "password": "wrong horse battery"}
    for attempt in ("first", "second"):
        caller.post(f"limits: registration, {attempt}", "/oauth2/register", json=client)
        caller.post(f"limits: requested key, {attempt}", "/oauth/requestKey", json=key)
        caller.post(f"limits: device, {attempt}", "/oauth2/device_authorization", {}, headers=trusted.basic)
        caller.post(f"limits: password, {attempt}", "/oauth2/token", form, headers=trusted.basic)
    browser = run.caller(application)
    for attempt in ("first", "second"):
        browser.get(None, "/sign-in")
        browser.submit(
            f"limits: sign-in, {attempt}", "/sign-in", username="charlie", password="wrong horse battery"
        )
    person = run.browser("alice", application)
    for attempt in ("first", "second"):
        person.get(None, "/device")
        person.submit(f"limits: user code, {attempt}", "/device", user_code="BCDF-GHJK")
    path = f"/admin/clients/{trusted.key}/secrets/new"
    administrator = run.browser("admin")
    administrator.get(None, path)
    typed = "a typed secret that is long enough"
    administrator.submit(None, path, secret_choice="typed", secret=typed, secret_again=typed)
    guess = {"grant_type": "client_credentials"}
    for attempt in ("first", "second"):
        caller.post(
            f"limits: typed secret, {attempt}", "/oauth2/token", guess, headers=basic(trusted.key, "wrong")
        )


def _not_ready(run: Run) -> None:
    """Send requests to an application whose database has no tables."""
    application = run.installation.application(database_url=run.installation.empty_database_url)
    caller = run.caller(application)
    for path in (
        "/livez",
        "/readyz",
        "/jwks.json",
        "/.well-known/openid-configuration",
        "/rootservices",
        "/sign-in",
    ):
        caller.get(f"database not ready: {path}", path)
    caller.get("database not ready: userinfo", "/oidc/userinfo", headers=bearer("asa_1_" + "A" * 43))
    request = run.request(run.clients["trusted"])
    caller.get("database not ready: authorize", "/oauth2/authorize", query=request)
    caller.get("database not ready: authorize, OAuth 1.0a", "/oauth/authorize?oauth_token=ast_1_" + "A" * 43)
    browser = run.caller(application)
    browser.get(None, "/sign-in")
    browser.submit("database not ready: sign-in", "/sign-in", username="alice", password=PASSWORD)
    for path in ("/oauth2/token", "/oauth2/introspect", "/oauth2/revoke", "/oauth2/device_authorization"):
        form = {"grant_type": "client_credentials", "token": "a", "client_id": "a", "client_secret": "b"}
        caller.post(f"database not ready: {path}", path, form)
    client = {"client_name": "My Example", "redirect_uris": ["https://client.example/callback"]}
    caller.post("database not ready: registration", "/oauth2/register", json=client)
    key = {"name": "Jazz", "secret": "a long enough secret"}
    caller.post("database not ready: requested key", "/oauth/requestKey", json=key)
    consumer = Consumer("nobody", "secret")
    for path in ("/oauth/requestToken", "/oauth/accessToken", "/oauth/whoami"):
        consumer.send(caller, f"database not ready: {path}", "GET", path, callback_uri="oob")

"""The measured targets: our endpoints with valid tokens, and a bare Flask route on the same kind of server."""

import base64
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from authserver import clock
from authserver.app import create_app
from authserver.context import SYSTEM
from authserver.domain.authorizations import authorizations
from authserver.domain.authorizations.authorizations import NewAuthorization, UserAuthentication
from authserver.domain.clients import clients
from authserver.domain.tokens import codes
from authserver.domain.users import users
from authserver.protocol.services import Services
from authserver.settings import Settings
from benchmarks.load import CONNECTIONS, Target
from tests.support import servers
from tests.support.relying_party import CHALLENGE, REDIRECT_URI, RelyingParty, register
from tests.support.servers import LiveServer

_BARE = "import flask; app = flask.Flask('bare'); app.get('/')(lambda: {'hello': 'world'})"


@contextmanager
def bare_flask(folder: Path) -> Iterator[Target]:
    """Run a Flask application that does nothing, on gunicorn with threads, as the baseline."""
    (folder / "bare.py").write_text(_BARE.replace("; ", "\n"), encoding="utf-8")
    port = servers.free_port()
    command = [sys.executable, "-m", "gunicorn", "--chdir", str(folder), "-k", "gthread", "--threads", "8"]
    url = f"http://127.0.0.1:{port}/"
    environment = servers.environment()
    with servers.child(
        [*command, "-b", f"127.0.0.1:{port}", "bare:app"], log=folder / "bare.log", env=environment, ready=url
    ):
        yield Target("a bare Flask route", url, {})


def prepared_targets(server: LiveServer) -> list[Target]:
    """Return requests to our endpoints, with the tokens of one client."""
    app = create_app(Settings(**server.settings))
    services: Services = app.extensions["authserver"]
    key, secret = register(
        services,
        kind="oauth2",
        scopes=("openid", "profile"),
        grant_types=("authorization_code", "refresh_token", "client_credentials"),
    )
    party = RelyingParty(app, key, secret)
    issued = [party.redeem(code).get_json() for code in _codes(services, key, CONNECTIONS + 1)]
    services.database.engine.dispose()
    basic = "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()
    access = issued[-1]["access_token"]
    base, authorization = server.url, {"Authorization": basic}
    return [
        Target("discovery", f"{base}/.well-known/openid-configuration", {}),
        Target("JWK set", f"{base}/jwks.json", {}),
        Target("userinfo", f"{base}/oidc/userinfo", {"Authorization": f"Bearer {access}"}),
        Target("introspection", f"{base}/oauth2/introspect", authorization, f"token={access}"),
        Target(
            "client credentials",
            f"{base}/oauth2/token",
            authorization,
            "grant_type=client_credentials&scope=profile",
        ),
        Target(
            "refresh (rotation, ID token)",
            f"{base}/oauth2/token",
            authorization,
            refresh_tokens=tuple(tokens["refresh_token"] for tokens in issued[:-1]),
        ),
    ]


def _codes(services: Services, key: str, count: int) -> list[str]:
    with services.database.transaction() as db:
        client = clients.get(db, key)
        user = users.add(db, SYSTEM, username="alice", password_hash=None, name="Alice Adams")
        return [
            codes.add(
                db,
                services.settings,
                authorizations.add(
                    db,
                    SYSTEM,
                    NewAuthorization(
                        client_id=client.id,
                        client_epoch=client.epoch,
                        client_name=client.name,
                        grant_type="authorization_code",
                        scope="openid profile",
                        user=UserAuthentication(user.id, auth_time=clock.now()),
                    ),
                ),
                redirect_uri=REDIRECT_URI,
                code_challenge=CHALLENGE,
            )
            for _ in range(count)
        ]

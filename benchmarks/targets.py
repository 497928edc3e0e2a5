"""The targets: the endpoints of authserver with valid tokens, and a minimal Flask route on the same kind of server."""

import base64
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from authserver.app import create_app
from authserver.context import SYSTEM
from authserver.domain.clients import clients
from authserver.domain.users import users
from authserver.protocol.services import Services
from authserver.settings import Settings
from benchmarks.load import CONNECTIONS, Target
from tests.support import grants, servers
from tests.support.relying_party import RelyingParty, register
from tests.support.servers import LiveServer

_MINIMAL_APP = "import flask; app = flask.Flask('minimal'); app.get('/')(lambda: {'hello': 'world'})"


@contextmanager
def run_minimal_flask(folder: Path) -> Iterator[Target]:
    """Run a Flask application with one minimal route as the baseline, on Gunicorn with threads."""
    (folder / "minimal.py").write_text(_MINIMAL_APP.replace("; ", "\n"), encoding="utf-8")
    port = servers.free_port()
    command = [sys.executable, "-m", "gunicorn", "--chdir", str(folder), "-k", "gthread", "--threads", "8"]
    url = f"http://127.0.0.1:{port}/"
    environment = servers.environment()
    with servers.child(
        [*command, "-b", f"127.0.0.1:{port}", "minimal:app"],
        log=folder / "minimal.log",
        env=environment,
        ready=url,
    ):
        yield Target("a minimal Flask route", url, {})


def prepared_targets(server: LiveServer) -> list[Target]:
    """Return the endpoints as targets, with valid credentials and tokens of one client."""
    app = create_app(Settings(**server.settings))
    services: Services = app.extensions["authserver"]
    key, secret = register(
        services,
        kind="oauth2",
        scopes=("openid", "profile", "read"),
        grant_types=("authorization_code", "refresh_token", "client_credentials"),
    )
    party = RelyingParty(app, key, secret)
    issued = [party.redeem(code).get_json() for code in _codes(services, key, CONNECTIONS + 1)]
    services.database.engine.dispose()
    basic = "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()
    access = issued[-1]["access_token"]
    url, client_auth = server.url, {"Authorization": basic}
    return [
        Target("discovery", f"{url}/.well-known/openid-configuration", {}),
        Target("JWK set", f"{url}/jwks.json", {}),
        Target("userinfo", f"{url}/oidc/userinfo", {"Authorization": f"Bearer {access}"}),
        Target("introspection", f"{url}/oauth2/introspect", client_auth, f"token={access}"),
        Target(
            "client credentials",
            f"{url}/oauth2/token",
            client_auth,
            "grant_type=client_credentials&scope=read",
        ),
        Target(
            "refresh (rotation, ID token)",
            f"{url}/oauth2/token",
            client_auth,
            refresh_tokens=tuple(tokens["refresh_token"] for tokens in issued[:-1]),
        ),
    ]


def _codes(services: Services, key: str, count: int) -> list[str]:
    with services.database.transaction() as db:
        client = clients.get(db, key)
        user = users.add(db, SYSTEM, username="alice", password_hash=None, name="Alice Adams")
        return [grants.add_code(db, services.settings, client, user.id) for _ in range(count)]

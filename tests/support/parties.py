"""Starts third-party relying parties against a live server. The command line registers a client for each."""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.interop import apache
from tests.support import run
from tests.support.databases import environment
from tests.support.servers import LiveServer, child, free_port
from tools import external_programs


@dataclass(frozen=True)
class Party:
    """A running relying party. Opening `url` starts a sign-in that ends on a page with the user's claims as JSON."""

    url: str
    client_key: str


StartParty = Callable[[LiveServer], AbstractContextManager[Party]]


def redirect_uri(port: int) -> str:
    """Return the redirect URI of every party."""
    return f"http://127.0.0.1:{port}/callback"


@contextmanager
def openid_client(server: LiveServer, *, approve: bool = True, **options: str) -> Iterator[Party]:
    """Start the Node party that uses openid-client."""
    with node_party(server, "party.js", name="openid-client", approve=approve, **options) as party:
        yield party


@contextmanager
def node_party(
    server: LiveServer, script: str, *, name: str = "A Node party", approve: bool = True, **options: str
) -> Iterator[Party]:
    """Start a Node party by the name of its script in tests/interop/node."""
    program = external_programs.node()
    if program is None:
        pytest.skip("there is no Node with the packages of tests/interop/node on this machine")
    port = free_port()
    client = server.add_client(name, redirect_uri(port), approve=approve, **options)
    with _party([program, str(external_programs.NODE_HOME / script)], server, client, port) as party:
        yield party


@contextmanager
def self_registering(server: LiveServer) -> Iterator[Party]:
    """Start a Node party without a client. It registers itself with its first request."""
    program = external_programs.node()
    if program is None:
        pytest.skip("there is no Node with the packages of tests/interop/node on this machine")
    nobody = {"client_key": "", "client_secret": ""}
    script = str(external_programs.NODE_HOME / "registration_party.js")
    with _party([program, script], server, nobody, free_port()) as party:
        yield party


@contextmanager
def authlib_flask(server: LiveServer) -> Iterator[Party]:
    """Start the Flask party that uses Authlib's client."""
    port = free_port()
    with authlib_flask_as(server, server.add_client("Authlib", redirect_uri(port)), port) as party:
        yield party


@contextmanager
def authlib_flask_as(server: LiveServer, client: dict[str, Any], port: int) -> Iterator[Party]:
    """Start the same party as an existing client, whose redirect URI must have that port."""
    with _party([sys.executable, "-m", "tests.interop.authlib_party"], server, client, port) as party:
        yield party


@contextmanager
def mod_auth_openidc(server: LiveServer) -> Iterator[Party]:
    """Start Apache with mod_auth_openidc."""
    found = external_programs.apache()
    if found is None:
        pytest.skip("there is no Apache with mod_auth_openidc on this machine")
    program, modules = found
    port = free_port()
    client = server.add_client("Apache", redirect_uri(port))
    folder = Path(tempfile.mkdtemp(dir=run.folder()))  # Apache's user cannot enter pytest's folder
    configuration = apache.write(
        folder,
        modules,
        port=port,
        issuer=server.url,
        client_id=client["client_key"],
        client_secret=client["client_secret"],
    )
    command = [program, "-DFOREGROUND", "-f", str(configuration)]
    with _party(command, server, client, port, log=folder / "error.log") as party:
        yield party


@contextmanager
def oauth1_party(server: LiveServer, name: str, *options: str) -> Iterator[Party]:
    """Start an OAuth 1.0a consumer: 'requests-oauthlib', 'passport-oauth1', or 'lyo' (OAuth Core 1.0)."""
    port = free_port()
    arguments = [
        "--type",
        "oauth1",
        "--name",
        name,
        "--redirect-uri",
        redirect_uri(port),
        "--generate-secret",
    ]
    client = json.loads(server.command("clients", "add", *arguments, *options, "--approve", "--json"))
    with oauth1_party_as(server, name, client, port) as party:
        yield party


@contextmanager
def oauth1_party_as(server: LiveServer, name: str, client: dict[str, Any], port: int) -> Iterator[Party]:
    """Start the same party as an existing consumer."""
    commands = {
        "requests-oauthlib": [sys.executable, "-m", "tests.interop.oauthlib_party"],
        "lyo": [sys.executable, "-m", "tests.interop.lyo_party"],
        "passport-oauth1": [
            external_programs.node() or "",
            str(external_programs.NODE_HOME / "oauth1_party.js"),
        ],
    }
    if not commands[name][0]:
        pytest.skip("there is no Node with the packages of tests/interop/node on this machine")
    with _party(commands[name], server, client, port) as party:
        yield party


@contextmanager
def _party(
    command: list[str], server: LiveServer, client: dict[str, Any], port: int, log: Path | None = None
) -> Iterator[Party]:
    """Start the process. If the test fails, its log is shown with the server's."""
    env = environment() | {
        "ISSUER": server.url,
        "CLIENT_ID": client["client_key"],
        "CLIENT_SECRET": client["client_secret"],
        "PORT": str(port),
    }
    log = log or server.folder / f"party-{port}.log"
    server.logs.append(log)
    with child(command, log=log, env=env, ready=f"http://127.0.0.1:{port}/live"):
        yield Party(url=f"http://127.0.0.1:{port}/", client_key=client["client_key"])

"""Starts applications of other projects against a live server.

`start` creates the client as an administrator does, with the console's form and the settings that the application declares
in tests/interop/applications.py.
"""

import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.interop import apache, applications
from tests.interop.compatibility import Application, Toolchain
from tests.support import new_clients, run
from tests.support.databases import environment
from tests.support.servers import LiveServer, child, free_port
from tools import external_programs, toolchains


@dataclass(frozen=True)
class Party:
    """A running relying party. Opening `url` starts a sign-in that ends on a page with the user's claims as JSON."""

    url: str
    client_key: str


def redirect_uri(port: int) -> str:
    """Return the redirect URI of most applications."""
    return f"http://127.0.0.1:{port}/callback"


@contextmanager
def start(server: LiveServer, application: Application) -> Iterator[Party]:
    """Create a client with the console's defaults and the declared settings, and start the application."""
    port = free_port()
    client = create_client(server, application, port)
    with start_as(server, application, client, port) as party:
        yield party


@contextmanager
def start_api(server: LiveServer, api: Application) -> Iterator[Party]:
    """Start an API. It gets a client only if it introspects tokens."""
    nobody = {"client_key": "", "client_secret": ""}
    client = create_client(server, api) if api.settings else nobody
    with start_as(server, api, client, free_port(), RESOURCE=applications.RESOURCE) as party:
        yield party


def create_client(server: LiveServer, application: Application, port: int = 0) -> dict[str, str]:
    """Create the client of an application that listens on this port, if it listens."""
    base = f"http://127.0.0.1:{port}"
    fields: dict[str, Any] = {}
    for setting in application.settings:
        fields |= {name: _expanded(value, base) for name, value in setting.fields.items()}
    uri = base + application.callback if application.callback else ""
    client = new_clients.create(server, application.name, uri, kind=application.kind, **fields)
    for setting in application.settings:
        if setting.options:
            server.command("clients", "edit", client["client_key"], *setting.options)
    return client


def _expanded(value: Any, base: str) -> Any:
    return value.replace("{base}", base) if isinstance(value, str) else value


@contextmanager
def start_as(
    server: LiveServer, application: Application, client: dict[str, Any], port: int, **variables: str
) -> Iterator[Party]:
    """Start the application as an existing client, whose redirect URI must have that port."""
    toolchain, program = application.program
    if program == "apache":
        with _mod_auth_openidc(server, client, port) as party:
            yield party
        return
    if program == "oauth2-proxy":
        command = [*toolchains.go_program(program), *_proxy_options(server, client, port)]
        with _party(command, server, client, port, ready="ping") as party:
            yield party
        return
    with _party(_command(toolchain, program), server, client, port, **variables) as party:
        yield party


def _command(toolchain: Toolchain, program: str) -> list[str]:
    match toolchain:
        case Toolchain.NODE:
            return [_node(), str(external_programs.NODE_HOME / program)]
        case Toolchain.GO:
            return toolchains.go_program(program)
        case Toolchain.JAVA:
            return toolchains.java_program(*program.split())
        case _:
            return [sys.executable, "-m", program]


def _node() -> str:
    program = external_programs.node()
    if program is None:
        pytest.skip("there is no Node with the packages of tests/interop/node on this machine")
    return program


@contextmanager
def self_registering(server: LiveServer) -> Iterator[Party]:
    """Start a Node party without a client. It registers itself with its first request."""
    nobody = {"client_key": "", "client_secret": ""}
    with start_as(server, applications.OPENID_CLIENT_REGISTRATION, nobody, free_port()) as party:
        yield party


@contextmanager
def _mod_auth_openidc(server: LiveServer, client: dict[str, Any], port: int) -> Iterator[Party]:
    """Start Apache with mod_auth_openidc."""
    found = external_programs.apache()
    if found is None:
        pytest.skip("there is no Apache with mod_auth_openidc on this machine")
    program, modules = found
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


def _proxy_options(server: LiveServer, client: dict[str, Any], port: int) -> list[str]:
    """Return the options with which oauth2-proxy protects one page."""
    options = {
        "provider": "oidc",
        "oidc-issuer-url": server.url,
        "client-id": client["client_key"],
        "client-secret": client["client_secret"],
        "redirect-url": f"http://127.0.0.1:{port}{applications.OAUTH2_PROXY.callback}",
        "http-address": f"127.0.0.1:{port}",
        "email-domain": "*",
        "upstream": "static://202",
        "cookie-secret": secrets.token_hex(16),
        "cookie-secure": "false",  # loopback without TLS
        "skip-provider-button": "true",
    }
    return [f"--{name}={value}" for name, value in options.items()]


@contextmanager
def _party(
    command: list[str],
    server: LiveServer,
    client: dict[str, Any],
    port: int,
    *,
    log: Path | None = None,
    ready: str = "live",
    **variables: str,
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
    with child(command, log=log, env=env | variables, ready=f"http://127.0.0.1:{port}/{ready}"):
        yield Party(url=f"http://127.0.0.1:{port}/", client_key=client["client_key"])

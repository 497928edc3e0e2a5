"""Starts the example APIs of docs/how-to/protect-an-api.md against a live server, as the guide describes it."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import requests

from tests.support.databases import environment
from tests.support.servers import LiveServer, child, free_port
from tools import external_programs

RESOURCE = "https://models.example.org/"
SCOPE = "models.read"


@dataclass(frozen=True)
class Api:
    """A running API, whose page `/models` requires a token with the scope models.read."""

    url: str

    def status(self, token: str) -> int:
        """Return the status of a request with a token."""
        return self.get(token).status_code

    def get(self, token: str) -> requests.Response:
        """Request the page with a token."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.get(f"{self.url}/models", headers=headers, timeout=10)


def python(name: str) -> list[str]:
    """Return the command that runs a Python example."""
    return [sys.executable, "-m", f"tests.interop.{name}"]


def node(name: str) -> list[str]:
    """Return the command that runs a Node example, or skip the test."""
    program = external_programs.node()
    if program is None:
        pytest.skip("there is no Node with the packages of tests/interop/node on this machine")
    return [program, str(external_programs.NODE_HOME / f"{name}.js")]


@contextmanager
def running(server: LiveServer, command: list[str], client: dict[str, str]) -> Iterator[Api]:
    """Start an API. ``client`` is the client with which it introspects tokens."""
    port = free_port()
    env = environment() | {
        "ISSUER": server.url,
        "RESOURCE": RESOURCE,
        "CLIENT_ID": client.get("client_key", ""),
        "CLIENT_SECRET": client.get("client_secret", ""),
        "PORT": str(port),
    }
    log = server.folder / f"api-{port}.log"
    server.logs.append(log)
    url = f"http://127.0.0.1:{port}"
    with child(command, log=log, env=env, ready=f"{url}/live"):
        yield Api(url)


def add_client(server: LiveServer, name: str, *options: str) -> dict[str, str]:
    """Register an approved client that gets tokens for itself."""
    arguments = ["clients", "add", "--type", "oauth2", "--name", name, "--grant-type", "client_credentials"]
    return dict(json.loads(server.command(*arguments, *options, "--generate-secret", "--approve", "--json")))


def token_of(server: LiveServer, client: dict[str, str], **form: str) -> str:
    """Return an access token of a client that acts for itself."""
    response = requests.post(
        f"{server.url}/oauth2/token",
        data={"grant_type": "client_credentials", "scope": SCOPE} | form,
        auth=(client["client_key"], client["client_secret"]),
        timeout=10,
    )
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])

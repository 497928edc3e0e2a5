"""oidc-agent, a third-party device client: `oidc-gen` requests codes and polls, `oidc-token` prints the token."""

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.servers import TIMEOUT, LiveServer
from tools import external_programs

SCOPE = "openid profile email offline_access"
ACCOUNT = "engineering"


@dataclass
class Agent:
    """A running agent with its own home folder."""

    environment: dict[str, str]
    folder: Path

    def begin(self, server: LiveServer, client: dict[str, str]) -> subprocess.Popen[bytes]:
        """Start creating an account with the device flow. The process ends when the user has approved the device."""
        options = [
            "--flow=device",
            f"--iss={server.url}",
            f"--client-id={client['client_key']}",
            f"--client-secret={client['client_secret']}",
            f"--scope={SCOPE}",
        ]
        quiet = ["--pw-env", "--no-url-call", "--prompt=none", "--no-scheme", "--confirm-default", "-m"]
        with self._output.open("wb") as output:
            return subprocess.Popen(
                ["oidc-gen", *options, *quiet, ACCOUNT],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def user_code(self) -> str:
        """Return the user code that oidc-gen shows."""
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            if found := re.search(r"\b[A-Z]{4}-[A-Z]{4}\b", self._output.read_text(errors="replace")):
                return found[0]
            time.sleep(0.05)
        raise AssertionError(f"oidc-gen showed no code:\n{self._output.read_text(errors='replace')[-2000:]}")

    def token(self) -> str:
        """Return an access token for the account."""
        command = ["oidc-token", ACCOUNT]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False, timeout=TIMEOUT
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    @property
    def _output(self) -> Path:
        return self.folder / "oidc-gen.log"


@contextmanager
def running(folder: Path) -> Iterator[Agent]:
    """Start an agent, or skip the test if there is none."""
    if not external_programs.oidc_agent():
        pytest.skip("there is no oidc-agent on this machine")
    # The path of a socket is limited to about a hundred characters, and the folder of a test can be longer.
    with tempfile.TemporaryDirectory(prefix="agent-") as sockets:
        yield from _started(folder / "oidc-agent", Path(sockets) / "agent")


def _started(home: Path, socket: Path) -> Iterator[Agent]:
    home.mkdir()
    own = {
        "HOME": str(home),
        "OIDC_CONFIG_DIR": str(home),
        "OIDC_SOCK": str(socket),
        "OIDC_ENCRYPTION_PW": "test",
    }
    agent = Agent({**os.environ, **own}, home)
    command = ["oidc-agent", "--console", "-a", str(socket), "--no-webserver", "--no-scheme"]
    with (home / "agent.log").open("wb") as log:
        process = subprocess.Popen(command, env=agent.environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_for(socket)
        yield agent
    finally:
        process.terminate()
        process.wait(TIMEOUT)


def _wait_for(socket: Path) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not socket.exists():
        assert time.monotonic() < deadline, "oidc-agent did not start"
        time.sleep(0.05)

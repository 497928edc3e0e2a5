"""Key rotation under traffic: a resource server that caches the JWK set for ten minutes never sees an unknown kid.

Two processes sign JWT access tokens all the time while the keys are rotated three times: by schedule, by command and in
the console, each time as early as permitted. The test does not wait for hours. It ages the rows of the keys by a few
minutes at a time, and advances the clocks of the resource servers by the same time. Only the few seconds until a
process reloads the keys pass in real time.
"""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Condition, Event

import pytest
import requests

from authserver import clock
from authserver.domain.keys import signing_keys
from authserver.domain.keys.signing_keys import SigningKey
from authserver.domain.orm import lock
from authserver.protocol.services import Services
from tests.support import servers
from tests.support.relying_party import register
from tests.support.sample_users import PASSWORD
from tests.support.servers import TIMEOUT, LiveServer
from tests.support.verifier import Verifier

pytestmark = pytest.mark.only_on("postgresql")  # two nodes; SQLite has only one
ALGORITHM = "RS256"
TEN_MINUTES = timedelta(minutes=10)
STEP = timedelta(minutes=9)
SCHEDULE = timedelta(hours=2)
THREADS_PER_NODE = 2
PAUSE = 0.05  # seconds between two requests of a client, so that the traffic leaves some time to other tests


@pytest.fixture
def server(database_url: str, keys_dir: Path, tmp_path: Path) -> Iterator[LiveServer]:
    """Two nodes whose keys are due for rotation every two hours."""
    with servers.serve(database_url, keys_dir, tmp_path, nodes=2, signing_key_rotation="2h") as started:
        yield started


@pytest.fixture
def services(server: LiveServer) -> Services:
    """The services of the same installation in this process."""
    server.add_user("admin", grant="configure_server")
    return server.services


class Time:
    """The simulated time of the keys and the resource servers."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """Return the current time of the resource servers."""
        return clock.now() + self._ahead

    def advance(self, amount: timedelta) -> None:
        """Advance the simulated time."""
        self._ahead += amount
        with self._services.database.transaction() as db:
            lock(db, "signing-keys")
            for row in signing_keys.all_keys(db):
                row.created_at -= amount
                row.activated_at = row.activated_at and row.activated_at - amount
                row.retired_at = row.retired_at and row.retired_at - amount


class ResourceServer(Verifier):
    """Verifies tokens with a JWK set that it caches for ten minutes."""

    def __init__(self, node: str, time: Time) -> None:
        self._node = node
        self._time = time
        self.fetch()

    def fetch(self) -> None:
        self._fetched_at = self._time.now()
        document = requests.get(f"{self._node}/jwks.json", timeout=30).json()
        self.keys = {key["kid"]: key for key in document["keys"]}

    def kid(self, token: str) -> str:
        """Verify a token and return its kid; raises UnknownKey."""
        if self._time.now() - self._fetched_at >= TEN_MINUTES:
            self.fetch()
        self.claims(token)
        return str(self.header(token)["kid"])


class Traffic:
    """Clients that request tokens from each node in a loop, and resource servers that verify them with the other node."""

    def __init__(self, server: LiveServer, services: Services) -> None:
        self._auth = register(
            services,
            kind="oauth2",
            grant_types=("client_credentials",),
            redirect_uris=(),
            response_types=(),
            details={"access_token_signed_response_alg": ALGORITHM},
        )
        self.time = Time(services)
        self.tokens: dict[str, str] = {}
        self._nodes = server.nodes
        self._is_over = Event()
        self._turned = Condition()
        self._rounds = [0] * (THREADS_PER_NODE * 2)
        self._latest = [""] * len(self._rounds)

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Run the traffic inside this context. At its end, raise the first error that the traffic had."""
        with ThreadPoolExecutor(len(self._rounds)) as pool:
            runs = [pool.submit(self._flow, number) for number in range(len(self._rounds))]
            try:
                yield
            finally:
                self._is_over.set()
                for run in runs:
                    run.result()

    def wait_until(self, is_reached: Callable[[], bool]) -> None:
        """Wait until a condition is true while the traffic continues."""
        with self._turned:
            assert self._turned.wait_for(lambda: self._is_over.is_set() or is_reached(), TIMEOUT)

    def advance(self, amount: timedelta) -> None:
        """Advance the time and wait until every client has requested a token since."""
        self.time.advance(amount)
        before = list(self._rounds)
        self.wait_until(lambda: all(now >= then + 2 for now, then in zip(self._rounds, before, strict=True)))

    def is_signed_with(self, kid: str) -> bool:
        """Return whether the latest token of every client has this kid."""
        return set(self._latest) == {kid}

    def _flow(self, number: int) -> None:
        node = self._nodes[number % len(self._nodes)]
        checker = ResourceServer(self._nodes[(number + 1) % len(self._nodes)], self.time)
        try:
            while not self._is_over.is_set():
                token = self._token(node)
                kid = checker.kid(token)
                self.tokens.setdefault(kid, token)
                with self._turned:
                    self._rounds[number] += 1
                    self._latest[number] = kid
                    self._turned.notify_all()
                self._is_over.wait(PAUSE)
        finally:
            self._is_over.set()

    def _token(self, node: str) -> str:
        form = {"grant_type": "client_credentials"}
        # A new connection for each request reaches both workers of a node.
        response = requests.post(f"{node}/oauth2/token", data=form, auth=self._auth, timeout=30)
        assert response.status_code == 200, response.text
        return str(response.json()["access_token"])


class Administrator:
    """An administrator who is signed in to the console."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._browser = requests.Session()
        self._post("/sign-in", username="admin", password=PASSWORD)

    def rotates(self) -> bool:
        """Rotate the key in the console; return whether that was permitted."""
        return self._post(f"/admin/settings/signing-keys/{ALGORITHM}/rotate").status_code == 200

    def _post(self, path: str, **form: str) -> requests.Response:
        page = self._browser.get(f"{self._url}{path}", timeout=30).text
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
        return self._browser.post(f"{self._url}{path}", data=dict(hidden) | form, timeout=30)


def command_rotates(server: LiveServer) -> bool:
    try:
        server.run("keys", "rotate", "--algorithm", ALGORITHM)
    except AssertionError as error:
        if "clients may not have fetched it yet" not in str(error):
            raise
        return False
    return True


def key(services: Services, state: str) -> SigningKey:
    with services.database.transaction(write=False) as db:
        rows = signing_keys.all_keys(db)
    return next(row for row in rows if (row.algorithm, row.state) == (ALGORITHM, state))


def test_resource_servers_know_every_kid_during_three_rotations(
    server: LiveServer, services: Services
) -> None:
    """OpenID Connect Core, section 10.1.1: keys are published before they sign, and afterwards."""
    traffic, administrator = Traffic(server, services), Administrator(server.nodes[-1])

    def rotate(rotates: Callable[[], bool]) -> None:
        """Rotate as early as permitted, and wait until every process uses the new key."""
        following = key(services, "next").kid
        while not rotates():
            traffic.advance(STEP)
        traffic.wait_until(lambda: traffic.is_signed_with(following))

    first = key(services, "active").kid

    def schedule_rotates() -> bool:
        active = key(services, "active")
        return active.kid != first or clock.now() >= (active.activated_at or active.created_at) + SCHEDULE

    with traffic.flowing():
        for rotates in (schedule_rotates, lambda: command_rotates(server), administrator.rotates):
            rotate(rotates)
    assert len(traffic.tokens) == 4
    checker = ResourceServer(server.url, traffic.time)
    assert [checker.kid(token) for token in traffic.tokens.values()] == list(traffic.tokens)

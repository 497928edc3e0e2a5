"""More than twenty operations on the same users, clients and networks at the same time, on PostgreSQL, never deadlock.

docs/architecture.md lists the order in which transactions lock tables. On SQLite, writers wait for each other at the start
of their transactions. The mix runs for eight seconds, or longer until each operation has succeeded. With `--full-matrix`, it
runs for a minute.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import local
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from werkzeug.test import TestResponse

from authserver.context import SYSTEM
from authserver.domain import audit_chain, cleanup, user_sessions
from authserver.domain.authorizations import consents
from authserver.domain.clients import clients
from authserver.domain.groups import group_changes, groups
from authserver.domain.users import users
from authserver.domain.users.sign_in_limits import SignInLimits
from authserver.errors import AuthserverError
from authserver.protocol.services import Services
from tests.support import consumer as consumers
from tests.support import forms, sample_users
from tests.support.consumer import Consumer
from tests.support.device import GRANT, Device
from tests.support.groups import add as add_group
from tests.support.relying_party import EVERY_GRANT, RelyingParty, change, edit, register, response_parameters
from tests.support.sample_users import PASSWORD

pytestmark = pytest.mark.only_on("postgresql")
THREADS = 10
SECONDS, FULL_SECONDS, LONGEST_SECONDS = 8, 60, 90
PAUSE = 0.5  # seconds before an operation that makes others fail, so that most of them succeed
GRANT_TYPES = (*EVERY_GRANT, "password", "client_credentials", GRANT)
SCOPES = ("openid", "profile", "email", "offline_access", "read")


@dataclass
class Mix:
    """The clients and users that all operations share, and what the operations returned."""

    app: Flask
    services: Services
    key: str
    secret: str
    consumer: Consumer
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    _own: local = field(default_factory=local)

    @property
    def rp(self) -> RelyingParty:
        """The client in a browser of its own for each thread."""
        if not hasattr(self._own, "rp"):
            self._own.rp = RelyingParty(self.app, self.key, self.secret)
        rp: RelyingParty = self._own.rp
        return rp

    def succeeded(self) -> set[str]:
        """Return the operations that have succeeded at least once."""
        return {name for name, status in list(self.statuses) if status < 400}

    def new_browser(self) -> FlaskClient:
        """Return a browser in which nobody is signed in."""
        return self.app.test_client()

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """Open a transaction of an administrator. Conflicts with other administrators are expected."""
        try:
            with self.services.database.transaction() as db:
                yield db
        except AuthserverError:
            pass


def password_grant(mix: Mix) -> TestResponse:
    form = {"grant_type": "password", "username": "alice", "password": PASSWORD, "scope": "openid"}
    return mix.rp.token(**form)


def sign_in(mix: Mix) -> TestResponse:
    browser = mix.new_browser()
    page = browser.get("/sign-in")
    return forms.submit(browser, page, "login-submit", username="alice", password=PASSWORD)


def wrong_password(mix: Mix) -> TestResponse:
    time.sleep(PAUSE)  # so that the limit for the network is not reached
    browser = mix.new_browser()
    return forms.submit(browser, browser.get("/sign-in"), "login-submit", username="bob", password="wrong")


def wrong_password_grant(mix: Mix) -> TestResponse:
    password = f"wrong {threading.get_ident()}"
    return mix.rp.token(grant_type="password", username="bob", password=password)


def lift_limit(mix: Mix) -> None:
    time.sleep(PAUSE)
    with mix.transaction() as db:
        SignInLimits(mix.services.settings, mix.services.vault).lift(db, SYSTEM, users.find(db, "bob"))


def authorization_code(mix: Mix) -> TestResponse:
    return mix.rp.redeem(mix.rp.code())


def authorize_and_allow(mix: Mix) -> TestResponse:
    return mix.rp.authorized(prompt="consent")


def refresh(mix: Mix) -> TestResponse:
    issued = authorization_code(mix).get_json()
    return mix.rp.refresh(issued["refresh_token"]) if "refresh_token" in issued else mix.rp.token()


def replayed_code(mix: Mix) -> TestResponse:
    code = mix.rp.code()
    mix.rp.redeem(code)
    return mix.rp.redeem(code)


def client_credentials(mix: Mix) -> TestResponse:
    return mix.rp.token(grant_type="client_credentials", scope="read")


def introspection_and_revocation(mix: Mix) -> TestResponse:
    token = password_grant(mix).get_json().get("access_token", "none")
    send = partial(mix.app.test_client().post, data={"token": token}, headers=mix.rp.basic)
    send("/oauth2/introspect")
    return send("/oauth2/revoke")


def userinfo(mix: Mix) -> TestResponse:
    return mix.rp.userinfo(password_grant(mix).get_json().get("access_token", "none"))


def device(mix: Mix) -> TestResponse:
    flow = Device(mix.rp).start()
    flow.approve()
    return flow.poll()


def oauth1(mix: Mix) -> TestResponse:
    tool = Consumer(mix.app, mix.consumer.key, mix.consumer.secret)
    temporary = tool.with_token(tool.request_token())
    sample_users.open_session(tool.browser, mix.services, "alice")
    page = temporary.authorize()
    if page.status_code != 303:
        return page
    return temporary.access_token(response_parameters(page)["oauth_verifier"])


def sign_out(mix: Mix) -> TestResponse:
    browser = mix.new_browser()
    sample_users.open_session(browser, mix.services, "alice")
    return forms.submit(browser, browser.get("/sign-out"), "logout-confirm")


def register_and_delete(mix: Mix) -> TestResponse:
    client = mix.app.test_client()
    metadata = {"client_name": "Self", "redirect_uris": ["https://self.example/cb"]}
    created = client.post("/oauth2/register", json=metadata)
    if created.status_code != 201:
        return created
    document = created.get_json()
    headers = {"Authorization": f"Bearer {document['registration_access_token']}"}
    return client.delete(document["registration_client_uri"], headers=headers)


def disapprove_and_approve(mix: Mix) -> None:
    time.sleep(PAUSE)
    for decide in (clients.disapprove, clients.approve):
        with mix.transaction() as db:
            client = clients.get(db, mix.key)
            decide(db, SYSTEM, client, revision=client.revision)


def edit_client(mix: Mix) -> None:
    with mix.transaction() as db:
        change(db, clients.get(db, mix.key), name=f"Client {time.monotonic_ns() % 1000}")


def remove_client_in_use(mix: Mix) -> TestResponse | None:
    other = RelyingParty(mix.app, *register(mix.services, name="Removed soon"))
    issued = other.tokens()
    with ThreadPoolExecutor(2) as pool:
        requests = pool.submit(lambda: [other.refresh(issued["refresh_token"]) for _ in range(5)])
        with mix.transaction() as db:
            clients.remove(db, SYSTEM, clients.get(db, other.key))
        worst = max(requests.result(), key=lambda response: response.status_code)
        return worst if worst.status_code >= 500 else None


def disable_and_enable(mix: Mix) -> None:
    time.sleep(PAUSE)
    # In one transaction, because a correct password of a disabled account counts as a wrong attempt.
    with mix.transaction() as db:
        alice = users.find(db, "alice")
        users.disable(db, SYSTEM, alice)
        users.enable(db, SYSTEM, alice)


def end_sessions(mix: Mix) -> None:
    time.sleep(PAUSE)
    with mix.transaction() as db:
        user_sessions.end_others(db, SYSTEM, users.find(db, "alice"), keep=None)


def withdraw_consent(mix: Mix) -> None:
    with mix.transaction() as db:
        alice, client = users.find(db, "alice"), clients.get(db, mix.key)
        consents.withdraw(db, SYSTEM, alice.id, client)


def change_groups(mix: Mix) -> None:
    """Change the members of a group, and its name, which the client refers to."""
    with mix.transaction() as db:
        group = groups.all_groups(db)[0].group
        for username in ("bob", "alice"):
            change_member = random.choice((group_changes.add_member, group_changes.remove_member))
            change_member(db, SYSTEM, group, users.find(db, username))
    with mix.transaction() as db:
        group = groups.all_groups(db)[0].group
        name = f"Group {time.monotonic_ns() % 1000}"
        group_changes.edit(db, SYSTEM, group, name=name, description="", revision=group.revision)


def clean_up(mix: Mix) -> None:
    list(cleanup.purge(mix.services.database, mix.services.settings))
    audit_chain.seal(mix.services.database)


OPERATIONS: list[Callable[[Mix], TestResponse | None]] = [
    password_grant, sign_in, wrong_password, wrong_password_grant, lift_limit, authorization_code,
    authorize_and_allow, refresh, replayed_code, client_credentials, introspection_and_revocation, userinfo, device,
    oauth1, sign_out, register_and_delete, disapprove_and_approve, edit_client, remove_client_in_use,
    disable_and_enable, end_sessions, withdraw_consent, change_groups, clean_up,
]  # fmt: skip


EXPECTED = {operation.__name__ for operation in OPERATIONS} - {
    "wrong_password", "wrong_password_grant", "replayed_code",
}  # fmt: skip


@pytest.fixture
def mix(app: Flask, services: Services, sample_users: object) -> Mix:
    key, secret = register(services, grant_types=GRANT_TYPES, scopes=SCOPES)
    add_group(services.database, "Group", "alice", "bob")
    edit(services, key, roles=["editor=Group"])
    return Mix(app, services, key, secret, consumers.register(services, app))


def run(mix: Mix, seconds: float) -> None:
    """Run all operations in ten threads, until the time is over and each of them has succeeded."""
    started = time.monotonic()

    def is_over() -> bool:
        elapsed = time.monotonic() - started
        return elapsed > LONGEST_SECONDS or (elapsed > seconds and mix.succeeded() >= EXPECTED)

    def work(number: int) -> None:
        position = number
        while not is_over():
            operation = OPERATIONS[position % len(OPERATIONS)]
            position += 1 + number % 3
            try:
                response = operation(mix)
            except (KeyError, AssertionError):
                continue  # Another operation has ended the session or disapproved the client in between.
            except DBAPIError as error:
                mix.errors.append(f"{operation.__name__}: {error.orig}")
                continue
            mix.statuses[operation.__name__, 200 if response is None else response.status_code] += 1

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))


def deadlocks(services: Services) -> int:
    """Return the number of deadlocks that PostgreSQL has counted in this database."""
    with services.database.reading() as connection:
        connection.execute(text("SELECT pg_stat_clear_snapshot()"))
        counted = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(connection.scalar(counted) or 0)


def test_mixed_operations_never_deadlock(mix: Mix, request: pytest.FixtureRequest) -> None:
    before = deadlocks(mix.services)
    run(mix, FULL_SECONDS if request.config.getoption("full_matrix") else SECONDS)
    failed = {name: count for name, count in mix.statuses.items() if name[1] >= 500}
    assert (failed, mix.errors) == ({}, [])
    assert deadlocks(mix.services) == before
    assert mix.succeeded() >= EXPECTED
    throttled = {name for name, status in mix.statuses if status == 429}
    assert throttled <= {"wrong_password", "wrong_password_grant", "register_and_delete"}, (
        "a correct password counted as a wrong one"
    )

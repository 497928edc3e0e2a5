"""OAuth 1.0a credentials and nonces work once: fifty uses at once, on two server processes (I1, S5)."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import requests
from oauthlib import oauth1

from authserver.domain.authorizations.authorizations import UserAuthentication
from authserver.domain.clients import clients
from authserver.domain.oauth1 import temporary_credentials
from tests.support import grants, sample_users
from tests.support.consumer import register

AT_ONCE = 50
ROUNDS = 5
VERIFIER = "the verifier"


@pytest.fixture
def services(live_nodes):
    """The services of the same installation in this process."""
    live_nodes.add_user("alice")
    return live_nodes.services


def approved_credentials(services, key):
    """Return temporary credentials that alice has approved."""
    with services.database.transaction() as db:
        client = clients.get(db, key)
        token, secret = temporary_credentials.add(
            db.connection(),
            services.settings,
            services.vault,
            client_id=client.id,
            client_epoch=client.epoch,
            callback="oob",
        )
        alice = UserAuthentication(sample_users.find(services.database, "alice")["alice"].id)
        authorization = grants.add_authorization(db, client, alice, grant_type="oauth1", scope="")
        row = temporary_credentials.find(db, token)
        assert temporary_credentials.allow(db, row, authorization.id, VERIFIER)
    return token, secret


def send_all(server, sign):
    """Send fifty requests at the same time to the nodes in turn. ``sign`` signs them for the public URL."""
    barrier = Barrier(AT_ONCE)

    def send(number):
        node = server.nodes[number % len(server.nodes)]
        path, headers = sign(number)
        barrier.wait(timeout=30)
        return requests.post(f"{node}{path}", headers=headers, timeout=30)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(send, range(AT_ONCE)))


def outcomes(answers):
    """Count the responses by status and, for errors, by problem."""
    return Counter((one.status_code, "" if one.ok else one.text.partition("&")[0]) for one in answers)


def test_temporary_credentials_work_once(live_nodes, services):
    consumer = register(services, None)
    for _ in range(ROUNDS):
        token, secret = approved_credentials(services, consumer.key)

        def sign(number, token=token, secret=secret):
            signer = oauth1.Client(
                consumer.key, consumer.secret, token, secret, verifier=VERIFIER, nonce=f"n{number}"
            )
            return "/oauth/accessToken", signer.sign(f"{live_nodes.url}/oauth/accessToken", "POST")[1]

        assert outcomes(send_all(live_nodes, sign)) == {
            (200, ""): 1,
            (401, "oauth_problem=token_used"): AT_ONCE - 1,
        }


def test_nonce_is_accepted_once(live_nodes, services):
    consumer = register(services, None)
    for number in range(ROUNDS):
        signer = oauth1.Client(consumer.key, consumer.secret, callback_uri="oob", nonce=f"round {number}")
        headers = signer.sign(f"{live_nodes.url}/oauth/requestToken", "POST")[1]
        responses = send_all(live_nodes, lambda _, headers=headers: ("/oauth/requestToken", headers))
        assert outcomes(responses) == {(200, ""): 1, (401, "oauth_problem=nonce_used"): AT_ONCE - 1}

"""Disapproval takes effect with the next request on every node (S3). A new approval does not restore anything."""

import pytest
import requests

from authserver.protocol.services import Services
from tests.faults.test_token_races import new_code, redemption
from tests.support.relying_party import register
from tests.support.servers import LiveServer

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def services(live_nodes: LiveServer) -> Services:
    """The services of the same installation in this process."""
    live_nodes.add_user("alice")
    return live_nodes.services


def is_rejected(answer: requests.Response) -> bool:
    """Return whether a machine endpoint rejected the request. A server error is not a rejection."""
    return answer.status_code in {400, 401, 403}


def test_all_endpoints_of_all_nodes_reject_a_disapproved_client(
    live_nodes: LiveServer, services: Services
) -> None:
    """Introspection, userinfo, refresh, redemption and device polling, directly after the administrator's command."""
    grants = ("authorization_code", "refresh_token", DEVICE_GRANT)
    key, secret = register(services, grant_types=grants)
    auth = (key, secret)

    def post(node: str, path: str, **form: str) -> requests.Response:
        return requests.post(f"{node}{path}", data=form, auth=auth, timeout=10)

    def responses_of(node: str) -> list[requests.Response]:
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        return [
            post(node, "/oauth2/introspect", token=tokens["access_token"]),
            requests.get(f"{node}/oidc/userinfo", headers=bearer, timeout=10),
            post(node, "/oauth2/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"]),
            post(node, "/oauth2/token", grant_type=DEVICE_GRANT, device_code=device["device_code"]),
            post(node, "/oauth2/token", **redemption(unused_code)),
        ]

    first, last = live_nodes.nodes[0], live_nodes.nodes[-1]
    unused_code = new_code(services, key)
    tokens = post(first, "/oauth2/token", **redemption(new_code(services, key))).json()
    device = post(last, "/oauth2/device_authorization", scope="openid").json()
    for node in (first, last):
        assert post(node, "/oauth2/introspect", token=tokens["access_token"]).json()["active"] is True

    live_nodes.command("clients", "disapprove", key)
    for node in (first, last):
        assert [response.status_code for response in responses_of(node) if not is_rejected(response)] == []

    live_nodes.command("clients", "approve", key)
    for node in (first, last):
        introspection, *others = responses_of(node)
        assert introspection.json() == {"active": False}
        assert [response.status_code for response in others if not is_rejected(response)] == []

"""The verification endpoint: a resource server describes a signed request and gets its user or the problem."""

import base64
import json
from dataclasses import replace

import pytest

from authserver.context import SYSTEM
from authserver.domain.clients import client_secrets, clients
from authserver.domain.clients.metadata import ClientMetadata
from authserver.domain.diagnostics.error_log import RecordedError
from tests.support.consumer import FORM, register
from tests.support.table import table

URL = "https://models.example:8443/oslc/resources?x=%2F&a=2&a=1"
BODY = [("title", "ä b"), ("title", "+"), ("password", "hunter2")]


class ResourceServer:
    def __init__(self, services, app, *, right=True, is_approved=True):
        registration = ClientMetadata(
            kind="oauth2",
            name="The model server",
            grant_types=("client_credentials",),
            response_types=(),
            may_verify_requests=right or None,
        )
        with services.database.transaction() as db:
            client = clients.register(db, SYSTEM, registration, source="console")
            secret = client_secrets.generate(db, SYSTEM, services.vault, client)
            if is_approved:
                clients.approve(db, SYSTEM, client, revision=client.revision)
            pair = f"{client.client_key}:{secret}"
        self.basic = f"Basic {base64.b64encode(pair.encode()).decode()}"
        self.app = app

    def ask(self, document, **headers):
        data = document if isinstance(document, bytes) else json.dumps(document)
        return self.app.test_client().post(
            "/oauth/verify", data=data, headers={"Authorization": self.basic} | headers
        )


@pytest.fixture
def resource_server(services, app):
    return ResourceServer(services, app)


@pytest.fixture
def token(services, app, sample_users):
    return register(services, app).get_token_credentials()


def description(token, verb="POST", url=URL, form=BODY, **more):
    url, headers, body = token.sign(verb, url, form, **more)
    return {"method": verb, "url": url, "authorization": headers.get("Authorization", ""), "body": body or ""}


def test_valid_request_returns_user_consumer_and_lifetime(resource_server, token, alice):
    response = resource_server.ask(description(token))
    assert response.status_code == 200
    document = response.get_json()
    assert 7190 <= document.pop("expires_in") <= 7200
    assert document.pop("expires_at") > 1_700_000_000
    assert document == {
        "valid": True,
        "consumer": {"key": token.key, "name": "The Tool", "trusted": False},
        "user": {
            "sub": alice.subject,
            "username": "alice",
            "name": "Alice Adams",
            "email": "alice@example.org",
            "email_verified": False,
        },
        "two_legged": False,
    }


def test_request_can_be_described_in_several_forms(resource_server, token):
    for place in ("AUTH_HEADER", "QUERY", "BODY"):
        described = description(replace(token, place=place))
        assert resource_server.ask(described).get_json()["valid"] is True, place
    described = description(token)
    described["headers"] = {"AUTHORIZATION": described.pop("authorization"), "Content-Type": FORM}
    described["body_parameters"] = [list(pair) for pair in BODY]
    del described["body"]
    assert resource_server.ask(described).get_json()["valid"] is True
    described = description(token)
    del described["body"]
    described["body_parameters"] = {"title": ["ä b", "+"], "password": "hunter2"}
    assert resource_server.ask(described).get_json()["valid"] is True


def test_two_legged_request_returns_the_functional_user(services, app, resource_server, alice):
    consumer = register(services, app, functional_user_id=alice.id)
    document = resource_server.ask(description(consumer)).get_json()
    assert document["two_legged"] is True
    assert document["user"]["username"] == "alice"
    assert "expires_in" not in document


def test_problem_includes_the_response_for_the_consumer(resource_server, token):
    described = description(token)
    assert resource_server.ask(described).get_json()["valid"] is True
    document = resource_server.ask(described).get_json()
    assert (document["valid"], document["problem"], document["status"]) == (False, "nonce_used", 401)
    assert document["www_authenticate"].startswith('OAuth realm="authserver", oauth_problem="nonce_used"')
    unknown = replace(token, token="aso_1_" + "x" * 43)
    assert resource_server.ask(description(unknown)).get_json()["problem"] == "invalid_expired_token"
    changed = description(token) | {"method": "GET"}
    assert resource_server.ask(changed).get_json()["problem"] == "signature_invalid"


def test_plaintext_requires_a_private_transport(resource_server, token):
    plain = replace(token, method="PLAINTEXT")
    assert (
        resource_server.ask(description(plain, url="http://models.example/")).get_json()["problem"]
        == "signature_method_rejected"
    )
    assert resource_server.ask(description(plain, url="https://models.example/")).get_json()["valid"] is True


def test_only_approved_clients_with_permission_may_verify(services, app, token):
    without = ResourceServer(services, app, right=False).ask(description(token))
    assert (without.status_code, without.get_json()["error"]) == (403, "unauthorized_client")
    pending = ResourceServer(services, app, is_approved=False).ask(description(token))
    assert (pending.status_code, pending.get_json()["error"]) == (400, "unauthorized_client")
    wrong = ResourceServer(services, app).ask(description(token), Authorization="Basic eDp5")
    assert (wrong.status_code, wrong.get_json()["error"]) == (401, "invalid_client")
    assert app.test_client().post("/oauth/verify", data="{}").status_code == 401


@pytest.mark.both_databases
@table(
    "document",
    [
        b"", b"{", b"[]", b"1", b"\xff", b"[" * 50000, {}, {"method": "GET"}, {"method": 1, "url": "https://a/"},
        {"method": "", "url": "https://a/"}, {"method": "GET", "url": "a"}, {"method": "GET", "url": "https://a/\ud800"},
        {"method": "GET", "url": "https://[/"}, {"method": "GET", "url": "https://a/", "headers": []},
        {"method": "GET", "url": "https://a/", "headers": {"Authorization": 1}},
        {"method": "GET", "url": "https://a/", "headers": {"Authorization": "", "authorization": ""}},
        {"method": "GET", "url": "https://a/", "authorization": None},
        {"method": "GET", "url": "https://a/", "body": 1}, {"method": "GET", "url": "https://a/", "body_parameters": 1},
        {"method": "GET", "url": "https://a/", "body_parameters": [1]},
        {"method": "GET", "url": "https://a/", "body_parameters": [["a", 1]]},
        {"method": "GET", "url": "https://a/", "body_parameters": {"a": {}}},
        {"method": "GET", "url": "https://a/", "body_parameters": {"a": "\udcff"}},
        {"method": "GET", "url": "https://a/", "body": "a=1", "body_parameters": {"a": "1"}},
        {"method": "G\u00c4T", "url": "https://a/"},
    ],
)  # fmt: skip
def test_malformed_description_is_an_invalid_request(resource_server, document):
    response = resource_server.ask(document)
    assert response.status_code == 400
    assert response.get_json()["error"] == "invalid_request"


def test_rejected_signature_is_explained_without_secrets(services, resource_server, token):
    forged = replace(token, token_secret="guess")
    document = resource_server.ask(description(forged)).get_json()
    reference = document["advice"].rpartition("reference ")[2].rstrip(")")
    with services.database.transaction(write=False) as db:
        failure = db.query(RecordedError).filter_by(reference=reference).one()
    assert failure.error == "signature_invalid"
    assert (
        failure.received
        == "POST https://models.example:8443/oslc/resources (HMAC-SHA1, parameters in the header)"
    )
    assert failure.expected.startswith(
        "POST&https%3A%2F%2Fmodels.example%3A8443%2Foslc%2Fresources&a%3D1%26a%3D2%26oauth_"
    )
    stored = repr(vars(failure))
    for secret in ("hunter2", token.token.split("_", 2)[-1], token.token_secret, token.secret, "guess"):
        assert secret not in stored
    assert "oauth_token%3Daso_" in failure.expected


def test_clock_and_nonce_errors_are_explained(services, token, moving_clock):
    late = str(int(moving_clock.now().timestamp()) + 4000)
    response = token.whoami(timestamp=late)
    assert "ahead" in response.text
    token.whoami(nonce="again", timestamp=str(int(moving_clock.now().timestamp())))
    with services.database.transaction(write=False) as db:
        failure = db.query(RecordedError).filter_by(error="timestamp_refused").one()
    assert failure.received == "clock ahead"
    assert "s ahead" in failure.detail

"""The endpoints for Jazz and OSLC servers: root services, requestKey and approveKey."""

import json
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from authserver.domain.audit import AuditEvent
from authserver.domain.clients import client_secrets, clients, pending_clients
from authserver.domain.clients.clients import Client
from authserver.domain.oauth1 import consumers
from tests.support import forms
from tests.support.consumer import Consumer, problem_of
from tests.support.sample_users import PASSWORD
from tests.support.table import table

JFS = "{http://jazz.net/xmlns/prod/jazz/jfs/1.0/}"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
ADDRESSES = ["/rootservices", "/.well-known/oslc/rootservices.xml", "/oslc/api/rootservices"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_root_services_at_three_urls(client, address):
    response = client.get(address)
    assert response.status_code == 200
    assert response.content_type == "application/rdf+xml"
    assert response.headers["OSLC-Core-Version"] == "2.0"
    (about,) = ET.fromstring(response.data)
    assert about.tag == f"{RDF}Description"
    assert about.get(f"{RDF}about") == f"http://localhost{address}"
    found = {child.tag: child.get(f"{RDF}resource") or child.text for child in about}
    assert found["{http://purl.org/dc/terms/}title"] == "authserver"
    assert found[f"{JFS}oauthRealmName"] == "authserver"
    assert found[f"{JFS}oauthDomain"] == "http://localhost"
    assert found[f"{JFS}oauthRequestConsumerKeyUrl"] == "http://localhost/oauth/requestKey"
    assert found[f"{JFS}oauthApprovalModuleUrl"] == "http://localhost/oauth/approveKey"
    assert found[f"{JFS}oauthRequestTokenUrl"] == "http://localhost/oauth/requestToken"
    assert found[f"{JFS}oauthUserAuthorizationUrl"] == "http://localhost/oauth/authorize"
    assert found[f"{JFS}oauthAccessTokenUrl"] == "http://localhost/oauth/accessToken"
    catalog = found["{http://open-services.net/ns/am#}amServiceProviders"]
    assert client.get(catalog.removeprefix("http://localhost")).content_type == "application/rdf+xml"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ({"name": "DOORS Next", "secret": "s3cret"}, "application/json"),
        ({"name": "DOORS Next", "secret": "s3cret", "trusted": True, "secretType": "string"}, ""),
        ({"name": "DOORS Next", "secret": "s3cret", "trusted": "true"}, "application/x-www-form-urlencoded"),
        ({"name": "DOORS Next", "secret": "s3cret"}, "text/plain; charset=ISO-8859-1"),
    ],
)
def test_request_key_accepts_json_with_any_content_type(services, client, body, content_type):
    response = client.post("/oauth/requestKey", data=json.dumps(body), headers={"Content-Type": content_type})
    assert response.status_code == 200, response.text
    assert response.content_type == "application/json"
    assert set(response.get_json()) == {"key"}
    row = stored(services, response.get_json()["key"])
    assert (row.name, row.status, row.kind, row.source) == ("DOORS Next", "pending", "oauth1", "requestKey")
    assert row.is_trusted is False
    assert consumers.options_of(row.details).wants_trust is ("trusted" in body)
    with services.database.transaction(write=False) as db:
        (secret,) = client_secrets.secrets_of_client(db, row)
    assert client_secrets.reveal(services.vault, secret) == "s3cret"


def test_missing_name_defaults_to_the_callers_host(services, client):
    response = client.post(
        "/oauth/requestKey", json={"secret": "s3cret"}, environ_base={"REMOTE_ADDR": "192.0.2.7"}
    )
    row = stored(services, response.get_json()["key"])
    assert "192.0.2.7" in row.name
    assert row.registered_from == "192.0.2.7"


@pytest.mark.both_databases
@table(
    "body",
    [b"", b"{", b"[]", b'"x"', b"null", b"{}", b'{"name": "x"}', b'{"secret": ""}', b'{"secret": 1}', b'{"secret": null}',
     b'{"name": 1, "secret": "x"}', b'{"name": "a\\u0000b", "secret": "x"}', b'{"name": "a", "secret": "\\ud800"}',
     b'{"name": "\\ud800", "secret": "x"}', b'{"name": "a", "secret": "\\u0000"}', b"\xff\xfe", b"[" * 4000,
     b'{"name": "' + b"a" * 201 + b'", "secret": "x"}', b'{"name": "a", "secret": "' + b"a" * 257 + b'"}'],
)  # fmt: skip
def test_request_key_rejects_invalid_bodies(client, body):
    response = client.post("/oauth/requestKey", data=body)
    assert response.status_code == 400, response.text
    assert response.get_json()["error"] == "invalid_request"


def test_request_key_limits_size_and_rate(services, client):
    assert client.post("/oauth/requestKey", data=b" " * 5000).status_code == 413
    body = {"name": "a", "secret": "x"}
    responses = [
        client.post("/oauth/requestKey", json=body).status_code
        for _ in range(services.settings.consumer_requests + 1)
    ]
    assert responses == [200] * services.settings.consumer_requests + [429]
    elsewhere = client.post("/oauth/requestKey", json=body, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert elsewhere.status_code == 200


def test_rejected_key_requests_do_not_count(services, client):
    """S20: a tool with a wrong configuration does not block the others on its network."""
    for _ in range(services.settings.consumer_requests + 1):
        assert client.post("/oauth/requestKey", json={"name": 1, "secret": "x"}).status_code == 400
    assert client.post("/oauth/requestKey", json={"name": "a", "secret": "x"}).status_code == 200


def test_undecided_key_requests_expire(services, client, moving_clock):
    key = client.post("/oauth/requestKey", json={"name": "a", "secret": "x"}).get_json()["key"]
    moving_clock.advance(services.settings.consumer_request_lifetime, seconds=-60)
    with services.database.transaction() as db:
        assert pending_clients.purge(db, services.settings) == 0
    moving_clock.advance(timedelta(minutes=2))
    client.post("/oauth/requestKey", json={"name": "b", "secret": "x"})
    with services.database.transaction(write=False) as db:
        assert clients.find(db, key) is None


def test_deep_link_leads_through_the_sign_in_to_the_decision(services, app, sample_users):
    key = request_key(app)
    browser = app.test_client()
    page = sign_in(browser, follow(browser, browser.get(f"/oauth/approveKey?key={key}")), "admin")
    assert page.request.path == "/oauth/approveKey"
    assert key in page.text
    assert "The consumer requested this." in page.text
    assert ("trusted", "1") not in forms.find(page, "key-approve").fields
    done = forms.submit(browser, page, "key-approve", redirect_uris="https://jazz.example/jts/cb")
    assert done.status_code == 200
    row = stored(services, key)
    assert row.status == "approved"
    assert row.is_trusted is False
    assert row.redirect_uris == ["https://jazz.example/jts/cb"]
    again = browser.get(f"/oauth/approveKey?key={key}")
    assert again.status_code == 200
    assert "is approved" in again.text


def test_administrator_decides_about_trust_and_1_0(services, app, sample_users):
    key = request_key(app)
    browser = signed_in(app, "admin")
    page = browser.get(f"/oauth/approveKey?key={key}")
    forms.submit(browser, page, "key-approve", trusted="1", allows_1_0="1")
    row = stored(services, key)
    assert row.is_trusted is True
    assert consumers.options_of(row.details).allows_1_0 is True


def test_requested_key_works_after_its_approval(app, sample_users):
    key = request_key(app)
    consumer = Consumer(app, key, "s3cret")
    assert problem_of(consumer.request_token()) == (503, "consumer_key_refused")
    browser = signed_in(app, "admin")
    forms.submit(browser, browser.get(f"/oauth/approveKey?key={key}"), "key-approve")
    assert consumer.get_token_credentials(callback="https://jazz.example/cb").whoami().status_code == 200


def test_remove_deletes_the_consumer(services, app, sample_users):
    key = request_key(app)
    browser = signed_in(app, "admin")
    page = forms.submit(browser, browser.get(f"/oauth/approveKey?key={key}"), "key-remove")
    assert "was removed" in page.text
    with services.database.transaction(write=False) as db:
        assert clients.find(db, key) is None
        events = [row.event for row in db.query(AuditEvent).filter_by(subject_kind="clients")]
    assert events[-1] == "client:remove"


def test_unknown_key_shows_an_error_page(app, sample_users):
    browser = signed_in(app, "admin")
    for key in ("", "nobody", "x" * 9000, "\u2603"):
        page = browser.get("/oauth/approveKey", query_string={"key": key})
        assert page.status_code == 400
        assert "Unknown consumer key" in page.text


def test_decision_needs_configure_server(services, app, sample_users):
    key = request_key(app)
    browser = signed_in(app, "alice")
    page = browser.get(f"/oauth/approveKey?key={key}")
    assert page.status_code == 403
    assert "Jazz" not in page.text
    token = dict(forms.find(browser.get("/sign-out"), "logout-confirm").fields)["csrf_token"]
    data = {"csrf_token": token, "key": key, "revision": "1", "decision": "approve"}
    assert browser.post("/oauth/approveKey", data=data).status_code == 403
    assert stored(services, key).status == "pending"


def test_stale_page_or_invalid_callback_is_rejected(services, app, sample_users):
    key = request_key(app)
    browser = signed_in(app, "admin")
    page = browser.get(f"/oauth/approveKey?key={key}")
    assert forms.submit(browser, page, "key-approve", redirect_uris="javascript:alert(1)").status_code == 422
    assert forms.submit(browser, page, "key-approve", revision="99").status_code == 409
    row = stored(services, key)
    assert (row.status, row.redirect_uris) == ("pending", [])


def request_key(app):
    body = {"name": "Jazz", "secret": "s3cret", "trusted": True}
    return app.test_client().post("/oauth/requestKey", json=body).get_json()["key"]


def signed_in(app, username):
    browser = app.test_client()
    sign_in(browser, browser.get("/sign-in"), username)
    return browser


def sign_in(browser, page, username):
    return follow(browser, forms.submit(browser, page, "login-submit", username=username, password=PASSWORD))


def follow(browser, answer):
    while answer.status_code in {302, 303}:
        answer = browser.get(answer.location)
    return answer


def stored(services, key) -> Client:
    with services.database.transaction(write=False) as db:
        return clients.get(db, key)

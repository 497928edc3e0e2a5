"""RFC 7591: dynamic client registration, at the standard endpoint and at the legacy paths."""

import itertools
import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from authserver.app import create_app
from authserver.context import SYSTEM
from authserver.domain import scopes
from authserver.domain.users.users import User
from authserver.protocol.services import Services
from authserver.settings import Settings
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import RelyingParty, approve, stored
from tests.support.table import table

STANDARD, OAUTH2_PATH, OIDC_PATH = "/oauth2/register", "/api/oauth2/register", "/api/oidc/register"
MINIMAL: dict[str, Any] = {"client_name": "My Example", "redirect_uris": ["https://client.example/callback"]}


def register(client: FlaskClient, path: str = STANDARD, **metadata: Any) -> TestResponse:
    return client.post(path, json=MINIMAL | metadata)


def registered(client: FlaskClient, path: str = STANDARD, **metadata: Any) -> dict[str, Any]:
    response = register(client, path, **metadata)
    assert response.status_code == 201, response.text
    document: dict[str, Any] = response.get_json()
    return document


def error_of(response: TestResponse) -> str:
    assert response.status_code == 400, response.text
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    return str(response.get_json()["error"])


@pytest.mark.parametrize(("path", "kind"), [(STANDARD, "oidc"), (OAUTH2_PATH, "oauth2"), (OIDC_PATH, "oidc")])
def test_minimal_request_gets_the_defaults(
    client: FlaskClient, services: Services, path: str, kind: str
) -> None:
    """3.2.1: 201 with JSON that is not cached: all registered metadata, client_id and secret. 2: the defaults."""
    response = register(client, path)
    document = response.get_json()
    assert (response.status_code, response.content_type) == (201, "application/json")
    assert response.headers["Cache-Control"] == "no-store"
    assert document | MINIMAL == document
    assert document["grant_types"] == ["authorization_code"]
    assert document["response_types"] == ["code"]
    assert document["token_endpoint_auth_method"] == "client_secret_basic"
    assert ("openid" in document["scope"].split()) is (kind == "oidc")
    assert document["client_secret_expires_at"] == 0
    assert len(document["client_secret"]) >= 43
    assert isinstance(document["client_id_issued_at"], int)
    assert document["registration_client_uri"] == f"http://localhost{STANDARD}/{document['client_id']}"
    row = stored(services, document["client_id"])
    assert (row.kind, row.status, row.source) == (kind, "pending", "registration")
    assert (row.is_trusted, row.registered_from) == (False, "127.0.0.1")


@pytest.mark.parametrize("requested", [{}, {"scope": None}, {"scope": ""}])
@pytest.mark.parametrize(
    ("path", "grant_types", "scope"),
    [
        (STANDARD, ["authorization_code"], "openid profile email"),
        (STANDARD, ["authorization_code", "refresh_token"], "openid profile email offline_access"),
        (OIDC_PATH, ["authorization_code"], "openid profile email"),
        (OAUTH2_PATH, ["authorization_code", "refresh_token"], "profile email offline_access"),
    ],
)
def test_client_that_names_no_scope_gets_the_default(
    client: FlaskClient, path: str, grant_types: list[str], scope: str, requested: dict[str, Any]
) -> None:
    """2: if scope is omitted, the server MAY register a default set of scopes. offline_access needs refresh tokens."""
    assert registered(client, path, grant_types=grant_types, **requested)["scope"] == scope


@pytest.mark.parametrize("requested", [None, "client_secret_basic", "client_secret_post"])
def test_client_that_names_no_method_may_use_the_header_and_the_body(
    client: FlaskClient, services: Services, requested: str | None
) -> None:
    """2: client_secret_basic is the default. The body is accepted too, unless the client names a method."""
    document = registered(client, token_endpoint_auth_method=requested)
    assert document["token_endpoint_auth_method"] == (requested or "client_secret_basic")
    approve(services, document["client_id"])
    form = {"grant_type": "authorization_code", "code": "x"}
    rp = RelyingParty(client.application, document["client_id"], document["client_secret"])
    in_header = rp.token(**form).get_json()["error"]
    in_body = rp.token({}, **form, client_id=rp.key, client_secret=rp.secret).get_json()["error"]
    assert (in_header == "invalid_client") is (requested == "client_secret_post")
    assert (in_body == "invalid_client") is (requested == "client_secret_basic")


@pytest.mark.parametrize("name", ["client_id", "client_secret", "registration_access_token"])
def test_each_client_has_its_own_credentials(client: FlaskClient, name: str) -> None:
    """3.2.1: client_secret MUST be unique for each client_id, and client_id SHOULD NOT belong to another client."""
    assert registered(client)[name] != registered(client)[name]


def test_response_contains_all_registered_metadata(client: FlaskClient) -> None:
    """3.2.1: the server MUST return all registered metadata about this client."""
    metadata: dict[str, Any] = {
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": "openid profile",
        "token_endpoint_auth_method": "client_secret_post",
        "client_uri": "https://client.example/",
        "logo_uri": "https://cdn.example/logo.png",
        "policy_uri": "https://client.example/privacy",
        "tos_uri": "https://client.example/terms#top",
        "contacts": ["ve7jtb@example.org", "Ünal"],
        "software_id": "4NRB1-0XZABZI9E6-5SM3R",
        "software_version": "2.1",
    }
    document = registered(client, **metadata)
    assert document | metadata == document


NOT_CLIENT_METADATA = [
    "client_id",
    "trusted",
    "is_trusted",
    "status",
    "oauth1",
    "resources",
    "serves",
    "may_verify_requests",
    "pkce_required",
    "epoch",
    "access_token_signed_response_alg",
    "details",
    "frobnicate",
    "",
    "\ud800",
]


@pytest.mark.both_databases
def test_unknown_metadata_is_ignored(client: FlaskClient, services: Services) -> None:
    """2: the server MUST ignore unknown metadata. S16: it also ignores metadata that clients may not set."""
    for name in NOT_CLIENT_METADATA:
        document = registered(client, **{name: "true"})
        assert name == "client_id" or name not in document
        row = stored(services, document["client_id"])
        assert (row.is_trusted, row.status, row.epoch) == (False, "pending", 0)
        assert row.details.keys() <= {"application_type"}


def test_client_cannot_make_itself_trusted(client: FlaskClient, services: Services) -> None:
    """S16: an anonymous request never makes a client trusted, with a value of any type."""
    for value in (True, "true", 1, {"a": 1}):
        document = registered(client, trusted=value, is_trusted=value)
        assert stored(services, document["client_id"]).is_trusted is False


def test_null_and_empty_count_as_omitted(client: FlaskClient) -> None:
    """RFC 7592, 2.2, applied to registration too: null requests the default."""
    document = registered(
        client, grant_types=None, token_endpoint_auth_method=None, logo_uri="", contacts=None
    )
    assert document["grant_types"] == ["authorization_code"]
    assert document["token_endpoint_auth_method"] == "client_secret_basic"
    assert "logo_uri" not in document
    assert "contacts" not in document


INCONSISTENT = [
    (["refresh_token"], ["code"]),
    (["implicit"], ["code"]),
    (["authorization_code"], ["id_token"]),
    (["authorization_code"], ["code id_token"]),
    (["authorization_code"], []),
    (["authorization_code"], ["code", "nonsense"]),
    (["authorization_code"], [""]),
    (["nonsense"], ["code"]),
    ([], []),
    (["urb:ietf:params:oauth:grant-type:device_code"], []),
]


def test_inconsistent_flows_are_rejected(client: FlaskClient) -> None:
    """2.1: the server MUST ensure that a client cannot register itself into an inconsistent state."""
    for grant_types, response_types in INCONSISTENT:
        response = register(client, grant_types=grant_types, response_types=response_types)
        assert error_of(response) == "invalid_client_metadata"


COMPLETED: list[tuple[dict[str, Any], list[str], list[str]]] = [
    ({"response_types": ["id_token"]}, ["implicit"], ["id_token"]),
    ({"response_types": ["code id_token"]}, ["authorization_code", "implicit"], ["code id_token"]),
    ({"grant_types": ["client_credentials"]}, ["client_credentials"], []),
    (
        {"grant_types": ["authorization_code", "refresh_token"]},
        ["authorization_code", "refresh_token"],
        ["code"],
    ),
    (
        {"grant_types": ["authorization_code", "implicit"], "response_types": ["code"]},
        ["authorization_code"],
        ["code"],
    ),
    ({"response_types": ["token"]}, ["implicit"], ["token"]),
    ({"response_types": ["token id_token"]}, ["implicit"], ["id_token token"]),
]


def test_missing_types_are_derived(client: FlaskClient) -> None:
    """2.1: grant types and response types correspond. 3.2.1: the response contains what was registered."""
    for metadata, grant_types, response_types in COMPLETED:
        document = registered(client, **metadata)
        assert (document["grant_types"], document["response_types"]) == (grant_types, response_types)


INVALID_URIS = [
    "javascript:alert(1)",
    "data:text/html,x",
    "http://client.example/cb",
    "/cb",
    "https://client.example/cb#fragment",
    "https://user@client.example/",
    "https://*.example/",
    "client:cb",
    "https://client.example/\x00",
    "https://client.example/\ud800",
    "https://client.example/é",
    "https://[",
    "",
    "https://client.example/" + "a" * 2000,
]


@pytest.mark.both_databases
def test_invalid_redirect_uri_is_rejected(client: FlaskClient) -> None:
    """3.2.2: invalid_redirect_uri. S16: only allowed schemes."""
    for uri in INVALID_URIS:
        assert error_of(register(client, redirect_uris=[uri])) == "invalid_redirect_uri"


@table("uri", ["https://[::1", "https://[x]/", "https://x\u2100y/cb", "https://a:b/", "//[::1/cb"])
@table(
    "metadata",
    [
        {"subject_type": "pairwise"},
        {"response_types": ["id_token"], "grant_types": ["implicit"]},
        {"frontchannel_logout_uri": "https://client.example/out"},
    ],
)
def test_invalid_host_is_rejected(client: FlaskClient, uri: str, metadata: dict[str, Any]) -> None:
    """3.2.2: invalid_redirect_uri, even where the server derives other values from the hosts (S26)."""
    assert error_of(register(client, redirect_uris=[uri], **metadata)) == "invalid_redirect_uri"


@pytest.mark.parametrize("uri", ["http://127.0.0.1/cb", "http://[::1]:4000/cb", "com.example.app:/cb"])
def test_native_redirect_uris_are_accepted(client: FlaskClient, uri: str) -> None:
    """5 and RFC 8252: loopback URIs, and private-use schemes with a dot."""
    document = registered(client, redirect_uris=[uri], token_endpoint_auth_method="none")
    assert document["redirect_uris"] == [uri]
    assert "client_secret" not in document
    assert "client_secret_expires_at" not in document


@pytest.mark.parametrize("uri", ["cursor://app/cb", "vscode://app/cb", "oc://cb", "myapp:/cb"])
def test_scheme_without_a_dot_is_for_administrators(client: FlaskClient, uri: str) -> None:
    """RFC 8252, 7.1 and 8.4: schemes without a period are rejected. S16: the client learns what to change."""
    response = register(client, redirect_uris=[uri])
    assert error_of(response) == "invalid_redirect_uri"
    assert "ask an administrator to register this URI" in response.get_json()["error_description"]


def test_repeated_redirect_uri_counts_once(client: FlaskClient) -> None:
    """2: redirect_uris is a set of values. A repeated value has no effect."""
    uris = ["https://a.example/1", "https://a.example/2", "https://a.example/1"]
    document = registered(client, redirect_uris=uris, post_logout_redirect_uris=uris)
    assert document["redirect_uris"] == document["post_logout_redirect_uris"] == uris[:2]


@pytest.mark.parametrize("member", ["redirect_uris", "post_logout_redirect_uris"])
def test_query_may_have_any_parameter(client: FlaskClient, member: str) -> None:
    """RFC 6749, 3.1.2: the redirect URI MAY include a query, whatever its parameters are called."""
    uris = ["https://client.example/cb?state=1&code=2&error=3"]
    assert registered(client, **{member: uris})[member] == uris


def test_http_redirect_uri_can_be_allowed_by_a_setting(settings: Settings) -> None:
    """S16: http is accepted on the networks and hosts of the setting only."""
    app = create_app(settings.model_copy(update={"http_redirect_hosts": ("10.0.0.0/8", "jazz")}))
    client = app.test_client()
    uris = ["http://10.1.2.3:9080/cb", "http://jazz/cb"]
    assert registered(client, redirect_uris=uris)["redirect_uris"] == uris
    assert error_of(register(client, redirect_uris=["http://rp.example/cb"])) == "invalid_redirect_uri"
    app.extensions["authserver"].database.engine.dispose()


INVALID_LISTS = [[], None, [f"https://a.example/{n}" for n in range(51)]]


def test_number_of_redirect_uris_is_limited(client: FlaskClient) -> None:
    """2: clients that use flows with redirection MUST register redirect URIs. S28: the number is limited."""
    for uris in INVALID_LISTS:
        assert error_of(register(client, redirect_uris=uris)) == "invalid_redirect_uri"


@pytest.mark.parametrize("metadata", [{"token_endpoint_auth_method": "none"}, {"response_types": ["token"]}])
def test_redirect_flows_require_a_redirect_uri(client: FlaskClient, metadata: dict[str, Any]) -> None:
    """RFC 6749, 3.1.2.2: public clients, and those using the implicit grant, MUST register their redirect URI."""
    assert error_of(register(client, redirect_uris=[], **metadata)) == "invalid_redirect_uri"


def test_client_without_redirects_needs_no_redirect_uri(client: FlaskClient) -> None:
    """2: redirect_uris are for flows with redirection."""
    metadata = {"client_name": "Batch", "grant_types": ["client_credentials"], "scope": "reports"}
    response = client.post(STANDARD, json=metadata)
    assert response.status_code == 201, response.text
    assert response.get_json()["redirect_uris"] == []


def test_client_name_can_have_languages(client: FlaskClient) -> None:
    """2.2: human-readable values in several languages. The name of the tag is not case-sensitive."""
    document = registered(client, **{"client_name#ja-Jpan-JP": "\u30af\u30e9\u30a4\u30a2\u30f3\u30c8\u540d"})
    assert document["client_name"] == "My Example"
    response = client.post(
        STANDARD, json={"client_name#fr": "Mon exemple", "redirect_uris": ["https://a.example/cb"]}
    )
    assert response.get_json()["client_name"] == "Mon exemple"
    response = client.post(STANDARD, json={"redirect_uris": ["https://a.example/cb"]})
    assert response.get_json()["client_name"] == "Application at a.example"


STATEMENTS = ["eyJhbGciOiJSUzI1NiJ9.e30.x", "x", {"a": 1}, 7]


def test_software_statement_is_rejected(client: FlaskClient) -> None:
    """3.2.2: unapproved_software_statement, because no issuer of statements is trusted."""
    for statement in STATEMENTS:
        assert error_of(register(client, software_statement=statement)) == "unapproved_software_statement"


WRONG_VALUES: tuple[Any, ...] = (
    1,
    1.5,
    True,
    {},
    {"a": []},
    [[]],
    [1],
    [None],
    ["\x00"],
    ["\ud800"],
    "\x00",
    "\ud800",
    "x" * 2500,
)
FIELDS = (
    "redirect_uris", "client_name", "grant_types", "response_types", "scope", "token_endpoint_auth_method", "jwks",
    "jwks_uri", "client_uri", "logo_uri", "policy_uri", "tos_uri", "contacts", "software_id", "software_version",
    "id_token_signed_response_alg", "userinfo_signed_response_alg", "subject_type", "sector_identifier_uri",
    "token_endpoint_auth_signing_alg", "default_max_age", "require_auth_time", "default_acr_values",
    "initiate_login_uri", "application_type", "post_logout_redirect_uris", "backchannel_logout_uri",
    "backchannel_logout_session_required", "frontchannel_logout_uri", "frontchannel_logout_session_required",
)  # fmt: skip


@pytest.mark.both_databases
def test_wrong_types_are_rejected_with_json(client: FlaskClient) -> None:
    """3.2.2, S26: no value of any type causes a 5xx. The error names the field."""
    for field, value in itertools.product(FIELDS, WRONG_VALUES):
        if value is True and field.endswith(("_required", "auth_time")):
            continue
        if type(value) is int and field == "default_max_age":
            continue
        response = register(client, **{field: value})
        expected = "invalid_redirect_uri" if field == "redirect_uris" else "invalid_client_metadata"
        assert error_of(response) == expected, (field, value)
        assert field in response.get_json()["error_description"]


def nested(depth: int) -> str:
    return '{"client_name":"x","jwks":' + '{"a":' * depth + "1" + "}" * depth + "}"


BODIES = [
    b"",
    b"{",
    b"[]",
    b'"x"',
    b"null",
    b"7",
    b"\xff\xfe",
    b"[" * 5000,
    b'{"a":NaN}',
    b'{"default_max_age":1' + b"0" * 309 + b"}",
    b'{"default_max_age":-1' + b"0" * 309 + b"}",
    b'{"default_max_age":1e999}',
    b'{"a":' + b"9" * 5000 + b"}",
    b'{"client_name":"a","client_name":"b"}',
    nested(9).encode(),
    nested(400).encode(),
    nested(3000).encode(),
]


def test_body_that_is_not_an_object_is_rejected(client: FlaskClient) -> None:
    """3.1: the request is a JSON object. S26: no body causes a 5xx."""
    for body in BODIES:
        response = client.post(STANDARD, data=body, content_type="application/json")
        assert error_of(response) == "invalid_client_metadata"


OTHER_TYPES = ["text/plain", "", "application/x-www-form-urlencoded", "multipart/form-data"]


def test_other_content_types_are_rejected(client: FlaskClient) -> None:
    """3.1: the request is application/json, which another site cannot send through a browser."""
    for content_type in OTHER_TYPES:
        response = client.post(STANDARD, data=json.dumps(MINIMAL), content_type=content_type)
        assert error_of(response) == "invalid_client_metadata"


def test_large_bodies_are_rejected(client: FlaskClient) -> None:
    """S28: the size of the body is limited."""
    for size in (33_000, 70_000):
        response = register(client, padding="x" * size)
        assert response.status_code == 413
        assert "error" in response.get_json()


def test_registrations_per_network_are_limited(
    client: FlaskClient, services: Services, moving_clock: MovingClock
) -> None:
    """5: open registration is rate-limited. Rejected requests count only if the server had to process them."""
    statuses = [register(client).status_code for _ in range(services.settings.registrations + 1)]
    assert statuses == [201] * services.settings.registrations + [429]
    response = register(client)
    assert response.get_json()["error"] == "too_many_requests"
    assert int(response.headers["Retry-After"]) > 0
    other_network = client.post(STANDARD, json=MINIMAL, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert other_network.status_code == 201
    moving_clock.advance(timedelta(hours=1), seconds=1)
    assert register(client).status_code == 201


def test_unapproved_registrations_expire(
    client: FlaskClient, services: Services, moving_clock: MovingClock
) -> None:
    """S16: pending registrations expire, approved registrations do not."""
    unapproved, stored_rows = registered(client), registered(client)
    approve(services, stored_rows["client_id"])
    moving_clock.advance(services.settings.consumer_request_lifetime, seconds=1)
    registered(client)
    headers = {"Authorization": f"Bearer {unapproved['registration_access_token']}"}
    assert client.get(unapproved["registration_client_uri"], headers=headers).status_code == 401
    assert stored(services, stored_rows["client_id"]).status == "approved"


def make_rp(app: Flask, document: dict[str, Any]) -> RelyingParty:
    return RelyingParty(app, document["client_id"], document["client_secret"], document["redirect_uris"][0])


@pytest.mark.parametrize("path", [STANDARD, OIDC_PATH, OAUTH2_PATH])
def test_registration_works_after_approval(
    app: Flask, client: FlaskClient, services: Services, alice: User, path: str
) -> None:
    """S4: a pending client is rejected everywhere. After the approval, the issued credentials work."""
    scope = "profile" if path == OAUTH2_PATH else "openid profile"
    document = registered(client, path, grant_types=["authorization_code", "refresh_token"])
    rp = make_rp(app, document)
    assert rp.authorize(scope=scope).status_code == 403
    response = rp.token(grant_type="refresh_token", refresh_token="x")
    assert response.get_json()["error"] == "unauthorized_client"
    introspected = client.post("/oauth2/introspect", data={"token": "x"}, headers=rp.basic)
    assert introspected.get_json()["error"] == "unauthorized_client"
    approve(services, rp.key)
    response = rp.redeem(rp.code(scope=scope))
    assert response.status_code == 200, response.text
    assert ("id_token" in response.get_json()) is (path != OAUTH2_PATH)


def test_secrets_are_stored_as_digests(client: FlaskClient, services: Services) -> None:
    """I7: the secret and the registration token are stored as digests."""
    document = registered(client)
    stored_rows = ""
    with services.database.reading() as connection:
        for table in ("clients", "client_registrations", "client_secrets", "audit_events", "failures"):
            rows = connection.exec_driver_sql(f"SELECT * FROM {table}")
            stored_rows += repr([tuple(row) for row in rows])
    assert document["client_id"] in stored_rows
    assert document["client_secret"] not in stored_rows
    assert document["registration_access_token"].split("_", 2)[2] not in stored_rows


@pytest.fixture
def with_registration(settings: Settings) -> Any:
    """Create an application with another value of the setting `registration`."""
    apps = []

    def make(value: str) -> Flask:
        apps.append(create_app(settings.model_copy(update={"registration": value})))
        return apps[-1]

    yield make
    for app in apps:
        app.extensions["authserver"].database.engine.dispose()


def test_closed_registration_is_rejected_and_not_advertised(with_registration: Any) -> None:
    """3.2.2: the error is JSON. RFC 8414: discovery does not list the endpoint."""
    client = with_registration("closed").test_client()
    for path in (STANDARD, OAUTH2_PATH, OIDC_PATH):
        response = register(client, path)
        assert (response.status_code, response.get_json()["error"]) == (403, "access_denied")
    for document in (
        "openid-configuration",
        "oauth-authorization-server",
        "oauth2.0-configuration",
        "oidc-configuration",
    ):
        assert "registration_endpoint" not in client.get(f"/.well-known/{document}").get_json()


def test_registration_can_approve_immediately(with_registration: Any, alice: User) -> None:
    """For certification runs: the client works without an administrator, and is still not trusted."""
    app = with_registration("approved")
    document = registered(app.test_client())
    assert document["registration_status"] == "approved"
    rp = make_rp(app, document)
    page = rp.sign_in(rp.authorize())
    assert 'id="consent-allow"' in page.text
    assert "code=" in rp.allow(page).location


@pytest.mark.parametrize(("is_open", "status"), [(True, "approved"), (False, "pending")])
def test_closed_scope_waits_for_approval(with_registration: Any, is_open: bool, status: str) -> None:
    """S14, S16: an administrator decides which clients get a scope, for every value of `registration`."""
    app = with_registration("approved")
    with app.extensions["authserver"].database.transaction() as db:
        scopes.add(db, SYSTEM, name="models.read", words="Read your models", is_open=is_open)
    document = registered(app.test_client(), scope="openid models.read")
    assert document["registration_status"] == status
    assert document["scope"].split() == ["openid", "models.read"]


def test_discovery_lists_the_endpoints(client: FlaskClient) -> None:
    """RFC 8414, 2: registration_endpoint. Each document's path registers the kind of client that belongs to it."""
    expected = {
        "openid-configuration": STANDARD,
        "oauth-authorization-server": STANDARD,
        "oauth2.0-configuration": OAUTH2_PATH,
        "oidc-configuration": OIDC_PATH,
    }
    for name, path in expected.items():
        endpoint = client.get(f"/.well-known/{name}").get_json()["registration_endpoint"]
        assert endpoint == f"http://localhost{path}"
        assert register(client, endpoint.removeprefix("http://localhost")).status_code == 201


@pytest.mark.parametrize(
    "name",
    ["openid-configuration", "oauth-authorization-server", "oauth2.0-configuration", "oidc-configuration"],
)
def test_every_listed_response_type_can_be_registered(client: FlaskClient, name: str) -> None:
    """2: each registration_endpoint accepts the response types that its discovery document lists."""
    discovered = client.get(f"/.well-known/{name}").get_json()
    path = discovered["registration_endpoint"].removeprefix("http://localhost")
    for response_type in discovered["response_types_supported"]:
        flows = {"authorization_code"} if "code" in response_type.split() else set()
        flows |= {"implicit"} if response_type != "code" else set()
        response = register(client, path, response_types=[response_type], grant_types=sorted(flows))
        assert (response_type, response.status_code) == (response_type, 201)


@pytest.mark.parametrize("more", [[], ["refresh_token"], ["client_credentials"]])
def test_device_client_needs_no_redirect_uri(client: FlaskClient, more: list[str]) -> None:
    """2: redirect_uris are for clients that use flows with redirection. RFC 8628 has none."""
    grant_types = ["urn:ietf:params:oauth:grant-type:device_code", *more]
    for absent in ({}, {"redirect_uris": [], "response_types": []}):
        response = client.post(STANDARD, json={"client_name": "TV", "grant_types": grant_types} | absent)
        document = response.get_json()
        assert response.status_code == 201, document
        assert (document["redirect_uris"], document["response_types"]) == ([], [])
        assert document["grant_types"] == grant_types


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_only_post_is_allowed(client: FlaskClient, method: str) -> None:
    """3.1: the client sends an HTTP POST."""
    response = client.open(STANDARD, method=method)
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")


def test_every_bad_redirect_uri_is_named(app: Flask) -> None:
    """3.2.2 and RFC 6749, 5.2: error_description is one line of printable ASCII, here with all bad URIs."""
    uris = ["http://a.example/cb", "https://good.example/cb", "https://*.example/cb"]
    error = app.test_client().post("/oauth2/register", json={"redirect_uris": uris}).get_json()
    assert error["error"] == "invalid_redirect_uri"
    description = error["error_description"]
    assert "URI 1, http://a.example/cb: " in description
    assert "URI 3, https://*.example/cb: " in description
    assert "good.example" not in description
    assert description.isprintable()

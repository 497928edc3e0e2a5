"""Errors are recorded without secrets, whichever parameter contains them (threat model, I7)."""

import base64
from urllib.parse import quote, urlencode

import pytest
from sqlalchemy import String, select

from authserver.domain.diagnostics import error_log
from authserver.domain.diagnostics.error_log import ErrorLog, RecordedError
from tests.support import relying_party
from tests.support.consumer import Consumer

pytestmark = pytest.mark.only_on("sqlite")

GENERATED = "Zk3vJx0cQ9-mT7_pLr2WbYh5NsDfGa8eUiOoPq1XtCw"
TYPED = "correct horse battery staple"
# Generated secrets are recognized anywhere, typed ones only by the name of their parameter.
RECOGNIZED = [
    GENERATED,
    f"asr_1a_{GENERATED}",
    f"asc_2b_{GENERATED}",
    "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6MX0.c2lnbmF0dXJlLXNpZ25hdHVyZQ",
    f"https://rp.example/cb?code={GENERATED}",
    "https://rp.example/cb?client_secret=letmein-letmein",
    "https://rp.example:letmein-letmein@rp.example/cb",
]
CONFIDENTIAL = [
    "client_secret", "code", "code_verifier", "refresh_token", "device_code", "password", "client_assertion", "token",
    "id_token_hint", "state", "nonce", "client_id", "username",
]  # fmt: skip
PARAMETERS = [
    *CONFIDENTIAL, "grant_type", "redirect_uri", "scope", "resource", "client_assertion_type", "response_type",
    "response_mode", "prompt", "max_age", "claims", "acr_values", "login_hint", "code_challenge",
    "code_challenge_method", "ui_locales", "post_logout_redirect_uri", "request", "request_uri", "token_type_hint",
]  # fmt: skip
RECORDED = {"client_id", "redirect_uri", "scope", "resource", "prompt", "post_logout_redirect_uri"}
GRANTS = ["authorization_code", "refresh_token", "password", "client_credentials"]
MACHINE_ENDPOINTS = ["/oauth2/token", "/oauth2/revoke", "/oauth2/introspect", "/oauth2/device_authorization"]
PAGES = ["/oauth2/authorize", "/oidc/end_session"]


@pytest.fixture(autouse=True)
def unlimited_error_log(monkeypatch):
    """Let the error log accept all errors that this test causes within one second."""
    monkeypatch.setattr(ErrorLog, "_is_below_limit", lambda self: True)
    monkeypatch.setattr(error_log, "MAX_PER_CLIENT", 100_000)


@pytest.fixture
def party(services):
    return relying_party.register(services, grant_types=("authorization_code", "refresh_token", "password"))


@pytest.fixture
def recorded_text(database):
    """Return a function that returns all stored text of the error log and the number of errors."""

    def read():
        texts = [column for column in RecordedError.__table__.c if isinstance(column.type, String)]
        with database.transaction(write=False) as db:
            rows = db.execute(select(*texts)).all()
        return "\n".join(str(value) for row in rows for value in row), len(rows)

    return read


def holds_no_secret(text):
    secrets_in_full = [
        GENERATED,
        TYPED,
        quote(TYPED),
        TYPED.replace(" ", "+"),
        "letmein-letmein",
        "c2lnbmF0dXJl",
    ]
    return [secret for secret in secrets_in_full if secret in text]


def sent(name):
    # Parameters that are recorded with their value get all secrets, the others a sample.
    some = RECOGNIZED if name in RECORDED else RECOGNIZED[::3]
    return [*some, *([TYPED] if name in CONFIDENTIAL else [])]


@pytest.mark.parametrize("name", PARAMETERS)
def test_secret_in_any_parameter_is_not_recorded(client, party, recorded_text, name):
    key, secret = party
    parameters = {
        "client_id": key, "response_type": "code", "redirect_uri": relying_party.REDIRECT_URI, "scope": "openid",
        "code_challenge": relying_party.CHALLENGE, "code_challenge_method": "S256",
    }  # fmt: skip
    for value in sent(name):
        for path in MACHINE_ENDPOINTS:
            form = {"client_id": key, "client_secret": secret}
            client.post(path, data=form | {name: value})
            client.post(f"{path}?{urlencode({name: value})}", data=form)
        for grant in GRANTS:
            form = {
                "client_id": key,
                "client_secret": secret,
                "grant_type": grant,
                "username": "x",
                "password": TYPED,
            }
            client.post(
                "/oauth2/token", data=form | {"code": GENERATED, "refresh_token": GENERATED} | {name: value}
            )
        for path in PAGES:
            client.get(path, query_string=parameters | {name: value})
            client.get(path, query_string=[*parameters.items(), (name, value), (name, value)])
    text, count = recorded_text()
    assert count >= len(MACHINE_ENDPOINTS)
    assert holds_no_secret(text) == []


@pytest.mark.parametrize(
    "header", [f"Bearer {GENERATED}", f"Basic {GENERATED}", "Digest x", f"OAuth {TYPED}"]
)
def test_secret_in_a_header_is_not_recorded(client, recorded_text, header):
    for path in MACHINE_ENDPOINTS:
        client.post(path, data={"token": GENERATED}, headers={"Authorization": header})
    text, count = recorded_text()
    assert count >= 1
    assert holds_no_secret(text) == []


@pytest.mark.parametrize("secret", [TYPED, GENERATED])
def test_secret_in_place_of_the_client_key_is_not_recorded(client, party, recorded_text, secret):
    key, _ = party
    basic = base64.b64encode(f"{quote(secret)}:{key}".encode()).decode()
    for path in MACHINE_ENDPOINTS:
        client.post(path, data={"token": "x"}, headers={"Authorization": f"Basic {basic}"})
        client.post(path, data={"token": "x", "client_id": secret, "client_secret": key})
    client.get("/oauth2/authorize", query_string={"client_id": secret, "response_type": "code"})
    Consumer(client.application, secret, key).request_token()
    text, count = recorded_text()
    assert count >= 1
    assert holds_no_secret(text) == []


@pytest.mark.parametrize("secret", RECOGNIZED)
def test_secret_in_a_registration_is_not_recorded(client, recorded_text, secret):
    for name in (
        "client_name",
        "redirect_uris",
        "scope",
        "jwks_uri",
        "logo_uri",
        "software_statement",
        secret,
    ):
        document = {
            "redirect_uris": ["https://rp.example/cb"],
            name: [secret] if name.endswith("uris") else secret,
        }
        client.post("/oauth2/register", json=document | {"grant_types": [secret]})
    text, count = recorded_text()
    assert count >= 1
    assert holds_no_secret(text) == []

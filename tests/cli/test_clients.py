"""`authserver clients`: the interface that other tools rely on, option by option."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from authserver.context import SYSTEM
from authserver.domain.audit import AuditEvent
from authserver.domain.clients import client_secrets, clients
from authserver.domain.clients.metadata import ClientMetadata

KEY = "client_key"
URI = "https://app.example.org/cb"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def add(runner, *options, stdin=None, kind="oidc"):
    redirect = [] if kind == "oauth1" else ["--redirect-uri", URI]
    return runner.run_json(
        "clients", "add", "--type", kind, "--name", "App", *redirect, *options, stdin=stdin
    )


def stored(services, added):
    with services.database.transaction(write=False) as db:
        client = clients.get(db, added[KEY])
        secrets = client_secrets.secrets_of_client(db, client)
    return client, [
        client_secrets.StoredSecret(s.id, s.form, s.pepper_id, s.stored, s.hint, s.expires_at)
        for s in secrets
    ]


def test_options_set_the_metadata(runner, services):
    added = runner.run_json(
        "clients", "add", "--type", "oidc", "--name", "Certification", "--redirect-uri", URI,
        "--redirect-uri", "http://127.0.0.1/cb", "--grant-type", "authorization_code", "--grant-type", "refresh_token",
        "--response-type", "code", "--response-type", "code id_token", "--scope", "openid profile", "--scope", "email",
        "--auth-method", "client_secret_post", "--pkce", "optional", "--generate-secret", "--trusted", "--approve",
    )  # fmt: skip
    client, secrets = stored(services, added)
    assert (client.status, client.kind, client.name) == ("approved", "oidc", "Certification")
    assert client.redirect_uris == [URI, "http://127.0.0.1/cb"]
    assert client.grant_types == ["authorization_code", "refresh_token"]
    assert client.response_types == ["code", "code id_token"]
    assert client.scopes == ["openid", "profile", "email"]
    assert (client.auth_method, client.is_pkce_required, client.is_trusted) == (
        "client_secret_post",
        False,
        True,
    )
    assert services.secret_verifier.verify(tuple(secrets), client.revision, added["client_secret"])


@pytest.mark.only_on("sqlite")
def test_defaults(runner, services):
    added = add(runner)
    client, secrets = stored(services, added)
    assert client.status == "pending"
    assert (client.grant_types, client.response_types) == (["authorization_code"], ["code"])
    assert client.scopes == ["openid", "profile", "email"]
    assert (client.auth_method, client.is_pkce_required, client.is_trusted) == (
        "client_secret",
        False,
        False,
    )
    assert [secret.form for secret in secrets] == ["hmac"]
    assert added["client_secret"]


@pytest.mark.only_on("sqlite")
def test_default_scopes_follow_the_grant_types(runner, services):
    added = add(runner, "--grant-type", "authorization_code", "--grant-type", "refresh_token")
    assert stored(services, added)[0].scopes == ["openid", "profile", "email", "offline_access"]


@pytest.mark.only_on("sqlite")
def test_public_client_has_pkce_and_no_secret(runner, services):
    added = add(runner, "--auth-method", "none", "--pkce", "optional")
    client, secrets = stored(services, added)
    assert client.is_pkce_required
    assert secrets == []
    assert "client_secret" not in added


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("option", ["--generate-secret", "--secret-stdin"])
def test_secret_option_for_a_public_client_is_an_error(runner, option):
    arguments = [
        "clients",
        "add",
        "--type",
        "oidc",
        "--name",
        "App",
        "--redirect-uri",
        URI,
        "--auth-method",
        "none",
    ]
    result = runner.invoke(*arguments, option, stdin="a secret that is long enough\n")
    assert result.exit_code == 2


@pytest.mark.only_on("sqlite")
def test_secret_from_stdin_is_not_printed(runner, services):
    secret = "a secret that is long enough"
    added = add(runner, "--secret-stdin", stdin=f"{secret}\n")
    assert "client_secret" not in added
    client, secrets = stored(services, added)
    assert services.secret_verifier.verify(tuple(secrets), client.revision, secret)


@pytest.mark.only_on("sqlite")
def test_secret_options_exclude_each_other(runner):
    arguments = ["clients", "add", "--type", "oidc", "--name", "App", "--redirect-uri", URI]
    result = runner.invoke(
        *arguments, "--generate-secret", "--secret-stdin", stdin="a secret that is long enough"
    )
    assert result.exit_code == 2
    assert "not both" in result.stderr


def test_oauth1_consumer_has_a_sealed_secret(runner, services):
    added = add(runner, kind="oauth1")
    client, [secret] = stored(services, added)
    assert (client.kind, secret.form) == ("oauth1", "sealed")
    assert client_secrets.reveal(services.vault, secret) == added["client_secret"]


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("grant", ["client_credentials", DEVICE])
def test_client_without_redirection_needs_no_redirect_uri(runner, services, grant):
    added = runner.run_json("clients", "add", "--type", "oauth2", "--name", "Job", "--grant-type", grant)
    client, _ = stored(services, added)
    assert (client.redirect_uris, client.response_types) == ([], [])


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    ("options", "field"),
    [
        (["--redirect-uri", "http://app.example.org/cb"], "redirect_uris"),
        (["--redirect-uri", "javascript://x"], "redirect_uris"),
        ([], "redirect_uris"),
        (
            ["--redirect-uri", URI, "--grant-type", "urb:ietf:params:oauth:grant-type:device_code"],
            "grant_types",
        ),
        (["--redirect-uri", URI, "--response-type", "codes"], "response_types"),
        (["--redirect-uri", URI, "--scope", 'a"b'], "scopes"),
    ],
)
def test_invalid_options_are_named(runner, options, field):
    result = runner.invoke("clients", "add", "--type", "oidc", "--name", "App", *options, "--json")
    assert result.exit_code == 1
    assert field in json.loads(result.stdout)["fields"]
    assert runner.run_json("clients", "list") == []


def test_approve_disapprove_and_remove(runner, services):
    key = add(runner)[KEY]
    assert runner.run_json("clients", "approve", key)["status"] == "approved"
    assert runner.run_json("clients", "disapprove", key)["status"] == "disapproved"
    with services.database.transaction(write=False) as db:
        assert clients.get(db, key).epoch == 1
    assert runner.run_json("clients", "remove", key) == {"client_key": key, "removed": True}
    result = runner.invoke("clients", "show", key)
    assert (result.exit_code, result.stderr) == (1, "authserver: There is no client with this key.\n")
    with services.database.transaction(write=False) as db:
        recorded = db.scalars(select(AuditEvent.event).order_by(AuditEvent.id))
        events = [event for event in recorded if event.startswith("client:")]
    assert events == [
        "client:create",
        "client:add-secret",
        "client:approve",
        "client:disapprove",
        "client:remove",
    ]


def test_edit_changes_only_the_named_fields(runner, services):
    added = add(runner, "--grant-type", "authorization_code", "--grant-type", "refresh_token", "--approve")
    edited = runner.run_json(
        "clients",
        "edit",
        added[KEY],
        "--name",
        "Renamed",
        "--redirect-uri",
        "https://new.example.org/",
        "--trusted",
    )
    client, secrets = stored(services, added)
    assert (client.name, client.redirect_uris, client.is_trusted) == (
        "Renamed",
        ["https://new.example.org/"],
        True,
    )
    assert client.grant_types == ["authorization_code", "refresh_token"]
    assert client.status == edited["status"] == "approved"
    assert len(secrets) == 1


@pytest.mark.only_on("sqlite")
def test_scheme_without_a_dot_causes_a_warning(runner):
    key = add(runner, "--redirect-uri", "cursor://app/cb")[KEY]
    result = runner.invoke("clients", "edit", key, "--redirect-uri", "vscode://app/cb")
    assert result.exit_code == 0
    assert "Warning: vscode://app/cb: " in result.stderr
    assert "vscode" not in runner.invoke("clients", "edit", key, "--name", "Editor").stderr


@pytest.mark.only_on("sqlite")
def test_remembering_consent_on_loopback_causes_a_warning(runner, services):
    key = add(runner, "--redirect-uri", "http://127.0.0.1/cb", "--auth-method", "none")[KEY]
    result = runner.invoke("clients", "edit", key, "--remember-consent-on-loopback")
    assert "Warning: remember_consent_on_loopback: every program" in result.stderr
    for option, expected in ((), True), (("--ask-on-loopback",), False):
        edited = runner.run_json("clients", "edit", key, *option)
        client, _ = stored(services, edited)
        assert client.details["remember_consent_on_loopback"] is expected


@pytest.mark.only_on("sqlite")
def test_response_types_follow_the_grant_types(runner, services):
    key = add(runner)[KEY]
    for grant, response_types in ((DEVICE, []), ("authorization_code", ["code"])):
        edited = runner.run_json("clients", "edit", key, "--grant-type", grant)
        client, _ = stored(services, edited)
        assert (client.grant_types, client.response_types) == ([grant], response_types)


@pytest.mark.only_on("sqlite")
def test_list_can_be_filtered(runner):
    approved = add(runner, "--approve")[KEY]
    pending = add(runner, kind="oauth2")[KEY]
    keys = lambda *options: {row[KEY] for row in runner.run_json("clients", "list", *options)}  # noqa: E731
    assert keys() == {approved, pending}
    assert keys("--status", "approved") == keys("--type", "oidc") == {approved}
    assert keys("--search", pending) == {pending}
    assert approved in runner.run("clients", "list"), "keys are not truncated unless the output is a terminal"


@pytest.mark.only_on("sqlite")
def test_long_list_is_complete(runner, database, monkeypatch):
    monkeypatch.setattr("authserver.cli.clients._PAGE", 2)
    with database.transaction() as db:
        for name in "abcde":
            registration = ClientMetadata(kind="oidc", name=name, redirect_uris=(URI,))
            clients.register(db, SYSTEM, registration, source="console")
    assert [row["name"] for row in runner.run_json("clients", "list")] == list("abcde")


def test_new_secret_overlaps_with_the_old_one(runner, services, moving_clock):
    added = add(runner)
    fresh = runner.run_json("clients", "secret", added[KEY], "--overlap", "1h")
    client, secrets = stored(services, added)
    for secret in (added["client_secret"], fresh["client_secret"]):
        assert services.secret_verifier.verify(tuple(secrets), client.revision, secret)
    moving_clock.advance(timedelta(hours=1), seconds=1)
    assert not services.secret_verifier.verify(tuple(secrets), client.revision, added["client_secret"])
    assert services.secret_verifier.verify(tuple(secrets), client.revision, fresh["client_secret"])


@pytest.mark.only_on("sqlite")
def test_new_secret_replaces_the_old_one_by_default(runner, services):
    added = add(runner)
    runner.run("clients", "secret", added[KEY], "--secret-stdin", stdin="a secret that is long enough\n")
    client, secrets = stored(services, added)
    assert not services.secret_verifier.verify(tuple(secrets), client.revision, added["client_secret"])
    assert services.secret_verifier.verify(tuple(secrets), client.revision, "a secret that is long enough")


@pytest.mark.only_on("sqlite")
def test_show_prints_no_secrets(runner):
    added = add(runner)
    shown = runner.run_json("clients", "show", added[KEY])
    assert shown["registered_by"].startswith("command line (")
    assert [list(secret) for secret in shown["secrets"]] == [["id", "created_at", "expires_at"]]
    assert added["client_secret"] not in runner.run("clients", "show", added[KEY])


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("verb", ["approve", "disapprove", "remove", "show", "edit", "secret"])
def test_unknown_client_key_is_an_error(runner, verb):
    result = runner.invoke("clients", verb, "none", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"error": "There is no client with this key."}


@pytest.mark.only_on("sqlite")
def test_every_bad_redirect_uri_is_printed_on_its_line(runner):
    options = [
        f"--redirect-uri={uri}" for uri in ("http://a.example/", "https://good.example/", "javascript:1")
    ]
    result = runner.invoke("clients", "add", "--type", "oidc", "--name", "Grafana", *options)
    assert result.exit_code != 0
    found = [line for line in result.stderr.splitlines() if "URI " in line]
    assert len(found) == 2
    assert "URI 1, http://a.example/" in found[0]
    assert "URI 3, javascript:1" in found[1]

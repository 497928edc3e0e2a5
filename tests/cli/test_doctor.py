"""`authserver doctor`: each check passes on a healthy deployment, and fails on a defect that it looks for."""

import json
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_network
from threading import Thread

import pytest
from click.testing import CliRunner
from sqlalchemy import text, update

from authserver import clock
from authserver.cli import main, single_node
from authserver.cli.checks import deployment, public_url
from authserver.context import SYSTEM
from authserver.domain import audit, audit_chain
from authserver.domain.audit import AuditEvent, Event
from authserver.domain.clients import clients
from authserver.domain.clients.metadata import ClientMetadata
from authserver.domain.keys import signing_keys
from authserver.domain.users import users
from authserver.domain.users.users import User
from authserver.settings import Settings
from tests.support import groups
from tests.support.relying_party import register
from tests.support.second_factors import set_up


def examine(runner, *options):
    """Return the checks by name, and assert the exit code."""
    result = runner.invoke("doctor", "--json", *options)
    report = json.loads(result.stdout)
    assert result.exit_code == (0 if report["ok"] else 1), result.output
    return {check["check"]: check for check in report["checks"]}


def outcome(runner, name):
    return examine(runner)[name]["outcome"]


def test_healthy_deployment_passes(runner, database, sample_users):
    audit_chain.seal(database)
    report = examine(runner)
    assert {name for name, check in report.items() if check["outcome"] == "fail"} == set()
    for name in ("settings", "keys", "proxies", "database", "migrations", "writes", "clock", "signing keys"):
        assert report[name]["outcome"] == "pass", report[name]
    for name in ("administrators", "audit trail", "legacy grants"):
        assert report[name]["outcome"] == "pass", report[name]
    assert all(check["fix"] for check in report.values() if check["outcome"] != "pass")


@pytest.mark.only_on("sqlite")
def test_administrators_without_a_second_factor_are_named(runner, app, sample_users):
    check = examine(runner)["second factors"]
    assert (check["outcome"], check["sentence"]) == (
        "warn",
        "These administrators have no second factor: admin.",
    )
    set_up(app, "admin")
    assert outcome(runner, "second factors") == "pass"


@pytest.mark.only_on("sqlite")
def test_address_of_several_accounts_is_a_warning(runner, database, sample_users):
    assert outcome(runner, "addresses") == "pass"
    with database.transaction() as db:
        db.execute(
            update(User).where(User.username == "bob").values(email="alice@example.org", email_key=None)
        )
    check = examine(runner)["addresses"]
    assert (check["outcome"], check["sentence"]) == (
        "warn",
        "The e-mail address of these users belongs or belonged to another account: bob. They cannot sign in with it.",
    )
    assert "users edit NAME --email" in check["fix"]
    runner.run("users", "edit", "alice", "--email", "new@example.org")
    runner.run("users", "edit", "bob", "--email", "alice@example.org")
    assert outcome(runner, "addresses") == "pass"


@pytest.mark.only_on("sqlite")
def test_second_factor_check_is_skipped_without_administrators(runner):
    assert "second factors" not in examine(runner)


@pytest.mark.only_on("sqlite")
def test_text_output_has_a_line_per_check_and_the_fix(runner):
    result = runner.invoke("doctor")
    assert result.exit_code == 0
    assert "ok    database        SQLite" in result.stdout
    assert "warn  administrators  There is no administrator yet.\n" in result.stdout
    assert " or run: authserver users add NAME --grant configure_server\n" in result.stdout


def test_invalid_settings_are_the_only_check(monkeypatch):
    monkeypatch.setenv("AUTHSERVER_PUBLIC_ULR", "https://login.example.org")
    result = CliRunner().invoke(main, ["doctor", "--json"])
    assert result.exit_code == 1
    [check] = json.loads(result.stdout)["checks"]
    assert (check["check"], check["outcome"]) == ("settings", "fail")
    assert "Did you mean AUTHSERVER_PUBLIC_URL?" in check["sentence"]


@pytest.mark.parametrize(
    ("url", "outcome"),
    [
        ("https://login.example.org/authentication", "pass"),
        ("https://login.example.org:443", "warn"),
        ("https://Login.example.org", "warn"),
        ("http://127.0.0.1:8000", "warn"),
    ],
)
def test_public_url(url, outcome):
    assert deployment.public_url(Settings(public_url=url)).outcome == outcome


@pytest.mark.parametrize(("value", "outcome"), [("", "pass"), ("10.0.0.0/8,.corp", "warn")])
def test_http_redirects(value, outcome):
    assert deployment.http_redirects(Settings(http_redirect_hosts=value)).outcome == outcome


@pytest.mark.parametrize(
    ("value", "outcome"), [("pending", "pass"), ("closed", "pass"), ("approved", "warn")]
)
def test_registration(value, outcome):
    assert deployment.registration(Settings(registration=value)).outcome == outcome


@pytest.mark.parametrize(("threads", "outcome"), [(8, "pass"), (5, "pass"), (4, "warn"), (1, "warn")])
def test_fetches(threads, outcome):
    assert deployment.fetches(Settings(threads=threads, fetch_concurrency=4)).outcome == outcome


@pytest.mark.only_on("sqlite")
@pytest.mark.own_app
class TestKeys:
    def test_missing_keys_are_not_created(self, runner, keys_dir):
        (keys_dir / "pepper.keys").unlink()
        report = examine(runner)
        assert report["keys"]["outcome"] == "fail"
        assert "pepper.keys" in report["keys"]["sentence"]
        assert not (keys_dir / "pepper.keys").exists()

    def test_key_file_readable_by_others(self, runner, keys_dir):
        (keys_dir / "session.keys").chmod(0o640)
        assert outcome(runner, "keys") == "fail"

    def test_world_writable_directory(self, runner, keys_dir):
        keys_dir.chmod(0o770)
        assert outcome(runner, "keys") == "fail"

    def test_placeholder_key(self, runner, keys_dir):
        (keys_dir / "session.keys").write_text("a1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")
        assert outcome(runner, "keys") == "fail"

    def test_wrong_encryption_key(self, runner, keys_dir):
        file = keys_dir / "encryption.keys"
        file.write_text(f"other {file.read_text().split()[1]}\n")
        assert outcome(runner, "signing keys") == "fail"

    @pytest.mark.parametrize(("kind", "file"), [("oidc", "pepper.keys"), ("oauth1", "encryption.keys")])
    def test_client_secret_whose_key_is_missing(self, runner, keys_dir, kind, file):
        runner.run(
            "clients", "add", "--type", kind, "--name", "Lost", "--redirect-uri", "https://app.example.org/cb"
        )
        assert outcome(runner, "secrets") == "pass"
        (keys_dir / file).write_text(f"other {(keys_dir / file).read_text().split()[1]}\n")
        report = examine(runner)
        assert report["secrets"]["outcome"] == "fail"
        assert "Lost" in report["secrets"]["sentence"]

    @pytest.mark.parametrize("file", ["pepper.keys", "encryption.keys"])
    def test_second_factor_whose_key_is_missing(self, runner, app, sample_users, keys_dir, file):
        set_up(app)
        assert "cannot be verified" not in examine(runner)["second factors"]["sentence"]
        (keys_dir / file).write_text(f"other {(keys_dir / file).read_text().split()[1]}\n")
        check = examine(runner)["second factors"]
        assert (check["outcome"], check["sentence"]) == (
            "fail",
            "The second factor of alice cannot be verified.",
        )


@pytest.mark.parametrize(
    ("url", "networks", "outcome"),
    [
        ("https://login.example.org", ["10.0.0.1"], "pass"),
        ("https://login.example.org", [], "warn"),
        ("http://127.0.0.1:8000", [], "pass"),
        ("https://login.example.org", ["0.0.0.0/0"], "fail"),
        ("https://login.example.org", ["10.0.0.0/8", "::/0"], "fail"),
    ],
)
def test_proxies(url, networks, outcome):
    settings = Settings(public_url=url, trusted_proxies=tuple(map(ip_network, networks)))
    assert deployment.proxies(settings).outcome == outcome


class TestDisk:
    def test_disk_check_is_skipped_for_postgresql(self):
        assert deployment.disk(Settings(database_url="postgresql://db/x")) is None

    def test_missing_directory(self, tmp_path):
        assert deployment.disk(Settings(database_url=f"sqlite:///{tmp_path}/none/x.db")).outcome == "fail"

    def test_network_file_system(self, tmp_path, monkeypatch):
        mounts = tmp_path / "mounts"
        mounts.write_text(f"overlay / overlay rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n")
        monkeypatch.setattr(deployment, "_MOUNTS", mounts)
        finding = deployment.disk(Settings(database_url=f"sqlite:///{tmp_path}/x.db"))
        assert finding.outcome == "fail"
        assert "nfs4" in finding.sentence

    def test_little_disk_space(self, tmp_path, monkeypatch):
        monkeypatch.setattr(deployment, "_LOW_SPACE", 2**62)
        assert deployment.disk(Settings(database_url=f"sqlite:///{tmp_path}/x.db")).outcome == "warn"


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/none", "sqlite:////nonexistent/x.db"])
def test_unavailable_database_is_the_last_check(monkeypatch, keys_dir, url):
    monkeypatch.setenv("AUTHSERVER_DATABASE_URL", url)
    monkeypatch.setenv("AUTHSERVER_KEYS_DIR", str(keys_dir))
    result = CliRunner().invoke(main, ["doctor", "--json"])
    assert result.exit_code == 1
    last = json.loads(result.stdout)["checks"][-1]
    assert (last["check"], last["outcome"]) == ("database", "fail")


def test_outdated_schema(runner, database):
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    assert outcome(runner, "migrations") == "fail"


@pytest.mark.only_on("postgresql")
@pytest.mark.own_app
def test_read_only_database(runner, database):
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = database.engine.url.database
        connection.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
    assert outcome(runner, "writes") == "fail"


@pytest.mark.only_on("sqlite")
def test_process_that_uses_the_file_is_named(runner, settings):
    assert examine(runner)["nodes"]["sentence"] == "No server uses the SQLite file."
    with single_node.acquire_lock(settings.database_file):
        assert "A server uses the SQLite file: process " in examine(runner)["nodes"]["sentence"]


@pytest.mark.only_on("postgresql")
@pytest.mark.parametrize(("minutes", "expected"), [(0, "pass"), (5, "fail"), (-5, "fail")])
def test_clock_difference_to_the_database(runner, monkeypatch, minutes, expected):
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(minutes=minutes))
    assert outcome(runner, "clock") == expected


@pytest.mark.only_on("sqlite")
def test_clock_in_the_past(runner, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: clock.datetime(2020, 1, 1, tzinfo=clock.UTC))
    assert outcome(runner, "clock") == "fail"


def test_no_active_signing_key(runner, database):
    with database.transaction() as db:
        db.execute(update(signing_keys.SigningKey).values(state="retired"))
    assert outcome(runner, "signing keys") == "fail"


@pytest.mark.only_on("sqlite")
def test_overdue_key_rotation(runner, database):
    with database.transaction() as db:
        db.execute(update(signing_keys.SigningKey).values(activated_at=clock.now() - timedelta(days=500)))
    assert outcome(runner, "signing keys") == "warn"


def test_no_administrators(runner):
    assert outcome(runner, "administrators") == "warn"


def test_modified_audit_trail(runner, database, sample_users):
    audit_chain.seal(database)
    with database.transaction() as db:
        db.execute(update(AuditEvent).where(AuditEvent.id == 2).values(actor_name="nobody"))
    report = examine(runner)
    assert report["audit trail"]["outcome"] == "fail"
    assert "starting with row 2" in report["audit trail"]["sentence"]


def test_unsealed_events(runner, database, sample_users):
    audit_chain.seal(database)
    with database.transaction() as db:
        audit.record(db, SYSTEM, Event.SCOPE_ADD, subject_name="read")
    assert outcome(runner, "audit trail") == "pass", "a running server seals new events within seconds"
    with database.transaction() as db:
        db.execute(
            update(AuditEvent)
            .where(AuditEvent.position.is_(None))
            .values(at=clock.now() - timedelta(hours=1))
        )
    check = examine(runner)["audit trail"]
    assert (check["outcome"], check["sentence"]) == (
        "warn",
        "Events of the audit trail that are not sealed yet: 1.",
    )


@pytest.mark.parametrize(
    "flows",
    [
        {"kind": "oauth2", "grant_types": ("password",), "response_types": ()},
        {"kind": "oauth2", "response_types": ("token",)},
        {"kind": "oidc", "response_types": ("code", "code token")},
        {"kind": "oidc", "response_types": ("id_token token",)},
    ],
)
def test_approved_clients_with_legacy_grants(runner, database, flows):
    registration = ClientMetadata(name="Old tool", redirect_uris=("https://tool.example/cb",), **flows)
    with database.transaction() as db:
        client = clients.register(db, SYSTEM, registration, source="console")
    assert outcome(runner, "legacy grants") == "pass", "a pending client cannot use its grants"
    with database.transaction() as db:
        client = clients.get(db, client.client_key)
        clients.approve(db, SYSTEM, client, revision=client.revision)
        assert not users.has_administrator(db)
    report = examine(runner)
    assert report["legacy grants"]["outcome"] == "warn"
    assert "Old tool" in report["legacy grants"]["sentence"]


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("response_types", [("code",), ("code id_token",), ("id_token",)])
def test_id_token_in_the_front_channel_is_no_legacy_grant(runner, services, response_types):
    """RFC 9700, section 2.1.2, concerns access tokens."""
    register(services, response_types=response_types)
    assert outcome(runner, "legacy grants") == "pass"


class TestAddress:
    def test_external_url_is_probed_only_on_request(self):
        settings = Settings(public_url="https://login.invalid")
        assert public_url.check_discovery(settings, probes=False) is None
        assert public_url.check_discovery(settings, probes=True).outcome == "warn"

    def test_no_server_listens(self):
        assert (
            public_url.check_discovery(Settings(public_url="http://127.0.0.1:1"), probes=False).outcome
            == "warn"
        )

    def test_another_server_listens(self):
        with FixedResponse(404, b"") as url:
            assert public_url.check_discovery(Settings(public_url=url), probes=False).outcome == "fail"
        with FixedResponse(200, b"<html>") as url:
            assert public_url.check_discovery(Settings(public_url=url), probes=False).outcome == "fail"
        with FixedResponse(302, b"", location="http://127.0.0.1:1/") as url:
            assert public_url.check_discovery(Settings(public_url=url), probes=False).outcome == "fail"

    def test_another_issuer(self):
        with FixedResponse(200, b'{"issuer": "https://login.example.org"}') as url:
            finding = public_url.check_discovery(Settings(public_url=url), probes=False)
        assert finding.outcome == "fail"
        assert "is https://login.example.org" in finding.sentence

    @pytest.mark.only_on("sqlite")
    def test_running_server(self, live_server):
        report = json.loads(live_server.command("doctor", "--json"))
        checks = {check["check"]: check for check in report["checks"]}
        assert checks["address"]["outcome"] == "pass"
        assert "A server uses the SQLite file" in checks["nodes"]["sentence"]


class FixedResponse:
    """A web server on loopback that returns one fixed response."""

    def __init__(self, status, body, location=None):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status)
                if location:
                    self.send_header("Location", location)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self):
        Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


@pytest.mark.only_on("sqlite")
def test_clients_with_unpublished_signing_algorithms_are_named(runner, services, monkeypatch):
    register(services, name="Archive", details={"id_token_signed_response_alg": "PS256"})
    assert outcome(runner, "algorithms") == "pass"
    monkeypatch.setitem(runner._environment, "AUTHSERVER_SIGNING_ALGORITHMS", "ES256")
    found = examine(runner)["algorithms"]
    assert (found["outcome"], "Archive (PS256)" in found["sentence"]) == ("warn", True)


@pytest.mark.only_on("sqlite")
def test_wrong_copy_of_group_names_is_found(runner, database, sample_users):
    groups.add(database, "Engineering", "alice")
    assert outcome(runner, "groups") == "pass"
    with database.transaction() as db:
        groups.find_user(db, "alice").group_names = ["Wing"]
    assert examine(runner)["groups"]["sentence"].startswith("The stored groups of alice differ")

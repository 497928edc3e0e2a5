"""`authserver serve` as a child process: the first start, start-up errors, and shutdown."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, make_url, text

from authserver.cli import main
from authserver.settings import ROOT
from tests.support import postgres, servers
from tests.support.databases import COMMAND, environment
from tests.support.sample_users import PASSWORD

LINK = re.compile(r"http://\S+/setup\?token=asl_\S+")


@pytest.fixture
def folder(tmp_path):
    """The folder for the keys and the log of this test's server."""
    return tmp_path


@contextmanager
def serving(folder, *options, ready="/readyz", **settings):
    """Start a server, wait until it responds at a path, and yield its URL, log and process."""
    port = servers.free_port()
    log = folder / "serve.log"
    env = environment(keys_dir=str(folder / "keys"), **settings)
    base = f"http://127.0.0.1:{port}"
    command = [*COMMAND, "serve", "--bind", f"127.0.0.1:{port}", "--workers", "1", *options]
    with servers.child(command, log=log, env=env, ready=f"{base}{ready}") as process:
        yield base, log, process


def start(folder, *options, **settings):
    """Return the result of `authserver serve` in this process, which must fail before it starts to serve."""
    given = {"keys_dir": str(folder / "keys"), "database_url": f"sqlite:///{folder}/x.db"} | settings
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "authserver.cli.gunicorn_server.Server.run", lambda _: pytest.fail("the server started")
        )
        bind = f"127.0.0.1:{servers.free_port()}"
        arguments = ["serve", "--bind", bind, *options]
        return CliRunner().invoke(main, arguments, env=environment(**given))


def error_of(folder, *options, **settings):
    """Return the message of a server that does not start."""
    result = start(folder, *options, **settings)
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    return result.stderr


def fetch(url):
    """Return the status and body of a response with any status."""
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def until(condition):
    """Wait until a condition is true in another process."""
    deadline = time.monotonic() + servers.TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, "the expected change did not happen"
        time.sleep(0.05)


def test_first_start_creates_everything_and_prints_the_link(empty_database_url, folder):
    with serving(folder, database_url=empty_database_url) as (base, log, _):
        assert json.loads(fetch(f"{base}/readyz")[1])["status"] == "ready"
        [link] = LINK.findall(log.read_text())
        assert link.startswith(base), "without a public URL, the link uses the bound address"
        status, page = fetch(link)
        assert status == 200
        assert "<form" in page
    assert {file.name: oct(file.stat().st_mode & 0o777) for file in (folder / "keys").iterdir()} == {
        "session.keys": "0o600",
        "pepper.keys": "0o600",
        "encryption.keys": "0o600",
    }


@pytest.mark.only_on("sqlite")
@pytest.mark.own_server
def test_administrator_closes_the_setup_link(live_server):
    live_server.add_user("ada", password=PASSWORD, grant="configure_server")
    [link] = LINK.findall(live_server.log_text())
    assert fetch(link)[0] != 200 or "<form" not in fetch(link)[1], "the old link is closed"
    folder = live_server.folder / "second"
    folder.mkdir()
    settings = {name: value for name, value in live_server.settings.items() if name in {"database_url"}}
    assert "SQLite supports only one" in error_of(folder, **settings)


@pytest.mark.only_on("sqlite")
def test_next_start_prints_no_link_and_keeps_the_data(database_url, keys_dir, folder):
    env = environment(database_url=database_url, keys_dir=str(keys_dir))
    add = [*COMMAND, "users", "add", "ada", "--password-stdin", "--grant", "configure_server"]
    subprocess.run(add, env=env, input=PASSWORD, text=True, check=True, capture_output=True)
    before = {file.name: file.read_text() for file in keys_dir.iterdir()}
    with serving(folder, database_url=database_url) as (_, log, _process):
        assert LINK.findall(log.read_text()) == []
    assert {file.name: file.read_text() for file in keys_dir.iterdir()} == before


@pytest.mark.only_on("sqlite")
def test_stopping_server_completes_its_requests(database_url, keys_dir, folder):
    with serving(folder, database_url=database_url) as (base, _log, process):
        host, port = base.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            body = b"grant_type=authorization_code&code=x"
            head = (
                "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
            )
            connection.sendall(head.encode())
            assert b" 100 " in connection.recv(100), "the worker reads this request"
            connection.sendall(body[:10])
            process.send_signal(signal.SIGTERM)
            until(lambda: not takes_requests(base))
            connection.sendall(body[10:])
            response = connection.recv(100)
        assert b" 401 " in response
        assert process.wait(servers.TIMEOUT) == 0


def takes_requests(base):
    """Return whether new requests get a response. A process that is about to stop leaves them waiting."""
    try:
        with urllib.request.urlopen(f"{base}/livez", timeout=1):
            return True
    except OSError:
        return False


@pytest.mark.only_on("sqlite")
def test_killed_worker_is_replaced(database_url, keys_dir, folder):
    with serving(folder, database_url=database_url) as (base, _, process):
        [worker] = children(process.pid)
        os.kill(worker, signal.SIGKILL)
        until(lambda: children(process.pid) not in ([], [worker]))
        until(lambda: answers(f"{base}/readyz"))


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def answers(url):
    try:
        return fetch(url)[0] == 200
    except OSError:
        return False


@pytest.mark.only_on("sqlite")
def test_base_path_is_served(database_url, keys_dir, folder):
    url = "https://mc.example.org:8443/authentication"
    ready = "/authentication/readyz"
    with serving(folder, ready=ready, database_url=database_url, public_url=url) as (base, _, _process):
        status, text = fetch(f"{base}/authentication/.well-known/openid-configuration")
    assert status == 200
    assert json.loads(text)["issuer"] == url


@pytest.mark.only_on("sqlite")
class TestStartUpErrors:
    """Every start-up error is one sentence, with exit code 1 (threat model: safe from the first run)."""

    def test_unknown_setting(self, folder):
        assert error_of(folder, public_ulr="x") == (
            "authserver: Unknown setting AUTHSERVER_PUBLIC_ULR. Did you mean AUTHSERVER_PUBLIC_URL?\n"
        )

    def test_public_url_without_tls(self, folder):
        assert "must begin with https://" in error_of(folder, public_url="http://login.example.org")

    @pytest.mark.parametrize("value", ["changeme", "a1:changeme", "a1:" + "A" * 43, "a1:c2hvcnQ="])
    @pytest.mark.parametrize("name", ["session_keys", "peppers", "encryption_keys"])
    def test_placeholders_and_short_secrets(self, folder, name, value):
        assert error_of(folder, **{name: value}).startswith("authserver: The setting for the ")

    def test_key_file_readable_by_others(self, folder):
        (folder / "keys").mkdir()
        (folder / "keys" / "pepper.keys").write_text("a1 QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=\n")
        (folder / "keys" / "pepper.keys").chmod(0o644)
        assert "can be read by other users. Run: chmod 600" in error_of(folder)

    def test_missing_directory(self, folder):
        assert error_of(folder, database_url=f"sqlite:///{folder}/none/x.db") == (
            f"authserver: The directory of the database, {folder}/none, is not writable: No such file or directory. "
            "Create it, or make it writable for this user.\n"
        )

    def test_file_that_is_no_database(self, folder):
        (folder / "x.db").write_text("this is no database, but it is long enough to be looked at" * 20)
        assert "is not writable: file is not a database." in error_of(folder)

    def test_directory_that_is_not_writable(self, folder):
        assert "The directory of the database, /proc, is not writable: " in error_of(
            folder, database_url="sqlite:////proc/x.db"
        )

    def test_address_in_use(self, folder):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            bind = f"127.0.0.1:{taken.getsockname()[1]}"
            said = error_of(folder, "--bind", bind)
        assert said.startswith(f"authserver: Cannot listen on {bind}: Address already in use.")

    @pytest.mark.parametrize("bind", ["8000", ":8000", "localhost", "127.0.0.1:x", "127.0.0.1:99999"])
    def test_invalid_address(self, folder, bind):
        result = start(folder, "--bind", bind)
        assert result.exit_code == 2
        assert "to HOST:PORT or unix:PATH" in result.stderr


@pytest.mark.only_on("postgresql")
def test_read_only_database_is_rejected(database_url, keys_dir, folder):
    url = make_url(database_url)
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'ALTER DATABASE "{url.database}" SET default_transaction_read_only = on'))
    engine.dispose()
    assert "is not writable: " in error_of(folder, database_url=database_url, keys_dir=str(keys_dir))


@pytest.mark.only_on("postgresql")
def test_database_that_becomes_available_later(empty_database_url, folder):
    absent, name = future_database(empty_database_url)
    with serving(folder, ready="/livez", database_url=absent) as (base, log, _):
        status, text = fetch(f"{base}/readyz")
        assert (status, json.loads(text)["checks"]["database"]) == (503, False)
        assert LINK.findall(log.read_text()) == []
        postgres.rename(postgres.create(), name)
        until(lambda: fetch(f"{base}/readyz")[0] == 200)
        until(lambda: LINK.findall(log.read_text()))
        assert len(LINK.findall(log.read_text())) == 1
    postgres.drop(name)


def future_database(url):
    """Return the URL and the name of a database that does not exist yet."""
    name = f"{make_url(url).database}_later"
    return make_url(url).set(database=name).render_as_string(hide_password=False), name


@pytest.mark.only_on("postgresql")
def test_no_migrate_leaves_the_tables_unchanged(empty_database_url, folder):
    with serving(folder, "--no-migrate", ready="/livez", database_url=empty_database_url) as (base, log, _):
        assert json.loads(fetch(f"{base}/readyz")[1])["checks"]["migrations"] is False
        assert "Run: authserver database migrate" in log.read_text()
        env = environment(database_url=empty_database_url, keys_dir=str(folder / "keys"))
        subprocess.run([*COMMAND, "database", "migrate"], env=env, check=True, capture_output=True)
        until(lambda: fetch(f"{base}/readyz")[0] == 200)


@pytest.mark.only_on("sqlite")
def test_gunicorn_without_the_command_works(database_url, keys_dir, folder):
    port = servers.free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "--bind",
        f"127.0.0.1:{port}",
        "--no-control-socket",
        "wsgi:app",
    ]
    env = environment(database_url=database_url, keys_dir=str(keys_dir), public_url=url) | {
        "PYTHONPATH": str(ROOT)
    }
    with servers.child(command, log=folder / "gunicorn.log", env=env, ready=f"{url}/readyz"):
        status, text = fetch(f"{url}/.well-known/openid-configuration")
    assert (status, json.loads(text)["issuer"]) == (200, url)


@pytest.mark.only_on("sqlite")
def test_gunicorn_does_not_trust_forwarded_headers(database_url, keys_dir, folder):
    with serving(folder, database_url=database_url) as (base, log, _):
        forged_headers = {
            "X-Forwarded-For": "203.0.113.9",
            "X-Forwarded-Proto": "https",
            "Script-Name": "/elsewhere",
        }
        request = urllib.request.Request(f"{base}/.well-known/openid-configuration", headers=forged_headers)
        with urllib.request.urlopen(request, timeout=10) as response:
            assert json.loads(response.read())["issuer"] == base
        assert "203.0.113.9" not in log.read_text()


@pytest.mark.only_on("sqlite")
def test_unix_socket_does_not_trust_headers_with_paths(database_url, folder):
    """S25: Gunicorn trusts SCRIPT_NAME and PATH_INFO of every connection over a Unix socket, unless it is configured."""
    path = folder / "socket"
    env = environment(keys_dir=str(folder / "keys"), database_url=database_url)
    with (
        (folder / "serve.log").open("wb") as log,
        subprocess.Popen(
            [*COMMAND, "serve", "--bind", f"unix:{path}"], env=env, stdout=log, stderr=log
        ) as process,
    ):
        try:
            text = _get_over_unix_socket(
                path, "/account", "SCRIPT_NAME: //evil.example\r\nPATH_INFO: /livez\r\n"
            )
        finally:
            process.terminate()
    assert text.startswith("HTTP/1.1 303")
    assert "\r\nLocation: /sign-in?next=/account\r\n" in text
    assert "evil" not in text


def _get_over_unix_socket(path, target, headers):
    deadline = time.monotonic() + servers.TIMEOUT
    while True:
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(str(path))
            except OSError:
                assert time.monotonic() < deadline, "the server did not start"
                time.sleep(0.05)
                continue
            connection.sendall(
                f"GET {target} HTTP/1.1\r\nHost: x\r\n{headers}Connection: close\r\n\r\n".encode()
            )
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()

"""The guarded fetcher (S17) against hostile servers."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from authserver.domain import fetcher
from authserver.domain.fetcher import Fetcher, FetchFailed
from authserver.errors import Busy
from authserver.settings import Settings
from tests.support.documents import DocumentServer

LOOPBACK = Settings(fetch_networks="127.0.0.0/8")


class Handler(BaseHTTPRequestHandler):
    """Respond by path: /big, /drip, /drip-headers, /away, /silent, or an echo of the request."""

    def do_GET(self) -> None:
        response = {
            "/big": self._big,
            "/drip": self._drip,
            "/away": self._away,
            "/drip-headers": self._drip_headers,
            "/silent": lambda: time.sleep(2),
        }
        response.get(self.path, self._echo)()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._send(200, body, "text/plain")

    def _echo(self) -> None:
        self._send(200, f"{self.headers['Host']} {self.path}".encode(), "text/plain")

    def _big(self) -> None:
        self._send(200, b"x" * (fetcher.MAX_BYTES + 1), "text/plain")

    def _away(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        self._slowly()

    def _drip_headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Letters: ")
        self._slowly()

    def _slowly(self) -> None:
        try:
            for _ in range(100):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            return

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def port() -> Iterator[int]:
    with serving() as port:
        yield port


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, Path]:
    """Return the TLS context of a self-signed certificate for a host name, and the file of the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "public.pem", folder / "private.pem"
    public.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public


def test_allowed_network_is_fetched(port: int) -> None:
    response = Fetcher(LOOPBACK).get(f"http://127.0.0.1:{port}/a?b=c")
    assert (response.status, response.body) == (200, f"127.0.0.1:{port} /a?b=c".encode())


def test_form_is_posted(port: int) -> None:
    assert Fetcher(LOOPBACK).post(f"http://127.0.0.1:{port}/", {"a": "b c&d"}) == 200


def test_redirects_are_not_followed(port: int) -> None:
    assert Fetcher(LOOPBACK).get(f"http://127.0.0.1:{port}/away").status == 302


def test_long_response_is_rejected(port: int) -> None:
    with pytest.raises(FetchFailed, match="larger than 256 kB"):
        Fetcher(LOOPBACK).get(f"http://127.0.0.1:{port}/big")


@pytest.fixture
def short_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the fetcher's deadline. The slow responses of these tests would complete within the default."""
    monkeypatch.setattr(fetcher, "MAX_SECONDS", 0.4)


@pytest.mark.parametrize("path", ["drip", "drip-headers", "silent"])
def test_slow_response_times_out(port: int, short_deadline: None, path: str) -> None:
    """The deadline covers the whole response, so a server cannot extend it by sending single bytes."""
    with pytest.raises(FetchFailed, match="did not respond within"):
        Fetcher(LOOPBACK).get(f"http://127.0.0.1:{port}/{path}")


def test_slow_handshake_times_out(short_deadline: None) -> None:
    """The server accepts the connection and sends the start of a handshake, byte by byte."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_drip_a_handshake, args=(listening,), daemon=True).start()
        with pytest.raises(FetchFailed, match="did not respond within"):
            Fetcher(LOOPBACK).get(f"https://127.0.0.1:{listening.getsockname()[1]}/")


def _drip_a_handshake(listening: socket.socket) -> None:
    accepted, _ = listening.accept()
    with accepted:
        try:
            for byte in b"\x16\x03\x03\x40\x00" + bytes(100):
                accepted.send(bytes([byte]))
                time.sleep(0.05)
        except OSError:
            return


def test_slow_name_resolution_times_out(short_deadline: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver's own timeout is longer than the deadline."""
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [answered.wait(10)])
    with pytest.raises(FetchFailed, match="did not respond within"):
        Fetcher(LOOPBACK).get("https://slow.example/")
    answered.set()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.1.2.3/",
        "https://192.168.0.1/",
        "https://172.16.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://[::1]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://[fec0::1]/",
        "https://[5f00::1]/",
        "https://192.0.0.8/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[::7f00:1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "http://93.184.215.14/",
    ],
)
def test_non_public_address_is_never_contacted(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """This includes all spellings of an IP address. Only loopback may use plain http."""
    monkeypatch.setattr(Fetcher, "_pool", lambda *_: pytest.fail("the fetcher opened a connection"))
    with pytest.raises(FetchFailed):
        Fetcher(Settings()).get(url)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/",
        "file:///etc/passwd",
        "https://user:pw@a.example/",
        "https:///x",
        "https://a b/",
        "https://[/",
        "",
        "https://é.example/",
        "https://a.example:99999/",
    ],
)
def test_invalid_url_is_rejected(url: str) -> None:
    with pytest.raises(FetchFailed):
        Fetcher(LOOPBACK).get(url)


def test_host_name_is_resolved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection uses the first result, although the name resolves differently later (DNS rebinding)."""
    resolved: list[str] = []

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        resolved.append(host)
        return [
            (
                socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                ("93.184.215.14" if len(resolved) == 1 else "127.0.0.1", port),
            )
        ]

    connected: list[str] = []

    def pool(_self: Fetcher, _parts: Any, address: Any, *_: Any) -> Any:
        connected.append(str(address))
        raise OSError("no network in tests")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(Fetcher, "_pool", pool)
    with pytest.raises((FetchFailed, OSError)):
        Fetcher(Settings()).get("https://rebinding.example/")
    assert (resolved, connected) == (["rebinding.example"], ["93.184.215.14"])


def _at_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    address = ("127.0.0.1", 0)
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address)]
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *a, **k: real(host, *a, **k) if _is_address(host) else found
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def test_private_certificate_authority_is_trusted_by_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The certificate is checked against the host name, although the connection goes to the resolved IP address."""
    context, trusted = certificate(tmp_path, "rp.internal")
    _at_loopback(monkeypatch)
    settings = LOOPBACK.model_copy(update={"fetch_ca_file": trusted})
    with serving(context) as port:
        response = Fetcher(settings).get(f"https://rp.internal:{port}/")
        assert response.body == f"rp.internal:{port} /".encode()
        with pytest.raises(FetchFailed, match="SSLError"):
            Fetcher(settings).get(f"https://another.internal:{port}/")
        with pytest.raises(FetchFailed, match="SSLError"):
            Fetcher(LOOPBACK).get(f"https://rp.internal:{port}/")


def test_number_of_documents_fetched_at_once_is_limited() -> None:
    """S28: a further request fails at once, and a slot is free again after a failure."""
    limited = Fetcher(LOOPBACK.model_copy(update={"fetch_concurrency": 1}))
    is_fetching, may_end = threading.Event(), threading.Event()

    def wait() -> None:
        is_fetching.set()
        may_end.wait(timeout=30)

    with DocumentServer([]) as server, ThreadPoolExecutor(1) as pool:
        server.meanwhile = wait
        first = pool.submit(limited.get, server.url)
        is_fetching.wait(timeout=30)
        with pytest.raises(Busy, match="documents of other clients"):
            limited.get(server.url)
        may_end.set()
        assert first.result().status == 200
        assert server.request_count == 1
        for _ in range(2):
            with pytest.raises(FetchFailed):
                limited.get("https://10.0.0.1/")
        assert limited.get(server.url).status == 200

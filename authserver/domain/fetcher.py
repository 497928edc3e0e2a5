"""HTTP client for URLs that clients provide, protected against SSRF (S17).

It connects only over https and only to public IP addresses. It resolves the host once and connects to the resolved
address. It does not follow redirects, does not use proxies or cookies, and reads at most 256 kB within 3 seconds. The
setting ``fetch_networks`` allows more networks. If these include loopback addresses, plain http is allowed there.

Only approved clients may cause a request, so callers check the approval first (S4). While a thread waits for a response,
it serves no other request. Therefore ``get`` fails at once if as many documents as ``fetch_concurrency`` are being
fetched. ``post`` has no such limit, because only the background thread for logout notices uses it.
"""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from authserver.domain.fetch_deadline import Deadline, DeadlineMissed, WatchedPool, WatchedTlsPool
from authserver.errors import Busy
from authserver.settings import Settings

MAX_SECONDS = 3
BUSY = "The server is busy with fetching documents of other clients. Wait a moment, then try again."
MAX_BYTES = 256 * 1024
_CHUNK = 16 * 1024
_HEADERS = {"User-Agent": "authserver", "Accept-Encoding": "identity"}
_FORM = "application/x-www-form-urlencoded"
# All public IPv6 addresses are in this network. Teredo and 6to4 addresses embed an IPv4 address, which may be private.
_GLOBAL_UNICAST = ip_network("2000::/3")
_EMBEDDING_IPV4 = [ip_network(text) for text in ("2001::/32", "2002::/16")]
# Python classifies some of these addresses as public.
_PROTOCOL_ASSIGNMENTS = ip_network("192.0.0.0/24")

Address = IPv4Address | IPv6Address


class FetchFailed(Exception):
    """The request failed. The message is for administrators."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A response with any status."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Fetcher:
    """Sends requests within the limits that the settings define."""

    def __init__(self, settings: Settings) -> None:
        self._networks = settings.fetch_networks
        self._ca_file = settings.fetch_ca_file
        self._slots = threading.BoundedSemaphore(settings.fetch_concurrency)

    def get(self, url: str, accept: str = "application/json") -> Fetched:
        """Send a GET request and return the response; raises FetchFailed, or Busy if too many requests are running."""
        with self._slot():
            return self._request("GET", url, {"Accept": accept}, None)

    def post(self, url: str, form: Mapping[str, str]) -> int:
        """Send a form and return the status of the response; raises FetchFailed."""
        body = urlencode(form).encode()
        return self._request("POST", url, {"Content-Type": _FORM}, body, reads=False).status

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(blocking=False):
            raise Busy(MAX_SECONDS, BUSY)
        try:
            yield
        finally:
            self._slots.release()

    def _request(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, *, reads: bool = True
    ) -> Fetched:
        parts, port = _split(url)
        path = parts.path or "/"
        try:
            with Deadline(MAX_SECONDS) as deadline:
                address = self._resolve(parts, port, deadline)
                with self._pool(parts, address, port, deadline) as pool:
                    response = pool.request(
                        method,
                        f"{path}?{parts.query}" if parts.query else path,
                        body=body,
                        headers={**_HEADERS, "Host": parts.netloc, **headers},
                        redirect=False,
                        retries=False,
                        assert_same_host=False,
                        preload_content=False,
                        decode_content=False,
                        timeout=deadline.seconds_left,
                    )
                    with response:
                        return Fetched(
                            response.status, response.headers, _read_body(response) if reads else b""
                        )
        except (DeadlineMissed, urllib3.exceptions.TimeoutError) as error:
            raise FetchFailed(f"{parts.hostname} did not respond within {MAX_SECONDS} seconds.") from error
        except (HTTPError, OSError, ValueError) as error:
            raise FetchFailed(f"The request to {parts.hostname} failed: {type(error).__name__}.") from error

    def _resolve(self, parts: SplitResult, port: int, deadline: Deadline) -> Address:
        host = parts.hostname or ""
        try:
            found = deadline.look_up(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise FetchFailed(f"The host {host} cannot be resolved.") from error
        for _, _, _, _, where in found:
            address = ip_address(str(where[0]).partition("%")[0])
            if self._is_allowed(address, is_plain=parts.scheme == "http"):
                return address
        if parts.scheme == "http":
            raise FetchFailed(
                "http:// URLs are fetched only from loopback addresses in fetch_networks."
                f" {host} is not one. Use an https:// URL."
            )
        raise FetchFailed(
            f"{host} does not have a public IP address, and its network is not in fetch_networks."
        )

    def _is_allowed(self, address: Address, *, is_plain: bool) -> bool:
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        is_allowed = any(address in network for network in self._networks)
        if is_plain:
            return address.is_loopback and is_allowed
        return is_allowed or _is_public(address)

    def _pool(
        self, parts: SplitResult, address: Address, port: int, deadline: Deadline
    ) -> urllib3.HTTPConnectionPool:
        if parts.scheme == "http":
            return WatchedPool(str(address), port, deadline=deadline)
        # The connection goes to the resolved address, but the certificate must match the host name.
        tls: dict[str, Any] = {"server_hostname": parts.hostname, "assert_hostname": parts.hostname}
        if self._ca_file is not None:
            tls["ca_certs"] = str(self._ca_file)
        return WatchedTlsPool(str(address), port, cert_reqs="CERT_REQUIRED", deadline=deadline, **tls)


def _is_public(address: Address) -> bool:
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, IPv4Address):
        return address not in _PROTOCOL_ASSIGNMENTS
    return address in _GLOBAL_UNICAST and not any(address in network for network in _EMBEDDING_IPV4)


def _split(url: str) -> tuple[SplitResult, int]:
    if not url.isascii() or not url.isprintable() or " " in url:
        raise FetchFailed("The URL contains invalid characters.")
    try:
        parts = urlsplit(url)
        port = parts.port or (80 if parts.scheme == "http" else 443)
    except ValueError as error:
        raise FetchFailed("The URL is malformed.") from error
    if parts.scheme not in {"https", "http"} or not parts.hostname or "@" in parts.netloc:
        raise FetchFailed("The URL must start with https:// and must not contain a user name.")
    return parts, port


def _read_body(response: urllib3.BaseHTTPResponse) -> bytes:
    body = b""
    while chunk := response.read1(_CHUNK):
        body += chunk
        if len(body) > MAX_BYTES:
            raise FetchFailed(f"The response is larger than {MAX_BYTES // 1024} kB.")
    return body

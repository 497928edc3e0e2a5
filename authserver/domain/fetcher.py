"""The guarded fetcher (S17): the only room that asks an address which a client chose.

https, to an address that was resolved once, is public, and is the one connected to; no redirects, no proxies, no
cookies; 3 seconds and 256 kB in all. The setting ``fetch_networks`` lets further networks pass, loopback with http.
"""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from authserver.domain.fetch_deadline import Deadline, DeadlineMissed, WatchedPool, WatchedTlsPool
from authserver.settings import Settings

SECONDS = 3
BYTES = 256 * 1024
_CHUNK = 16 * 1024
_ALWAYS = {"User-Agent": "authserver", "Accept-Encoding": "identity"}
_FORM = "application/x-www-form-urlencoded"
# What is public in IPv6 is handed out from here alone; some of it carries an IPv4 address inside, perhaps one of ours.
_GIVEN_OUT = ip_network("2000::/3")
_TRANSLATED = [ip_network(text) for text in ("2001::/32", "2002::/16")]
# Python calls a few addresses in here public.
_PROTOCOL_ASSIGNMENTS = ip_network("192.0.0.0/24")

Address = IPv4Address | IPv6Address


class FetchFailed(Exception):
    """Nothing usable came back; the text is for an administrator."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Fetcher:
    """Fetches under the rules of one installation."""

    def __init__(self, settings: Settings) -> None:
        self._networks = settings.fetch_networks
        self._ca_file = settings.fetch_ca_file

    def get(self, url: str, accept: str = "application/json") -> Fetched:
        """Return what is at a URL; raises FetchFailed."""
        return self._ask("GET", url, {"Accept": accept}, None)

    def post(self, url: str, form: Mapping[str, str]) -> int:
        """Send a form and return the status of the answer, whatever else is in it; raises FetchFailed."""
        body = urlencode(form).encode()
        return self._ask("POST", url, {"Content-Type": _FORM}, body, reads=False).status

    def _ask(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, *, reads: bool = True
    ) -> Fetched:
        parts, port = _split(url)
        path = parts.path or "/"
        try:
            with Deadline(SECONDS) as deadline:
                address = self._resolve(parts, port, deadline)
                with self._pool(parts, address, port, deadline) as pool:
                    response = pool.request(
                        method,
                        f"{path}?{parts.query}" if parts.query else path,
                        body=body,
                        headers={**_ALWAYS, "Host": parts.netloc, **headers},
                        redirect=False,
                        retries=False,
                        assert_same_host=False,
                        preload_content=False,
                        decode_content=False,
                        timeout=deadline.seconds_left,
                    )
                    with response:
                        return Fetched(response.status, response.headers, _read(response) if reads else b"")
        except (DeadlineMissed, urllib3.exceptions.TimeoutError) as error:
            raise FetchFailed(f"{parts.hostname} did not answer within {SECONDS} seconds.") from error
        except (HTTPError, OSError, ValueError) as error:
            raise FetchFailed(f"{parts.hostname} did not answer: {type(error).__name__}.") from error

    def _resolve(self, parts: SplitResult, port: int, deadline: Deadline) -> Address:
        host = parts.hostname or ""
        try:
            found = deadline.look_up(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise FetchFailed(f"{host} has no address.") from error
        for _, _, _, _, where in found:
            address = ip_address(str(where[0]).partition("%")[0])
            if self._may_ask(address, is_plain=parts.scheme == "http"):
                return address
        raise FetchFailed(
            f"{host} is not on the public internet, and fetch_networks does not name its network."
        )

    def _may_ask(self, address: Address, *, is_plain: bool) -> bool:
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
        # The certificate is checked against the name, although the connection goes to the pinned address.
        tls: dict[str, Any] = {"server_hostname": parts.hostname, "assert_hostname": parts.hostname}
        if self._ca_file is not None:
            tls["ca_certs"] = str(self._ca_file)
        return WatchedTlsPool(str(address), port, cert_reqs="CERT_REQUIRED", deadline=deadline, **tls)


def _is_public(address: Address) -> bool:
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, IPv4Address):
        return address not in _PROTOCOL_ASSIGNMENTS
    return address in _GIVEN_OUT and not any(address in network for network in _TRANSLATED)


def _split(url: str) -> tuple[SplitResult, int]:
    if not url.isascii() or not url.isprintable() or " " in url:
        raise FetchFailed("The address has characters that no address has.")
    try:
        parts = urlsplit(url)
        port = parts.port or (80 if parts.scheme == "http" else 443)
    except ValueError as error:
        raise FetchFailed("The address cannot be read.") from error
    if parts.scheme not in {"https", "http"} or not parts.hostname or "@" in parts.netloc:
        raise FetchFailed("The address is not an https address.")
    return parts, port


def _read(response: urllib3.BaseHTTPResponse) -> bytes:
    body = b""
    while chunk := response.read1(_CHUNK):
        body += chunk
        if len(body) > BYTES:
            raise FetchFailed(f"The answer is longer than {BYTES // 1024} kB.")
    return body

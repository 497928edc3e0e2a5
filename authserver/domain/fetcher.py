"""The guarded fetcher (S17): the only room that asks an address which a client chose.

https, to an address that was resolved once, is public, and is the one connected to; no redirects, no proxies, no
cookies; 3 seconds and 256 kB in all. The setting ``fetch_networks`` lets further networks pass, loopback with http.
"""

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from authserver.settings import Settings

SECONDS = 3
BYTES = 256 * 1024
_CHUNK = 16 * 1024
_FORM = "application/x-www-form-urlencoded"
# Each of these carries an IPv4 address inside, which could be one of ours.
_TRANSLATED = [
    ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
]

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

    def post(self, url: str, form: Mapping[str, str]) -> Fetched:
        """Send a form and return the answer; raises FetchFailed."""
        return self._ask("POST", url, {"Content-Type": _FORM}, urlencode(form).encode())

    def _ask(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Fetched:
        deadline = time.monotonic() + SECONDS
        parts, port = _split(url)
        address = self._resolve(parts, port)
        target = parts.path or "/"
        target = f"{target}?{parts.query}" if parts.query else target
        pool = self._pool(parts, address, port)
        try:
            response = pool.request(
                method,
                target,
                body=body,
                headers={
                    "Host": parts.netloc,
                    "User-Agent": "authserver",
                    "Accept-Encoding": "identity",
                    **headers,
                },
                redirect=False,
                retries=False,
                assert_same_host=False,
                preload_content=False,
                decode_content=False,
                timeout=urllib3.Timeout(total=SECONDS),
            )
            return Fetched(response.status, response.headers, _read(response, deadline))
        except (HTTPError, OSError, ValueError) as error:
            raise FetchFailed(f"{parts.hostname} did not answer: {type(error).__name__}.") from error
        finally:
            pool.close()

    def _resolve(self, parts: SplitResult, port: int) -> Address:
        host = parts.hostname or ""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
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
        is_translated = any(address in network for network in _TRANSLATED)
        return is_allowed or (address.is_global and not address.is_multicast and not is_translated)

    def _pool(self, parts: SplitResult, address: Address, port: int) -> urllib3.HTTPConnectionPool:
        if parts.scheme == "http":
            return urllib3.HTTPConnectionPool(str(address), port)
        # The certificate is checked against the name, although the connection goes to the pinned address.
        tls: dict[str, Any] = {"server_hostname": parts.hostname, "assert_hostname": parts.hostname}
        if self._ca_file is not None:
            tls["ca_certs"] = str(self._ca_file)
        return urllib3.HTTPSConnectionPool(str(address), port, cert_reqs="CERT_REQUIRED", **tls)


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


def _read(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    body = b""
    # One read is what one packet brings: a server that sends a byte at a time meets the deadline as well.
    while chunk := response.read1(_CHUNK):
        body += chunk
        if len(body) > BYTES:
            raise FetchFailed(f"The answer is longer than {BYTES // 1024} kB.")
        if time.monotonic() > deadline:
            raise FetchFailed(f"The answer took longer than {SECONDS} seconds.")
    return body

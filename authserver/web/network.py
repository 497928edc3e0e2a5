"""The network address of a client. Only X-Forwarded-For entries that trusted proxies added are used (S20)."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network

# Some proxies add the port of the connection: 192.0.2.1:50000 and [2001:db8::1]:50000.
_BRACKETED = re.compile(r"\[([^\]]*)\](?::[0-9]{1,5})?")
_WITH_PORT = re.compile(r"([^:]*):[0-9]{1,5}")


def client_address(peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """Return the last address in X-Forwarded-For that is not a trusted proxy, without its port."""
    address = _parse(peer or "127.0.0.1")
    hops = forwarded_for.split(",") if forwarded_for else []
    while hops and address is not None and any(address in network for network in trusted):
        hop = _parse(hops.pop())
        if hop is None:
            break
        address = hop
    return (peer if address is None else str(address))[:64]


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    text = text.strip().strip('"')
    found = _BRACKETED.fullmatch(text) or _WITH_PORT.fullmatch(text)
    try:
        address = ip_address(found[1] if found else text)
    except ValueError:
        return None
    # A socket for both protocols reports IPv4 addresses as ::ffff:192.0.2.1.
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address

"""The network address of a client, from its connection and X-Forwarded-For."""

from ipaddress import ip_network

import pytest

from authserver.web.network import client_address

PROXIES = [ip_network("10.0.0.0/8"), ip_network("::1/128")]


@pytest.mark.parametrize(
    ("forwarded_for", "expected"),
    [
        ("1.2.3.4", "1.2.3.4"),
        ("1.2.3.4:5678", "1.2.3.4"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ('"[2001:DB8::1]:443"', "2001:db8::1"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("[::ffff:1.2.3.4]:443", "1.2.3.4"),
        (" 1.2.3.4:5678 , 10.0.0.2:80 ", "1.2.3.4"),
        ("1.2.3.4, [::1]:443", "1.2.3.4"),
        ("6.6.6.6, 1.2.3.4:5678", "1.2.3.4"),
    ],
)
def test_address_has_no_port(forwarded_for: str, expected: str) -> None:
    """S20: every connection of a client has another port, but all of them are one source of attempts."""
    assert client_address("10.0.0.1", forwarded_for, PROXIES) == expected


@pytest.mark.parametrize(
    "entry", ["unknown", "", "1.2.3.4:", "1.2.3.4:port", "[::1", "::1]:443", "1.2.3.4.5:80", "x:1", "[]"]
)
def test_entry_without_an_address_is_ignored(entry: str) -> None:
    """S20: the proxy that added it is the last known address."""
    assert client_address("10.0.0.1", f"6.6.6.6, {entry}, 10.0.0.2", PROXIES) == "10.0.0.2"


@pytest.mark.parametrize("peer", ["1.2.3.4", "::ffff:1.2.3.4", "unix", "fe80::1%eth0"])
def test_header_of_an_untrusted_connection_is_ignored(peer: str) -> None:
    """S20: anyone can send the header."""
    expected = "1.2.3.4" if peer.endswith("1.2.3.4") else peer
    assert client_address(peer, "6.6.6.6", PROXIES) == expected


@pytest.mark.parametrize("peer", ["::ffff:10.0.0.1", "::1"])
def test_trusted_proxy_may_connect_over_ipv6(peer: str) -> None:
    """S20: a socket for both protocols reports IPv4 addresses in the form of IPv6."""
    assert client_address(peer, "1.2.3.4", PROXIES) == "1.2.3.4"


def test_connection_over_a_unix_socket_is_local() -> None:
    assert client_address("", "1.2.3.4:80", [ip_network("127.0.0.1/32")]) == "1.2.3.4"

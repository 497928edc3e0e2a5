"""The signature base string, which client and server compute from the same request (RFC 5849, section 3.4.1)."""

from typing import NamedTuple
from urllib.parse import urlsplit

from authserver.protocol.oauth1.encoding import Pairs, escape

_DEFAULT_PORTS = {"http": 80, "https": 443}


class Target(NamedTuple):
    """The parts of a URL: the base string URI, and the query without the question mark."""

    uri: str
    query: str


def base_string(method: str, uri: str, signed: Pairs) -> str:
    """Return the base string of a method, a base string URI and the signed parameters in any order."""
    return "&".join(escape(part) for part in (method.upper(), uri, normalize(signed)))


def normalize(pairs: Pairs) -> str:
    """Return the parameters encoded, sorted by name and then value, and joined (RFC 5849, section 3.4.1.3.2)."""
    return "&".join(
        f"{name}={value}" for name, value in sorted((escape(name), escape(value)) for name, value in pairs)
    )


def target(url: str) -> Target:
    """Return a URL's base string URI and query (RFC 5849, section 3.4.1.2); raises ValueError for an invalid URL.

    Scheme and host are in lowercase, the default port is omitted, and an empty path becomes a slash. Any other path
    stays as it was sent, because client and server must sign the same bytes.
    """
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("a URL consists of printable ASCII characters")
    parts = urlsplit(url)
    scheme, host, port = parts.scheme.lower(), parts.hostname, parts.port
    if scheme not in _DEFAULT_PORTS or not host or port == 0:
        raise ValueError("a URL starts with http:// or https:// and a host")
    host = f"[{host}]" if ":" in host else host
    authority = host if port in {None, _DEFAULT_PORTS[scheme]} else f"{host}:{port}"
    return Target(f"{scheme}://{authority}{parts.path or '/'}", parts.query)


def first_difference(ours: str, theirs: str) -> int | None:
    """Return the position of the first differing character of two base strings, or None if they are equal."""
    for position, (left, right) in enumerate(zip(ours, theirs, strict=False)):
        if left != right:
            return position
    return None if len(ours) == len(theirs) else min(len(ours), len(theirs))

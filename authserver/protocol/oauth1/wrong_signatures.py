"""Finds out why a signature is wrong, so that administrators learn what to change.

The right secret with another address, or without the token secret, is a different mistake than a wrong secret. Therefore
the signature is compared with those that the consumer would have made by such a mistake. A signature that matches is
rejected all the same.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product
from urllib.parse import urlsplit

from authserver.protocol.oauth1 import base_strings, signatures
from authserver.protocol.oauth1.signatures import Keys
from authserver.protocol.oauth1.signed_request import SignedRequest
from authserver.setting_values import LOOPBACK_HOSTS
from authserver.vocabulary import SignatureMethod

_MAX_ADDRESSES = 64


def signed_address(request: SignedRequest, keys: Keys) -> str | None:
    """Return the address for which the consumer signed the request, if that is the only mistake. PLAINTEXT has none."""
    method, signature = _signature_of(request)
    if method == SignatureMethod.PLAINTEXT:
        return None
    for uri in islice(_addresses(request), _MAX_ADDRESSES):
        signed = base_strings.base_string(request.method, uri, request.parameters.signed)
        if signatures.verify(method, signed, signature, keys):
            return uri
    return None


def lacks_token_secret(request: SignedRequest, keys: Keys) -> bool:
    """Return whether the consumer signed with its own secret but without the secret of the token."""
    method, signature = _signature_of(request)
    without = replace(keys, token_secret="", public_keys=())
    return bool(keys.token_secret) and signatures.verify(method, request.base_string, signature, without)


def _signature_of(request: SignedRequest) -> tuple[str, str]:
    return request.parameters.get("oauth_signature_method"), request.parameters.get("oauth_signature")


def _addresses(request: SignedRequest) -> Iterator[str]:
    """Yield the addresses that a consumer or a proxy may use instead of the public URL, the most likely first."""
    ours = urlsplit(request.uri)
    hosts = dict.fromkeys(
        authority for sent in (ours.netloc, *request.sent_to) for authority in _authorities(sent)
    )
    for path, host, scheme in product(_paths(ours.path), hosts, ("https", "http")):
        try:
            uri = base_strings.target(f"{scheme}://{host}{path}").uri
        except ValueError:
            continue
        if uri != request.uri:
            yield uri


def _authorities(authority: str) -> Iterator[str]:
    """Yield an authority with and without its port, and the other names of the same machine."""
    yield authority
    host, colon, port = authority.rpartition(":")
    host, port = (host, port) if colon and port.isdecimal() else (authority, "")
    yield host
    if host.strip("[]") in LOOPBACK_HOSTS:
        for name in sorted(LOOPBACK_HOSTS):
            written = f"[{name}]" if ":" in name else name
            yield f"{written}:{port}" if port else written


def _paths(path: str) -> Iterator[str]:
    """Yield a path, with or without a slash at its end, and without the beginnings that a proxy may remove."""
    yield path
    yield path.removesuffix("/") if path.endswith("/") else f"{path}/"
    segments = path.split("/")
    for first in range(2, len(segments)):
        yield "/" + "/".join(segments[first:])

"""Errors about signatures and timestamps, with the computed values for administrators and without secrets."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from authserver import clock
from authserver.domain.diagnostics.causes import Cause
from authserver.protocol.oauth1 import base_strings, wrong_signatures
from authserver.protocol.oauth1.encoding import Pairs
from authserver.protocol.oauth1.errors import OAuth1Error, ProblemCode
from authserver.protocol.oauth1.signatures import Keys
from authserver.protocol.oauth1.signed_request import SignedRequest

_OPAQUE_TOKEN = re.compile(r"(as[a-z]_[0-9a-z]{1,12}_).+")
_CONFIDENTIAL = re.compile("pass|secret|token|key|code|auth|credential|session", re.IGNORECASE)
_EXCERPT_LENGTH = 24


@dataclass(frozen=True, slots=True)
class Difference:
    """The first difference between two base strings: its position, and the text that follows in each."""

    position: int
    ours: str
    theirs: str


def signature_invalid(request: SignedRequest, keys: Keys) -> OAuth1Error:
    """Return the error for a wrong signature, with the mistake if it is known, or else the server's base string."""
    address = wrong_signatures.signed_address(request, keys)
    if address is not None:
        return OAuth1Error(
            ProblemCode.SIGNATURE_INVALID,
            "The secret is right, but the request was signed for another address. Use the public URL of the server.",
            cause=Cause.SIGNATURE_ADDRESS,
            received=address,
            expected=request.uri,
            client_id=request.client.id,
        )
    if wrong_signatures.lacks_token_secret(request, keys):
        return OAuth1Error(
            ProblemCode.SIGNATURE_INVALID,
            "The request was signed without the secret of its token. Sign with both secrets.",
            cause=Cause.SIGNATURE_TOKEN_SECRET,
            received="the consumer secret alone",
            expected="the consumer secret and the token secret",
            client_id=request.client.id,
        )
    return OAuth1Error(
        ProblemCode.SIGNATURE_INVALID,
        "The signature does not match the received request. Check the secret, and compare the base strings.",
        received=signed_target(request),
        expected=redacted_base_string(request),
        client_id=request.client.id,
    )


def timestamp_refused(request: SignedRequest, now: datetime, window: timedelta) -> OAuth1Error:
    """Return the error for a timestamp outside the window, with the acceptable timestamps."""
    low, high = clock.timestamp(now - window), clock.timestamp(now + window)
    offset = offset_seconds(request, now)
    direction = "ahead" if offset > 0 else "behind"
    return OAuth1Error(
        ProblemCode.TIMESTAMP_REFUSED,
        f"The client's clock is {abs(offset)} s {direction} of the server's clock. Correct the client's clock.",
        # Omit the number of seconds, so that the error log counts these errors as one.
        received=f"clock {direction}",
        expected=f"within {window.seconds} s",
        client_id=request.client.id,
        parameters={"oauth_acceptable_timestamps": f"{low}-{high}"},
    )


def offset_seconds(request: SignedRequest, now: datetime) -> int:
    """Return by how many seconds the client's clock is ahead of the server's; negative if it is behind."""
    return 0 if request.signed_at is None else round((request.signed_at - now).total_seconds())


def signed_target(request: SignedRequest) -> str:
    """Return a description of the signed request: method, normalized URL, signature method, place of the parameters."""
    method = request.parameters.get("oauth_signature_method")[:40]
    return f"{request.method.upper()} {request.uri} ({method}, parameters in the {request.parameters.place})"


def redacted_base_string(request: SignedRequest) -> str:
    """Return the base string with tokens, verifiers and confidential parameters masked, so that it can be stored."""
    return base_strings.base_string(request.method, request.uri, _redacted(request.parameters.signed))


def difference(ours: str, theirs: str) -> Difference | None:
    """Return the first difference between the server's base string and a submitted one, or None if they are equal."""
    position = base_strings.first_difference(ours, theirs)
    if position is None:
        return None
    return Difference(
        position, ours[position : position + _EXCERPT_LENGTH], theirs[position : position + _EXCERPT_LENGTH]
    )


def _redacted(pairs: Pairs) -> Pairs:
    return tuple((name, _mask(name, value)) for name, value in pairs)


def _mask(name: str, value: str) -> str:
    if name in {"oauth_token", "oauth_verifier"}:
        return _OPAQUE_TOKEN.sub(r"\1…", value) if _OPAQUE_TOKEN.match(value) else value and "…"
    if not name.startswith("oauth_") and _CONFIDENTIAL.search(name):
        return "…"
    return value

"""What an administrator is told about a refused signature: everything that was computed, and nothing that signs."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from authserver import clock
from authserver.protocol.oauth1 import base_strings
from authserver.protocol.oauth1.encoding import Pairs
from authserver.protocol.oauth1.problems import Problem, Reason
from authserver.protocol.oauth1.signed_request import SignedRequest

_OURS = re.compile(r"(as[a-z]_[0-9a-z]{1,12}_).+")
_CONFIDENTIAL = re.compile("pass|secret|token|key|code|auth|credential|session", re.IGNORECASE)
_SHOWN = 24


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two base strings part: the common beginning's end, and what follows in each."""

    position: int
    ours: str
    theirs: str


def signature_invalid(request: SignedRequest) -> Problem:
    """Return the refusal of a signature, with the server's base string for the administrator."""
    advice = "The signature does not match what was received; compare the base strings."
    problem = Problem(Reason.SIGNATURE_INVALID, advice)
    return problem.about(
        request.client.id, received=target_words(request), expected=shown_base_string(request)
    )


def timestamp_refused(request: SignedRequest, now: datetime, window: timedelta) -> Problem:
    """Return the refusal of a timestamp, with the acceptable ones."""
    low, high = clock.timestamp(now - window), clock.timestamp(now + window)
    offset = offset_seconds(request, now)
    direction = "ahead" if offset > 0 else "behind"
    problem = Problem(
        Reason.TIMESTAMP_REFUSED,
        f"The client's clock is {abs(offset)} s {direction} of the server's; set it right.",
        oauth_acceptable_timestamps=f"{low}-{high}",
    )
    # The number itself would make every refusal look different to the ledger.
    return problem.about(
        request.client.id, received=f"clock {direction}", expected=f"within {window.seconds} s"
    )


def offset_seconds(request: SignedRequest, now: datetime) -> int:
    """Return how many seconds the client's clock is ahead of ours; negative when it is behind."""
    return 0 if request.signed_at is None else round((request.signed_at - now).total_seconds())


def target_words(request: SignedRequest) -> str:
    """Return what was signed for: method, normalised URL, signature method, and where the parameters were."""
    method = request.parameters.get("oauth_signature_method")[:40]
    return f"{request.method.upper()} {request.uri} ({method}, parameters in the {request.parameters.place})"


def shown_base_string(request: SignedRequest) -> str:
    """Return the base string as it may be stored: without tokens, verifiers and what looks confidential."""
    return base_strings.base_string(request.method, request.uri, _shown(request.parameters.signed))


def difference(ours: str, theirs: str) -> Difference | None:
    """Return where a submitted base string first differs from the server's, or None when they are equal."""
    position = base_strings.first_difference(ours, theirs)
    if position is None:
        return None
    return Difference(position, ours[position : position + _SHOWN], theirs[position : position + _SHOWN])


def _shown(pairs: Pairs) -> Pairs:
    return tuple((name, _mask(name, value)) for name, value in pairs)


def _mask(name: str, value: str) -> str:
    if name in {"oauth_token", "oauth_verifier"}:
        return _OURS.sub(r"\1…", value) if _OURS.match(value) else value and "…"
    if not name.startswith("oauth_") and _CONFIDENTIAL.search(name):
        return "…"
    return value

"""The values that doors and law exchange: what arrived, strictly parsed, and what leaves.

Query and form are ordered pairs, kept apart, so that duplicates are seen and nothing is merged.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from authserver.messages import message

Pairs = tuple[tuple[str, str], ...]

MAX_PARAMETERS = 100
NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
FORM_TYPE = "application/x-www-form-urlencoded"


class MalformedRequest(ValueError):
    """The request cannot be read; the text is a sentence for whoever wrote the client, the rest for the ledger."""

    def __init__(self, sentence: str, cause: str, *, received: str = "", expected: str = "") -> None:
        self.cause = cause
        self.received = received
        self.expected = expected
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Header names are in lower case; ``form`` is None unless a form was sent."""

    method: str
    path: str
    query: Pairs = ()
    form: Pairs | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    address: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """One answer."""

    status: int
    body: bytes = b""
    headers: Sequence[tuple[str, str]] = ()


def json_response(
    status: int, document: Mapping[str, Any], headers: Sequence[tuple[str, str]] = NO_STORE
) -> Response:
    """Return a JSON answer, not to be stored unless the headers say otherwise."""
    body = json.dumps(document, separators=(",", ":")).encode()
    return Response(status, body, (("Content-Type", "application/json"), *headers))


def parse_pairs(text: str) -> Pairs:
    """Parse a query or form body; raises MalformedRequest on what both databases could not store alike."""
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except UnicodeDecodeError as error:
        sentence = message("The parameters are not percent-encoded UTF-8.")
        raise MalformedRequest(
            sentence, "parameters-not-utf-8", received="other bytes", expected="UTF-8"
        ) from error
    except ValueError as error:
        sentence = message("A request can have %(count)s parameters at most.", count=MAX_PARAMETERS)
        raise MalformedRequest(
            sentence,
            "parameters-too-many",
            received=f"{text.count('&') + 1} parameters",
            expected=f"{MAX_PARAMETERS} at most",
        ) from error
    for name, value in pairs:
        if not _is_clean(name) or not _is_clean(value):
            sentence = message("A parameter contains a NUL character or a lone surrogate.")
            raise MalformedRequest(
                sentence,
                "parameter-unstorable",
                received=f"such a character in {name}",
                expected="text without them",
            )
    return tuple(pairs)


def repeated_names(pairs: Pairs, allowed: frozenset[str] = frozenset()) -> list[str]:
    """Return the names of parameters that have two values, which RFC 6749, section 3.1, forbids."""
    names = [name for name, value in pairs if value]
    if len(set(names)) == len(names):
        return []
    counts = Counter(names)
    return [name for name, count in counts.items() if count > 1 and name not in allowed]


def present_values(pairs: Pairs) -> dict[str, str]:
    """Return the parameters that have a value; one without counts as omitted (RFC 6749, section 3.1)."""
    return {name: value for name, value in pairs if value}


def _is_clean(text: str) -> bool:
    return "\0" not in text and (text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text))

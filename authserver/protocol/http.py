"""Request and response values of the protocol endpoints, independent of the web framework.

The query and the form are kept apart, each as a sequence of pairs. Endpoints can therefore detect repeated parameters.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from authserver.domain.diagnostics.causes import Cause
from authserver.messages import message
from authserver.protocol.errors import ErrorCode, ProtocolError

Pairs = tuple[tuple[str, str], ...]

MAX_PARAMETERS = 100
NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
FORM_TYPE = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Request:
    """A request. Header names are in lowercase; ``form`` is None unless the body is a form."""

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
    """A response."""

    status: int
    body: bytes = b""
    headers: Sequence[tuple[str, str]] = ()


def json_response(
    status: int, document: Mapping[str, Any], headers: Sequence[tuple[str, str]] = NO_STORE
) -> Response:
    """Return a JSON response. By default, caches must not store it."""
    body = json.dumps(document, separators=(",", ":")).encode()
    return Response(status, body, (("Content-Type", "application/json"), *headers))


def parse_pairs(text: str) -> Pairs:
    """Parse a query or form body; raises invalid_request if it is malformed or cannot be stored."""
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except UnicodeDecodeError as error:
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.PARAMETERS_NOT_UTF_8,
            message("The parameters are not percent-encoded UTF-8."),
            received="other bytes",
            expected="UTF-8",
        ) from error
    except ValueError as error:
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.PARAMETERS_TOO_MANY,
            message("A request can have at most %(count)s parameters.", count=MAX_PARAMETERS),
            received=f"{text.count('&') + 1} parameters",
            expected=f"at most {MAX_PARAMETERS}",
        ) from error
    for name, value in pairs:
        if not _is_clean(name) or not _is_clean(value):
            raise ProtocolError(
                ErrorCode.INVALID_REQUEST,
                Cause.PARAMETER_UNSTORABLE,
                message("A parameter contains a NUL character or a lone surrogate."),
                received=f"such a character in {name}",
                expected="text without these characters",
            )
    return tuple(pairs)


def parse_form(body: bytes) -> Pairs:
    """Parse a form body; raises invalid_request as ``parse_pairs`` does, and if the body is not UTF-8."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.BODY_NOT_UTF_8,
            "The body is not UTF-8.",
            received="other bytes",
            expected="UTF-8",
        ) from error
    return parse_pairs(text)


def repeated_names(pairs: Pairs, allowed: frozenset[str] = frozenset()) -> list[str]:
    """Return the names of parameters with several values, which RFC 6749, section 3.1, forbids."""
    names = [name for name, value in pairs if value]
    if len(set(names)) == len(names):
        return []
    counts = Counter(names)
    return [name for name, count in counts.items() if count > 1 and name not in allowed]


def present_values(pairs: Pairs) -> dict[str, str]:
    """Return the parameters that have a value; empty parameters count as omitted (RFC 6749, section 3.1)."""
    return {name: value for name, value in pairs if value}


def _is_clean(text: str) -> bool:
    return "\0" not in text and (
        text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)
    )

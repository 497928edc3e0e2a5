"""Parses the JSON of registration requests strictly and within bounds, so that every database can store it."""

import json
from typing import Any, NoReturn

from authserver.domain.diagnostics.causes import Cause
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.http import Request

MAX_BYTES = 32768
_MAX_DEPTH = 8
_MAX_NUMBER = 10**15


def parse_registration_json(http_request: Request) -> dict[str, Any]:
    """Return the metadata of a request; null and empty members count as omitted (RFC 7592, section 2.2)."""
    media_type = http_request.headers.get("content-type", "").partition(";")[0].strip().lower()
    # A page of another site can make a browser send forms and plain text without a preflight request, but not JSON.
    if media_type != "application/json":
        raise _error("Send the metadata as application/json.")
    if len(http_request.body) > MAX_BYTES:
        raise _error(f"The metadata can have at most {MAX_BYTES} bytes.", status=413)
    try:
        document = json.loads(
            http_request.body.decode("utf-8-sig"), parse_constant=_reject_constant, object_pairs_hook=_object
        )
    except (ValueError, RecursionError) as error:
        raise _error("The body must be JSON without repeated names.") from error
    if not isinstance(document, dict):
        raise _error("The metadata must be one JSON object.")
    _check_bounds(document)
    return {name: value for name, value in document.items() if value is not None and value != ""}


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is repeated")
    return found


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _check_bounds(document: Any) -> None:
    level = [document]
    for _ in range(_MAX_DEPTH):
        if any(isinstance(value, int | float) and not _is_storable(value) for value in level):
            raise _error("The metadata contains a number that is too large.")
        level = [inner for value in level for inner in _members(value)]
    if level:
        raise _error(f"The metadata can have at most {_MAX_DEPTH} levels of nesting.")


def _is_storable(value: float) -> bool:
    # This is also False for NaN. A conversion of a long integer to float would raise OverflowError.
    return abs(value) < _MAX_NUMBER


def _members(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _error(description: str, *, status: int = 400) -> ProtocolError:
    return ProtocolError(
        ErrorCode.INVALID_CLIENT_METADATA,
        Cause.REGISTRATION_MALFORMED,
        description,
        expected="one JSON object with the client metadata",
        status=status,
    )

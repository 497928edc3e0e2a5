"""Reading the JSON that a client registers with: strictly, within bounds, and so that both databases can keep it."""

import json
import math
from typing import Any, NoReturn

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc7591.errors import InvalidClientMetadataError

from authserver.protocol.http import Request
from authserver.protocol.oauth2.errors import oauth_error

MAX_BYTES = 32768
_DEPTH = 8
_LARGEST = 10**15


def parse_registration_json(message: Request) -> dict[str, Any]:
    """Return the metadata of a request, without what is null or empty: that counts as omitted (RFC 7592, section 2.2)."""
    media_type = message.headers.get("content-type", "").partition(";")[0].strip().lower()
    # Browsers send other sites' forms and texts here without asking, but no JSON.
    if media_type != "application/json":
        raise _fault("Send the metadata as application/json.")
    if len(message.body) > MAX_BYTES:
        raise _fault(f"The metadata can have {MAX_BYTES} bytes at most.", status=413)
    try:
        document = json.loads(
            message.body.decode("utf-8-sig"), parse_constant=_refuse_constant, object_pairs_hook=_object
        )
    except (ValueError, RecursionError) as error:
        raise _fault("The body must be JSON, each name once.") from error
    if not isinstance(document, dict):
        raise _fault("The metadata must be one JSON object.")
    _check_bounds(document)
    return {name: value for name, value in document.items() if value is not None and value != ""}


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is repeated")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _check_bounds(document: Any) -> None:
    level = [document]
    for _ in range(_DEPTH):
        if any(isinstance(value, int | float) and not _is_plain(value) for value in level):
            raise _fault("The metadata holds a number that is too large.")
        level = [inner for value in level for inner in _inside(value)]
    if level:
        raise _fault(f"The metadata can have {_DEPTH} levels at most.")


def _is_plain(value: float) -> bool:
    return math.isfinite(value) and abs(value) < _LARGEST


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _fault(sentence: str, *, status: int = 400) -> OAuth2Error:
    expected = "one JSON object with the client's metadata"
    error = oauth_error(InvalidClientMetadataError, sentence, "registration-malformed", expected=expected)
    error.status_code = status
    return error

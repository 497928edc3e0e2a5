"""Reads request bodies and numeric form fields. A truncated body results in a response with status 400."""

from typing import Any

from flask import request
from werkzeug.exceptions import BadRequest

_DIGITS = 19  # A row id has fewer digits.


class BrokenBody(BadRequest):
    """The body is malformed or truncated."""

    description = "The body of the request is malformed or truncated."


class RequestBody:
    """The input stream of a request body. ``length`` is the declared length, or None (RFC 9112, section 6.3)."""

    def __init__(self, stream: Any, length: int | None) -> None:
        self._stream = stream
        self._left = length

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes, all by default; raises BrokenBody."""
        return self._take(self._stream.read, size)

    def readline(self, size: int = -1) -> bytes:
        """Return one line of up to ``size`` bytes; raises BrokenBody."""
        return self._take(self._stream.readline, size)

    def _take(self, read: Any, size: int) -> bytes:
        try:
            found: bytes = read() if size < 0 else read(size)
        except Exception as error:
            # Each WSGI server has its own exceptions for malformed chunks; all of them are client errors.
            raise BrokenBody from error
        if self._left is not None:
            self._left -= len(found)
            is_over = size < 0 or (size > 0 and not found)
            if is_over and self._left > 0:
                raise BrokenBody
        return found


def guard(environ: dict[str, Any]) -> None:
    """Wrap the input stream of a request that has a body."""
    declared = environ.get("CONTENT_LENGTH") or ""
    is_number = declared.isascii() and declared.isdigit()
    if declared or environ.get("wsgi.input_terminated"):
        environ["wsgi.input"] = RequestBody(environ["wsgi.input"], int(declared) if is_number else None)


def sent_number(field: str) -> int:
    """Return a number from a hidden form field, such as a revision, or 0 (which no record has) if it is invalid."""
    text = request.form.get(field, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _DIGITS else 0

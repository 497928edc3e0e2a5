"""What comes in with a request: its body, of which broken or cut off is a client's mistake, and the numbers of a form."""

from typing import Any

from flask import request
from werkzeug.exceptions import BadRequest

_DIGITS = 19  # More do not fit into a row id.


class BrokenBody(BadRequest):
    """The body is not framed as HTTP demands, or ended before its length."""

    description = "The body of the request is broken, or ends before its length."


class RequestBody:
    """The server's stream of one body, ``length`` bytes long where the request says so (RFC 9112, section 6.3)."""

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
            # Each server has its own kinds of errors for chunks that are none; all of them are about what was sent.
            raise BrokenBody from error
        if self._left is not None:
            self._left -= len(found)
            is_over = size < 0 or (size > 0 and not found)
            if is_over and self._left > 0:
                raise BrokenBody
        return found


def guard(environ: dict[str, Any]) -> None:
    """Put the guard around the body of a request that has one."""
    declared = environ.get("CONTENT_LENGTH") or ""
    is_number = declared.isascii() and declared.isdigit()
    if declared or environ.get("wsgi.input_terminated"):
        environ["wsgi.input"] = RequestBody(environ["wsgi.input"], int(declared) if is_number else None)


def sent_number(field: str) -> int:
    """Return a number that a form carried for us, such as a revision; no record has 0, which stands for anything else."""
    text = request.form.get(field, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _DIGITS else 0

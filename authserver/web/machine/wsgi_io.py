"""Reading a WSGI environment and writing an answer to it, within bounds (S28)."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from authserver.protocol.http import MalformedRequest, Response
from authserver.web.rendering.headers import HSTS
from authserver.web.request_body import BrokenBody

# RFC 9110, section 8.6: an answer without content MUST NOT tell how long it is, and that to a condition need not.
_WITHOUT_LENGTH = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
_PROTECTED = (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"))
_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class TooLarge(Exception):
    """The request body is larger than the settings allow."""


def read_body(environ: dict[str, Any], limit: int) -> bytes:
    """Return the request body; raises TooLarge, or MalformedRequest for one that is broken or of no known length."""
    declared = environ.get("CONTENT_LENGTH") or ""
    if declared and not (declared.isascii() and declared.isdigit()):
        raise MalformedRequest(
            "Content-Length is not a number.", "content-length", received=declared, expected="a number"
        )
    if declared and int(declared) > limit:
        raise TooLarge
    if not declared and not environ.get("wsgi.input_terminated"):
        return b""
    body = _read_all(environ["wsgi.input"], int(declared) if declared else limit + 1)
    if len(body) > limit:
        raise TooLarge
    return body


def _read_all(stream: Any, size: int) -> bytes:
    parts: list[bytes] = []
    try:
        while size > 0 and (part := stream.read(size)):
            parts.append(part)
            size -= len(part)
    except BrokenBody as error:
        raise MalformedRequest(
            BrokenBody.description, "body-broken", expected="a body as long as its headers say"
        ) from error
    return b"".join(parts)


def decode_form(body: bytes) -> str:
    """Return a form body as text; raises MalformedRequest when it is not UTF-8, of which percent-encoding is a part."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedRequest(
            "The body is not UTF-8.", "body-not-utf-8", received="other bytes", expected="UTF-8"
        ) from error


def read_headers(environ: dict[str, Any]) -> dict[str, str]:
    """Return the request's headers with names in lower case."""
    found = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    if "CONTENT_TYPE" in environ:
        found["content-type"] = environ["CONTENT_TYPE"]
    return found


def send_response(
    response: Response, method: str, start_response: Callable[..., Any], *, is_secure: bool
) -> Iterable[bytes]:
    """Start the answer and return its body; none for HEAD. Over TLS the browser is told to keep to it."""
    lines = [*response.headers, *_PROTECTED, *([HSTS] if is_secure else [])]
    if response.status not in _WITHOUT_LENGTH:
        lines.append(("Content-Length", str(len(response.body))))
    start_response(_STATUS_LINES[response.status], lines)
    return [] if method == "HEAD" else [response.body]

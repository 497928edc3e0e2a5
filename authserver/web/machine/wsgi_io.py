"""Reads requests from a WSGI environment, within limits, and sends responses (S28)."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from authserver.domain.diagnostics.causes import Cause
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.http import Response
from authserver.web.rendering.headers import HSTS
from authserver.web.request_body import BrokenBody

# RFC 9110, section 8.6: a 204 MUST NOT have a Content-Length, and a 304 does not need one.
_WITHOUT_LENGTH = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
_SECURITY_HEADERS = (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"))
_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


def read_body(environ: dict[str, Any], limit: int) -> bytes:
    """Return the request body; raises invalid_request if it is too large, broken or has no valid length."""
    declared = environ.get("CONTENT_LENGTH") or ""
    if declared and not (declared.isascii() and declared.isdigit()):
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.CONTENT_LENGTH,
            "Content-Length is not a number.",
            received=declared,
            expected="a number",
        )
    if declared and int(declared) > limit:
        raise _too_large(declared, limit)
    if not declared and not environ.get("wsgi.input_terminated"):
        return b""
    body = _read_all(environ["wsgi.input"], int(declared) if declared else limit + 1)
    if len(body) > limit:
        raise _too_large(declared, limit)
    return body


def _too_large(declared: str, limit: int) -> ProtocolError:
    return ProtocolError(
        ErrorCode.INVALID_REQUEST,
        Cause.BODY_TOO_LARGE,
        "The request body is too large.",
        received=f"{declared} bytes" if declared else "",
        expected=f"at most {limit} bytes",
        status=413,
    )


def _read_all(stream: Any, size: int) -> bytes:
    parts: list[bytes] = []
    try:
        while size > 0 and (part := stream.read(size)):
            parts.append(part)
            size -= len(part)
    except BrokenBody as error:
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.BODY_BROKEN,
            BrokenBody.description,
            expected="a body of the length in the headers",
        ) from error
    return b"".join(parts)


def read_headers(environ: dict[str, Any]) -> dict[str, str]:
    """Return the headers of the request, with names in lower case."""
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
    """Start the response and return its body, which is empty for HEAD. Over TLS, the response has an HSTS header."""
    lines = [*response.headers, *_SECURITY_HEADERS, *([HSTS] if is_secure else [])]
    if response.status not in _WITHOUT_LENGTH:
        lines.append(("Content-Length", str(len(response.body))))
    start_response(_STATUS_LINES[response.status], lines)
    return [] if method == "HEAD" else [response.body]

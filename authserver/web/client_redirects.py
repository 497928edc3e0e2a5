"""Redirects to clients with the exact registered URL, and strict parsing of forms that clients post."""

from typing import Any

from flask import Response, request
from werkzeug.datastructures import Headers
from werkzeug.utils import redirect

from authserver.domain.diagnostics.causes import Cause
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.http import FORM_TYPE, Pairs, parse_form


class _ExactRedirect(Response):
    """A redirect with an unchanged Location, because clients compare it with the registered URL."""

    exact_location: str

    def get_wsgi_headers(self, environ: Any) -> Headers:
        headers = super().get_wsgi_headers(environ)
        headers["Location"] = self.exact_location
        return headers


def redirect_exactly(location: str) -> Any:
    """Return a 303 redirect, so that the browser never posts credentials to the client (RFC 9700, section 4.12)."""
    if not (location.isascii() and location.isprintable()):
        return redirect(location, 303)
    response = redirect(location, 303, Response=_ExactRedirect)
    response.exact_location = location  # type: ignore[attr-defined]
    return response


def posted_pairs() -> Pairs:
    """Return the parameters of this request's form, repeated ones included; raises invalid_request."""
    if request.mimetype != FORM_TYPE:
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.CONTENT_TYPE,
            f"Send the parameters as {FORM_TYPE}.",
            received=request.mimetype,
            expected=FORM_TYPE,
        )
    return parse_form(request.get_data(parse_form_data=False))

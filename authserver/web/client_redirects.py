"""The way back to an application: its address to the letter, and what other sites' forms have sent us, read strictly."""

from typing import Any

from flask import Response, request
from werkzeug.datastructures import Headers
from werkzeug.utils import redirect

from authserver.domain.diagnostics.causes import Cause
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.http import FORM_TYPE, Pairs, parse_form


class _Return(Response):
    """A redirect whose address nobody tidies up: applications compare it with what they registered."""

    exact_location: str

    def get_wsgi_headers(self, environ: Any) -> Headers:
        headers = super().get_wsgi_headers(environ)
        headers["Location"] = self.exact_location
        return headers


def redirect_exactly(location: str) -> Any:
    """Send the browser to an address of an application with GET, whatever it was asked with (RFC 9700, section 4.12)."""
    if not (location.isascii() and location.isprintable()):
        return redirect(location, 303)
    response = redirect(location, 303, Response=_Return)
    response.exact_location = location  # type: ignore[attr-defined]
    return response


def posted_pairs() -> Pairs:
    """Return the form of this request as it was sent; raises invalid_request as for a query."""
    if request.mimetype != FORM_TYPE:
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.CONTENT_TYPE,
            f"Send the parameters as {FORM_TYPE}.",
            received=request.mimetype,
            expected=FORM_TYPE,
        )
    return parse_form(request.get_data(parse_form_data=False))

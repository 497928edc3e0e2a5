"""The formats of error responses, one function each. A route in ``routes`` names the format of its endpoint."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from authserver.protocol.errors import BearerError, ProtocolError, public_description
from authserver.protocol.http import FORM_TYPE, NO_STORE, Response, json_response
from authserver.protocol.oauth1 import errors as oauth1_errors
from authserver.protocol.oauth1.encoding import encode_form
from authserver.protocol.oauth1.errors import OAuth1Error, ProblemCode
from authserver.protocol.services import Services

Renderer = Callable[[Services, ProtocolError, str], Response]
"""Renders an error. The last argument is its reference in the error log, empty if the error was not recorded."""

_BASIC_CHALLENGE = ("WWW-Authenticate", 'Basic realm="authserver", charset="UTF-8"')


def json_error(_services: Services, error: ProtocolError, reference: str) -> Response:
    """Return the JSON error response of RFC 6749, section 5.2, which RFC 7591 and RFC 7662 share."""
    document: dict[str, Any] = {"error": error.error}
    if description := public_description(error, reference):
        document["error_description"] = description
    challenge = (_BASIC_CHALLENGE,) if error.status == 401 else ()
    return json_response(error.status, document, (*NO_STORE, *challenge, *error.headers))


def bearer_error(_services: Services, error: ProtocolError, reference: str) -> Response:
    """Return the error response of a protected resource: a challenge without a body (RFC 6750, section 3)."""
    attributes = ['realm="authserver"']
    if error.error:
        attributes.append(f'error="{error.error}"')
        attributes.append(f'error_description="{public_description(error, reference)}"')
    if isinstance(error, BearerError) and error.scope:
        attributes.append(f'scope="{error.scope}"')
    challenge = ("WWW-Authenticate", f"Bearer {', '.join(attributes)}")
    return Response(error.status, b"", (challenge, *NO_STORE, *error.headers))


def registration_error(services: Services, error: ProtocolError, reference: str) -> Response:
    """Return the error response of the client configuration endpoint (RFC 7592, section 2).

    An invalid registration access token results in the challenge of RFC 6750 with a JSON body, other errors in JSON.
    """
    if not isinstance(error, BearerError):
        return json_error(services, error, reference)
    challenge = bearer_error(services, error, reference)
    document = {
        "error": error.error or "invalid_token",
        "error_description": public_description(error, reference),
    }
    headers = (("Content-Type", "application/json"), *challenge.headers)
    return replace(challenge, body=json.dumps(document, separators=(",", ":")).encode(), headers=headers)


def oauth1_error(services: Services, error: ProtocolError, reference: str) -> Response:
    """Return the error response of OAuth 1.0a: a form-encoded body with the problem code, which the challenge repeats.

    Errors other than OAuth1Error have no challenge. If the server caused them, they have no problem code either.
    """
    headers = (("Content-Type", FORM_TYPE), *NO_STORE, *error.headers)
    if isinstance(error, OAuth1Error):
        pairs = oauth1_errors.problem_parameters(error, reference)
        challenge = oauth1_errors.challenge(services.oauth1.realm, pairs)
        headers = (*headers, ("WWW-Authenticate", challenge))
    else:
        pairs = [("oauth_problem_advice", public_description(error, reference))]
        if error.status < 500:
            pairs.insert(0, ("oauth_problem", ProblemCode.PARAMETER_REJECTED))
    return Response(error.status, encode_form(pairs).encode(), headers)


def resource_error(services: Services, error: ProtocolError, reference: str) -> Response:
    """Return the error response of the protected sample resource: OAuth 1.0a errors in their format, others as JSON."""
    render = oauth1_error if isinstance(error, OAuth1Error) else json_error
    return render(services, error, reference)

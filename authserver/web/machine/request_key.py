"""Where a Jazz or OSLC server asks for a consumer key: anonymous, so small, limited, and pending until approved."""

import json
from typing import Any

from authlib.oauth2.rfc6749.errors import InvalidRequestError

from authserver.context import Actor
from authserver.domain import throttles
from authserver.domain.clients import pending_clients
from authserver.domain.oauth1 import consumer_requests
from authserver.errors import InvalidInput, Throttled
from authserver.protocol.http import Request, Response, json_response
from authserver.protocol.oauth2.error_responses import respond_with_error
from authserver.protocol.oauth2.errors import oauth_error
from authserver.protocol.services import Services

MAX_BYTES = 4096


def request_key(services: Services, request: Request) -> Response:
    """Register a provisional consumer and answer its key; the body is JSON whatever its type says."""
    if len(request.body) > MAX_BYTES:
        error = oauth_error(
            InvalidRequestError,
            f"The body can have {MAX_BYTES} bytes at most.",
            "body-too-large",
            received=f"{len(request.body)} bytes",
            expected=f"{MAX_BYTES} bytes at most",
        )
        error.status_code = 413
        return respond_with_error(services.error_log, request, error)
    try:
        document = _read(request.body)
        bucket = consumer_requests.bucket(services.vault, services.settings, request.address)
        with services.database.transaction() as db:
            throttles.charge(db, [bucket])
        with services.database.transaction() as db:
            pending_clients.purge(db, services.settings)
            client = consumer_requests.add(db, _actor(request), services.vault, document)
    except InvalidInput as error:
        return respond_with_error(
            services.error_log,
            request,
            oauth_error(InvalidRequestError, str(error), "consumer-request-refused"),
        )
    except Throttled as error:
        sentence = (
            "Too many consumer keys were requested. Wait, or ask an administrator to create the consumer."
        )
        document = {"error": "too_many_requests", "error_description": sentence}
        headers = (("Cache-Control", "no-store"), ("Retry-After", str(error.retry_after)))
        return json_response(429, document, headers)
    return json_response(200, {"key": client.client_key})


def _read(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput({"body": "The body must be JSON: an object with name and secret."}) from error
    if not isinstance(document, dict):
        raise InvalidInput({"body": "The body must be one JSON object."})
    return document


def _actor(request: Request) -> Actor:
    return Actor(name="requestKey", address=request.address, channel="machine", request_id=request.request_id)

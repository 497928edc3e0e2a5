"""The endpoint where a Jazz or OSLC server requests a consumer key.

Requests are anonymous. Therefore they are rate-limited, and an administrator must approve the consumer.
"""

import json
from typing import Any

from authserver.context import Actor
from authserver.domain import throttles
from authserver.domain.clients.clients import Client
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.oauth1 import consumer_requests
from authserver.errors import InvalidInput, Throttled
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.http import Request, Response, json_response
from authserver.protocol.services import Services

MAX_BYTES = 4096


def request_key(services: Services, request: Request) -> Response:
    """Register a pending consumer and respond with its key. The body is parsed as JSON with any content type."""
    if len(request.body) > MAX_BYTES:
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.BODY_TOO_LARGE,
            f"The body can have at most {MAX_BYTES} bytes.",
            received=f"{len(request.body)} bytes",
            expected=f"at most {MAX_BYTES} bytes",
            status=413,
        )
    try:
        client = _add_consumer(services, request)
    except InvalidInput as error:
        raise ProtocolError(ErrorCode.INVALID_REQUEST, Cause.CONSUMER_REQUEST_REFUSED, str(error)) from error
    except Throttled as error:
        text = "Too many consumer keys were requested. Wait, or ask an administrator to create the consumer."
        raise Throttled(error.retry_after, text) from error
    return json_response(200, {"key": client.client_key})


def _add_consumer(services: Services, request: Request) -> Client:
    document = _parse_json(request.body)
    bucket = consumer_requests.bucket(services.vault, services.settings, request.address)
    with services.database.transaction() as db:
        charges = throttles.charge(db, [bucket])
    try:
        with services.database.transaction() as db:
            return consumer_requests.add(db, _actor(request), services.settings, services.vault, document)
    except InvalidInput:
        # Only consumers that were added count. A tool with a wrong configuration must not block others on its network.
        with services.database.transaction() as db:
            throttles.refund(db, charges)
        raise


def _parse_json(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput({"body": "The body must be JSON: an object with name and secret."}) from error
    if not isinstance(document, dict):
        raise InvalidInput({"body": "The body must be one JSON object."})
    return document


def _actor(request: Request) -> Actor:
    return Actor(name="requestKey", address=request.address, channel="machine", request_id=request.request_id)

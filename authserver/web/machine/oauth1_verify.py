"""The verification endpoint: verifies a signed request that a resource server received, and returns its user.

The resource server authenticates with HTTP Basic as a client with the permission ``may_verify_requests``.
"""

import json
from typing import Any

from authserver import clock
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.oauth1 import token_credentials
from authserver.domain.oauth1.consumers import MAY_VERIFY_REQUESTS
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.http import Request, Response, json_response
from authserver.protocol.oauth1 import described_request, errors, verification
from authserver.protocol.oauth1.errors import OAuth1Error
from authserver.protocol.oauth1.verification import VerifiedRequest
from authserver.protocol.oauth2 import admission, client_authentication
from authserver.protocol.services import Services


def verify(services: Services, request: Request) -> Response:
    """Respond with the consumer and user of the described request, or with the error to return to its sender."""
    resource_server = _authenticate(services, request)
    document = _parse_json(request.body, resource_server)
    server = services.oauth1
    try:
        verified = verification.verify_request(server, described_request.parse_described_request(document))
    except ValueError as error:
        raise _malformed(str(error), resource_server) from error
    except OAuth1Error as error:
        reference = services.error_log.record(error.details, request.path, request.address)
        return json_response(200, _error_document(server.realm, error, reference))
    return json_response(200, _verified_document(verified))


def _authenticate(services: Services, request: Request) -> RegisteredClient:
    credentials = client_authentication.parse_credentials(request, {})
    with services.database.reading() as connection:
        row = token_credentials.find_with_client(connection, credentials.client_key, None)
        client = None if row is None else services.client_cache.get(connection, row.c_id, row.c_revision)
    client = admission.check_secret(services, credentials, client, request.address)
    assert row is not None
    admission.check_client(row, client)
    if client.details.get(MAY_VERIFY_REQUESTS) is not True:
        raise ProtocolError(
            ErrorCode.UNAUTHORIZED_CLIENT,
            Cause.MAY_NOT_VERIFY,
            "This client is not allowed to verify signed requests. An administrator can allow it.",
            client_id=client.id,
            status=403,
        )
    return client


def _parse_json(body: bytes, resource_server: RegisteredClient) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _malformed("The body must be JSON.", resource_server) from error
    if not isinstance(document, dict):
        raise _malformed("The body must be one JSON object.", resource_server)
    return document


def _malformed(description: str, resource_server: RegisteredClient) -> ProtocolError:
    return ProtocolError(
        ErrorCode.INVALID_REQUEST,
        Cause.DESCRIPTION_MALFORMED,
        description,
        expected="a JSON object that describes the signed request",
        client_id=resource_server.id,
    )


def _error_document(realm: str, error: OAuth1Error, reference: str) -> dict[str, Any]:
    parameters = errors.problem_parameters(error, reference)
    return {
        "valid": False,
        "problem": error.error,
        "advice": dict(parameters)["oauth_problem_advice"],
        "status": error.status,
        "www_authenticate": errors.challenge(realm, parameters),
    }


def _verified_document(verified: VerifiedRequest) -> dict[str, Any]:
    document = {
        "valid": True,
        "consumer": {
            "key": verified.client.client_key,
            "name": verified.client.name,
            "trusted": verified.client.is_trusted,
        },
        "user": {
            "sub": verified.user.subject,
            "username": verified.user.username,
            "name": verified.user.name,
            "email": verified.user.email,
            "email_verified": verified.user.email_verified,
        },
        "two_legged": verified.expires_at is None,
    }
    if verified.expires_at is not None:
        document |= {
            "expires_in": verified.expires_in,
            "expires_at": clock.timestamp(verified.expires_at),
        }
    return document

"""The verification endpoint: a resource server asks whether a signed request that it received is valid, and for whom.

It authenticates with HTTP Basic as an approved client that has the right to ask (``may_verify_requests``).
"""

import json
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.errors import InvalidRequestError, UnauthorizedClientError

from authserver import clock
from authserver.domain.clients.client_cache import RegisteredClient
from authserver.domain.oauth1 import token_credentials
from authserver.domain.oauth1.consumers import MAY_VERIFY_REQUESTS
from authserver.protocol.http import Request, Response, json_response
from authserver.protocol.oauth1 import described_request, problems, verification
from authserver.protocol.oauth1.problems import Problem
from authserver.protocol.oauth1.verification import VerifiedRequest
from authserver.protocol.oauth2 import admission, client_authentication
from authserver.protocol.oauth2.error_responses import respond_with_error
from authserver.protocol.oauth2.errors import oauth_error
from authserver.protocol.services import Services


def verify(services: Services, request: Request) -> Response:
    """Answer who a described request is from, or the problem with it and what to answer to its sender."""
    try:
        asker = _authenticate(services, request)
        document = _read(request.body, asker)
    except OAuth2Error as error:
        return respond_with_error(services.error_log, request, error)
    server = services.oauth1
    try:
        verified = verification.verify_request(server, described_request.parse_described_request(document))
    except ValueError as error:
        return respond_with_error(services.error_log, request, _unreadable(str(error), asker))
    except Problem as problem:
        server.record_and_refer(request.path, request.address, problem)
        return json_response(200, _problem_document(server.realm, problem))
    return json_response(200, _verified_document(verified))


def _authenticate(services: Services, request: Request) -> RegisteredClient:
    credentials = client_authentication.parse_credentials(request, {})
    with services.database.reading() as connection:
        row = token_credentials.lookup(connection, credentials.client_key, None)
        client = None if row is None else services.client_cache.get(connection, row.c_id, row.c_revision)
    client = admission.check_secret(services, credentials, client, request.address)
    assert row is not None
    admission.check_client(row, client)
    if client.details.get(MAY_VERIFY_REQUESTS) is not True:
        sentence = "This client may not verify signed requests; an administrator can allow it."
        error = oauth_error(UnauthorizedClientError, sentence, "may-not-verify", client_id=client.id)
        error.status_code = 403
        raise error
    return client


def _read(body: bytes, asker: RegisteredClient) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _unreadable("The body must be JSON.", asker) from error
    if not isinstance(document, dict):
        raise _unreadable("The body must be one JSON object.", asker)
    return document


def _unreadable(sentence: str, asker: RegisteredClient) -> OAuth2Error:
    expected = "a JSON object that describes the signed request"
    return oauth_error(
        InvalidRequestError, sentence, "description-malformed", client_id=asker.id, expected=expected
    )


def _problem_document(realm: str, problem: Problem) -> dict[str, Any]:
    return {
        "valid": False,
        "problem": problem.error,
        "advice": problem.advice,
        "status": problem.status_code,
        "www_authenticate": problems.challenge(realm, problem),
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
        },
        "two_legged": verified.expires_at is None,
    }
    if verified.expires_at is not None:
        document |= {
            "expires_in": verified.expires_in,
            "expires_at": clock.timestamp(verified.expires_at),
        }
    return document

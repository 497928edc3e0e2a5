"""The machine endpoints of OAuth 1.0a: temporary credentials, token credentials, and the protected sample resource."""

from authserver.protocol.http import Request, Response, json_response
from authserver.protocol.oauth1 import errors, verification
from authserver.protocol.services import Services


def request_token(services: Services, request: Request) -> Response:
    """The temporary credential request endpoint. It also accepts GET, which OAuth Core 1.0 clients use."""
    return services.oauth1.respond_to_temporary_credentials_request(request)


def access_token(services: Services, request: Request) -> Response:
    """The token request endpoint."""
    return services.oauth1.respond_to_token_credentials_request(request)


def whoami(services: Services, request: Request) -> Response:
    """The protected sample resource: returns the user and the consumer of a signed request."""
    server = services.oauth1
    if not _is_signed(request):
        headers = (("WWW-Authenticate", errors.challenge(server.realm)), ("Cache-Control", "no-store"))
        return json_response(
            401,
            {
                "error": "unauthorized",
                "error_description": "The request is not signed. Sign it with OAuth 1.0a.",
            },
            headers,
        )
    verified = verification.verify_request(server, server.read(request))
    return json_response(
        200,
        {
            "username": verified.user.username,
            "sub": verified.user.subject,
            "name": verified.user.name,
            "consumer": {"key": verified.client.client_key, "name": verified.client.name},
            "expires_in": verified.expires_in,
        },
    )


def _is_signed(request: Request) -> bool:
    is_header = request.headers.get("authorization", "").lower().startswith("oauth")
    return is_header or any(name.startswith("oauth_") for name, _ in (*request.query, *(request.form or ())))

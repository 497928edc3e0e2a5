"""The machine endpoints of OAuth 1.0a: temporary credentials, token credentials, and the protected sample resource."""

from authserver.protocol.http import FORM_TYPE, Request, Response, json_response
from authserver.protocol.oauth1 import problems, verification
from authserver.protocol.oauth1.encoding import encode_form
from authserver.protocol.oauth1.problems import Problem, Reason
from authserver.protocol.services import Services


def request_token(services: Services, request: Request) -> Response:
    """The temporary credential request endpoint; by GET too, which OAuth Core 1.0 clients use."""
    return services.oauth1.answer_temporary_credentials_request(request)


def access_token(services: Services, request: Request) -> Response:
    """The token request endpoint."""
    return services.oauth1.answer_token_credentials_request(request)


def whoami(services: Services, request: Request) -> Response:
    """The protected sample resource: tells a signed request for whom it acts."""
    server = services.oauth1
    if not _is_oauth(request):
        headers = (("WWW-Authenticate", problems.challenge(server.realm)), ("Cache-Control", "no-store"))
        return json_response(
            401, {"error": "unauthorized", "error_description": "Sign the request."}, headers
        )
    try:
        verified = verification.verify_request(server, server.read(request))
    except Problem as problem:
        return server.refuse(request, problem)
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


def refuse(status: int, error: str, description: str, *headers: tuple[str, str]) -> Response:
    """Return what never reaches these endpoints in their own format; the problem says whose mistake it is."""
    pairs = [("oauth_problem_advice", description)]
    if status < 500:
        # The extension has no word for what is not about the request itself, such as too many of them.
        pairs.insert(0, ("oauth_problem", error if error in set(Reason) else Reason.PARAMETER_REJECTED))
    content = (("Content-Type", FORM_TYPE), ("Cache-Control", "no-store"))
    return Response(status, encode_form(pairs).encode(), (*content, *headers))


def _is_oauth(request: Request) -> bool:
    is_header = request.headers.get("authorization", "").lower().startswith("oauth")
    return is_header or any(name.startswith("oauth_") for name, _ in (*request.query, *(request.form or ())))

"""The userinfo endpoint (OpenID Connect Core, section 5.3): a protected resource that returns claims about the user."""

from typing import Any

from sqlalchemy import Row

from authserver.domain import access_state
from authserver.domain.access_state import UserFacts
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.diagnostics.causes import Cause
from authserver.protocol import issued_jwts
from authserver.protocol.errors import BearerError, ErrorCode
from authserver.protocol.http import NO_STORE, Request, Response, json_response
from authserver.protocol.oauth2 import bearer_tokens
from authserver.protocol.oidc import claims, subjects
from authserver.protocol.services import Services
from authserver.vocabulary import ScopeName


def respond_to_userinfo(services: Services, http_request: Request) -> Response:
    """Respond with the claims that the access token's scopes allow, or with a challenge."""
    with services.database.reading() as connection:
        row, client = bearer_tokens.accept_bearer_token(services, connection, http_request, ScopeName.OPENID)
    user = _user(row)
    requested_by_name = row.request.get("claims", {}).get("userinfo", ())
    names = claims.claims_of_scopes(client, row.scope.split()) | set(requested_by_name)
    document = {"sub": subjects.subject_of(client, user.subject)} | claims.claims_by_name(client, user, names)
    algorithm = client.details.get("userinfo_signed_response_alg")
    return (
        json_response(200, document) if algorithm is None else _signed(services, client, document, algorithm)
    )


def _user(row: Row[Any]) -> UserFacts:
    user = access_state.user_facts_of(row)
    if user is None:
        raise BearerError(
            ErrorCode.INSUFFICIENT_SCOPE,
            Cause.ACCESS_TOKEN_WITHOUT_USER,
            "The access token was issued to the client itself, not for a user.",
            scope=ScopeName.OPENID,
            client_id=row.c_id,
            received=row.grant_type,
            expected="a grant type in which a user signs in",
        )
    return user


def _signed(
    services: Services, client: RegisteredClient, document: dict[str, Any], algorithm: str
) -> Response:
    # Core, section 5.3.2: a signed response names its issuer and its audience.
    claims_and_parties = document | {"iss": services.settings.issuer, "aud": client.client_key}
    token = issued_jwts.sign_jwt(services.key_ring, algorithm, "JWT", claims_and_parties)
    return Response(200, token.encode(), (("Content-Type", "application/jwt"), *NO_STORE))

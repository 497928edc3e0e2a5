"""The userinfo endpoint (OpenID Connect Core, section 5.3)."""

from typing import Any

from sqlalchemy import Row

from authserver.domain.authorizations import access_state
from authserver.domain.authorizations.access_state import UserFacts
from authserver.domain.clients.client_cache import RegisteredClient
from authserver.domain.diagnostics.causes import Cause
from authserver.protocol import issued_jwts
from authserver.protocol.errors import BearerError, ErrorCode
from authserver.protocol.http import NO_STORE, Request, Response, json_response
from authserver.protocol.oauth2 import bearer_tokens
from authserver.protocol.oauth2.server import OAuth2Server
from authserver.protocol.oidc import claims, subjects
from authserver.vocabulary import ScopeName


def respond_to_userinfo(server: OAuth2Server, message: Request) -> Response:
    """Answer with the claims that the access token's scopes allow, or with a challenge."""
    with server.database.reading() as connection:
        row, client = bearer_tokens.accept_bearer_token(server, connection, message, ScopeName.OPENID)
    person = _person(row)
    names = claims.claims_of_scopes(row.scope.split()) | set(
        row.request.get("claims", {}).get("userinfo", ())
    )
    document = {"sub": subjects.subject_of(client, person.subject)} | claims.claims_by_name(person, names)
    algorithm = client.details.get("userinfo_signed_response_alg")
    return json_response(200, document) if algorithm is None else _signed(server, client, document, algorithm)


def _person(row: Row[Any]) -> UserFacts:
    person = access_state.user_facts_of(row)
    if person is None:
        fault = "The access token stands for no user."
        raise BearerError(
            ErrorCode.INSUFFICIENT_SCOPE,
            Cause.ACCESS_TOKEN_WITHOUT_USER,
            fault,
            scope=ScopeName.OPENID,
            client_id=row.c_id,
            received=row.grant_type,
            expected="a grant in which a person signs in",
        )
    return person


def _signed(
    server: OAuth2Server, client: RegisteredClient, document: dict[str, Any], algorithm: str
) -> Response:
    # Core, section 5.3.2: a signed answer names its issuer and the client that it is for.
    claims_and_parties = document | {"iss": server.settings.issuer, "aud": client.client_key}
    token = issued_jwts.sign_jwt(server.key_ring, algorithm, "JWT", claims_and_parties)
    return Response(200, token.encode(), (("Content-Type", "application/jwt"), *NO_STORE))

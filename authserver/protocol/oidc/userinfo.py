"""The userinfo endpoint (OpenID Connect Core, section 5.3)."""

from typing import Any

from sqlalchemy import Row

from authserver.domain import standing
from authserver.domain.policies import Policy
from authserver.domain.standing import UserFacts
from authserver.protocol import own_jwts
from authserver.protocol.messages import NO_STORE, Request, Response, json_response
from authserver.protocol.oauth2 import bearer
from authserver.protocol.oauth2.bearer import BearerError
from authserver.protocol.oauth2.server import OAuth2Server
from authserver.protocol.oidc import claims, subjects
from authserver.terms import Scope


def answer(server: OAuth2Server, message: Request) -> Response:
    """Answer with the claims that the access token's scopes allow, or with a challenge."""
    try:
        with server.database.reading() as connection:
            row, policy = bearer.accept(server, connection, message, Scope.OPENID)
        person = _person(row)
    except BearerError as error:
        return error.answer(bearer.record(server, message.path, message.address, error))
    names = claims.of_scopes(row.scope.split()) | set(row.request.get("claims", {}).get("userinfo", ()))
    document = {"sub": subjects.of(policy, person.subject)} | claims.by_name(person, names)
    algorithm = policy.details.get("userinfo_signed_response_alg")
    return json_response(200, document) if algorithm is None else _signed(server, policy, document, algorithm)


def _person(row: Row[Any]) -> UserFacts:
    person = standing.user(row)
    if person is None:
        fault = "The access token stands for no user."
        raise BearerError(
            403,
            "insufficient_scope",
            fault,
            "access-token-without-user",
            scope=Scope.OPENID,
            client_id=row.c_id,
            received=row.grant_type,
            expected="a grant in which a person signs in",
        )
    return person


def _signed(server: OAuth2Server, policy: Policy, document: dict[str, Any], algorithm: str) -> Response:
    # Core, section 5.3.2: a signed answer names its issuer and the client that it is for.
    claims_and_parties = document | {"iss": server.settings.issuer, "aud": policy.client_key}
    token = own_jwts.sign(server.ring, algorithm, "JWT", claims_and_parties)
    return Response(200, token.encode(), (("Content-Type", "application/jwt"), *NO_STORE))

"""The userinfo endpoint (OpenID Connect Core, section 5.3)."""

from authserver.domain import standing
from authserver.protocol.messages import Request, Response, json_response
from authserver.protocol.oauth2 import bearer
from authserver.protocol.oauth2.bearer import BearerError
from authserver.protocol.oauth2.server import OAuth2Server
from authserver.protocol.oidc import claims, subjects
from authserver.terms import Scope


def answer(server: OAuth2Server, message: Request) -> Response:
    """Answer with the claims that the access token's scopes allow, or with a challenge."""
    try:
        with server.database.reading() as connection:
            row = bearer.accept(connection, message, Scope.OPENID)
            policy = server.policies.get(connection, row.c_id, row.c_revision)
    except BearerError as error:
        return error.answer()
    person = standing.user(row)
    if person is None:
        fault = "The access token stands for no user."
        return BearerError(403, "insufficient_scope", fault, Scope.OPENID).answer()
    names = claims.of_scopes(row.scope.split()) | set(row.request.get("claims", {}).get("userinfo", ()))
    return json_response(200, {"sub": subjects.of(policy, person.subject)} | claims.by_name(person, names))

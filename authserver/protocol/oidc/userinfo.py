"""The userinfo endpoint (OpenID Connect Core, section 5.3)."""

from authserver.domain import standing
from authserver.domain.db import Database
from authserver.protocol.messages import Request, Response, json_response
from authserver.protocol.oauth2 import bearer
from authserver.protocol.oauth2.bearer import BearerError
from authserver.protocol.oidc import claims
from authserver.terms import Scope


def answer(database: Database, message: Request) -> Response:
    """Answer with the claims that the access token's scopes allow, or with a challenge."""
    try:
        with database.reading() as connection:
            row = bearer.accept(connection, message, Scope.OPENID)
    except BearerError as error:
        return error.answer()
    person = standing.user(row)
    if person is None:
        return BearerError(
            403, "insufficient_scope", "The access token stands for no user.", Scope.OPENID
        ).answer()
    return json_response(200, claims.for_scopes(person, row.scope.split()))

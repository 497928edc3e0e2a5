"""Parses the OpenID Connect parameters of an authorization request (Core, section 3.1.2.1).

``authorization_request`` parses the request as a whole.
"""

from authserver.domain.client_cache import RegisteredClient
from authserver.domain.clients.metadata import DEFAULT_MAX_AGE
from authserver.domain.diagnostics.causes import Cause
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.oidc import claims_request
from authserver.protocol.oidc.claims_request import ClaimsRequest
from authserver.vocabulary import ScopeName

_PROMPTS = frozenset({"none", "login", "consent", "select_account"})


def parse_claims(
    parameters: dict[str, str], scopes: tuple[str, ...], client: RegisteredClient
) -> ClaimsRequest:
    """Return the claims requested by name that the client may have; raises invalid_request."""
    if ScopeName.OPENID not in scopes:
        return claims_request.EMPTY
    wanted = claims_request.parse_claims_request(parameters.get("claims"), client)
    if wanted is None:
        description = "claims must be a JSON object with the members userinfo and id_token."
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.CLAIMS,
            description,
            received=parameters.get("claims", ""),
            expected='{"userinfo": {…}, "id_token": {…}}, where each claim is null or an object',
            client_id=client.id,
        )
    # Core, section 5.5.1: omit claims that the client may not have. This is not an error, even for essential claims.
    return wanted.within(client.scopes)


def parse_prompt(value: str, client: RegisteredClient) -> frozenset[str]:
    """Return the values of prompt; raises invalid_request (section 3.1.2.1)."""
    values = frozenset(value.split())
    if not values <= _PROMPTS or ("none" in values and len(values) > 1):
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.PROMPT,
            "prompt must be none, or any of login, consent and select_account.",
            received=value,
            expected="none\nor any of: login consent select_account",
            client_id=client.id,
        )
    return values


def parse_max_age(value: str | None, client: RegisteredClient) -> int | None:
    """Return the maximum age of the sign-in in seconds, or None for no limit; raises invalid_request."""
    if value is None:
        # OpenID Connect Registration, section 2: default_max_age applies if the request has no max_age.
        return client.details.get(DEFAULT_MAX_AGE)
    if not value.isascii() or not value.isdigit():
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.MAX_AGE,
            "max_age must be a number of seconds.",
            received=value,
            expected="a number of seconds, such as 3600",
            client_id=client.id,
        )
    # A larger number is the same as no limit.
    return int(value) if len(value.lstrip("0")) <= 9 else None

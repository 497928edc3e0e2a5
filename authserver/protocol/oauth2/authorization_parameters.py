"""Reading the values of OpenID Connect's parameters of an authorization request (Core, section 3.1.2.1).

The request as a whole is read in ``authorization_request``.
"""

from authlib.oauth2.rfc6749.errors import InvalidRequestError

from authserver.domain.clients.client_cache import RegisteredClient
from authserver.domain.clients.metadata import DEFAULT_MAX_AGE
from authserver.protocol.oauth2.errors import oauth_error
from authserver.protocol.oidc import claims_request
from authserver.protocol.oidc.claims_request import ClaimsRequest
from authserver.vocabulary import ScopeName

_PROMPTS = frozenset({"none", "login", "consent", "select_account"})


def parse_claims(
    parameters: dict[str, str], scopes: tuple[str, ...], client: RegisteredClient
) -> ClaimsRequest:
    """Return which claims are asked for by name, of those that the client may have; raises invalid_request."""
    if ScopeName.OPENID not in scopes:
        return claims_request.NOTHING
    wanted = claims_request.parse_claims_request(parameters.get("claims"))
    if wanted is None:
        fault = "claims must be a JSON object with the members userinfo and id_token."
        raise oauth_error(
            InvalidRequestError,
            fault,
            "claims",
            received=parameters.get("claims", ""),
            expected='{"userinfo": {…}, "id_token": {…}}, where each claim is null or an object',
            client_id=client.id,
        )
    # Core, section 5.5.1: what a client may not have is left out; it is no error, essential or not.
    return wanted.within(client.scopes)


def parse_prompt(value: str, client: RegisteredClient) -> frozenset[str]:
    """Return what the person is to be asked for in any case; raises invalid_request (section 3.1.2.1)."""
    words = frozenset(value.split())
    if not words <= _PROMPTS or ("none" in words and len(words) > 1):
        raise oauth_error(
            InvalidRequestError,
            "prompt must be none alone, or login, consent, select_account.",
            "prompt",
            received=value,
            expected="none\nor any of: login consent select_account",
            client_id=client.id,
        )
    return words


def parse_max_age(value: str | None, client: RegisteredClient) -> int | None:
    """Return after how many seconds a sign-in is too old, None for never; raises invalid_request."""
    if value is None:
        # OpenID Connect Registration, section 2: default_max_age counts where the request says nothing.
        return client.details.get(DEFAULT_MAX_AGE)
    if not value.isascii() or not value.isdigit():
        raise oauth_error(
            InvalidRequestError,
            "max_age must be a number of seconds.",
            "max-age",
            received=value,
            expected="a number of seconds, such as 3600",
            client_id=client.id,
        )
    # So many seconds that they need more digits are no limit at all.
    return int(value) if len(value.lstrip("0")) <= 9 else None

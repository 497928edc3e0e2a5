"""Reading the values of OpenID Connect's parameters of an authorization request (Core, section 3.1.2.1).

The request as a whole is read in ``authorization_request``.
"""

from authlib.oauth2.rfc6749.errors import InvalidRequestError

from authserver.domain import client_demands
from authserver.domain.policies import Policy
from authserver.protocol.oauth2.errors import refusal
from authserver.protocol.oidc import claims_request
from authserver.protocol.oidc.claims_request import ClaimsRequest
from authserver.terms import Scope

_PROMPTS = frozenset({"none", "login", "consent", "select_account"})


def claims(parameters: dict[str, str], scopes: tuple[str, ...], policy: Policy) -> ClaimsRequest:
    """Return which claims are asked for by name, of those that the client may have; raises invalid_request."""
    if Scope.OPENID not in scopes:
        return claims_request.NOTHING
    wanted = claims_request.read(parameters.get("claims"))
    if wanted is None:
        fault = "claims must be a JSON object with the members userinfo and id_token."
        raise refusal(
            InvalidRequestError,
            fault,
            "claims",
            received=parameters.get("claims", ""),
            expected='{"userinfo": {…}, "id_token": {…}}, where each claim is null or an object',
            client_id=policy.id,
        )
    # Core, section 5.5.1: what a client may not have is left out; it is no error, essential or not.
    return wanted.within(policy.scopes)


def prompt(value: str, policy: Policy) -> frozenset[str]:
    """Return what the person is to be asked for in any case; raises invalid_request (section 3.1.2.1)."""
    words = frozenset(value.split())
    if not words <= _PROMPTS or ("none" in words and len(words) > 1):
        raise refusal(
            InvalidRequestError,
            "prompt must be none alone, or login, consent, select_account.",
            "prompt",
            received=value,
            expected="none\nor any of: login consent select_account",
            client_id=policy.id,
        )
    return words


def max_age(value: str | None, policy: Policy) -> int | None:
    """Return after how many seconds a sign-in is too old, None for never; raises invalid_request."""
    if value is None:
        # OpenID Connect Registration, section 2: default_max_age counts where the request says nothing.
        return policy.details.get(client_demands.MAX_AGE)
    if not value.isascii() or not value.isdigit():
        raise refusal(
            InvalidRequestError,
            "max_age must be a number of seconds.",
            "max-age",
            received=value,
            expected="a number of seconds, such as 3600",
            client_id=policy.id,
        )
    # So many seconds that they need more digits are no limit at all.
    return int(value) if len(value.lstrip("0")) <= 9 else None

"""Token introspection (RFC 7662), for the client of a token and for the resource servers in its audience.

An administrator can also allow a client to introspect all access tokens. The response for a token that is invalid for
any reason is the same: ``{"active": false}`` (section 2.2). If the caller may not see a token that is valid, the error
log contains the reason, because an administrator can then change the registration.
"""

from typing import Any

from sqlalchemy import Row

from authserver import clock
from authserver.domain import access_state, opaque_tokens
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.diagnostics.error_log import ErrorDetails
from authserver.domain.opaque_tokens import OpaqueToken
from authserver.domain.tokens import introspection, refresh_tokens
from authserver.domain.tokens.refresh_tokens import PresentedRefreshToken
from authserver.protocol import access
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.http import Request, Response, json_response
from authserver.protocol.oauth2 import admission, bearer_tokens, resources
from authserver.protocol.oauth2.client_request import ClientRequest
from authserver.protocol.oidc import claims, subjects
from authserver.protocol.services import Services
from authserver.vocabulary import AuthMethod, GrantType, ScopeName

Document = dict[str, Any]
_INACTIVE: Document = {"active": False}


def respond_to_introspection(services: Services, http_request: Request) -> Response:
    """Respond to an introspection request (RFC 7662, section 2)."""
    request = ClientRequest(http_request)
    value = request.required("token")
    presented = refresh_tokens.parse_refresh_token(value)
    if presented is not None:
        document = _introspect_refresh_token(services, request, presented)
    else:
        token = services.access_tokens.parse_token(value)
        document = _introspect_access_token(services, request, token)
    return json_response(200, document)


def _introspect_refresh_token(
    services: Services, request: ClientRequest, presented: PresentedRefreshToken
) -> Document:
    row, caller = admission.admit(
        services,
        request,
        lambda connection, _: introspection.find_refresh_token(connection, request.client_key, presented),
    )
    _check_confidential(caller)
    is_genuine = refresh_tokens.is_genuine(services.vault, presented, row.seed, row.pepper_id)
    if not is_genuine or presented.generation != row.generation or row.c_id != caller.id:
        return _INACTIVE
    ends_at = min(row.idle_expires_at, row.expires_at)
    if ends_at <= clock.now() or not _has_access(services, row, caller, GrantType.REFRESH_TOKEN):
        return _INACTIVE
    return _describe(services, caller, row) | {
        "iat": clock.timestamp(row.rotated_at),
        "exp": clock.timestamp(ends_at),
    }


def _introspect_access_token(
    services: Services, request: ClientRequest, token: OpaqueToken | None
) -> Document:
    row, caller = admission.admit(
        services,
        request,
        lambda connection, _: introspection.find_access_token(connection, request.client_key, token),
    )
    _check_confidential(caller)
    if token is None or not opaque_tokens.matches(token, row.digest) or not bearer_tokens.is_active(row):
        return _INACTIVE
    owner = _owner(services, row)
    # An administrator may have removed a resource since the token was issued (S14).
    audience = resources.registered_audience(row.audience, owner, services.settings)
    if audience is None or not _has_access(services, row, owner):
        return _INACTIVE
    if not _may_introspect(caller, owner, audience):
        details = _not_for_caller(caller, owner, audience)
        services.error_log.record(details, request.http_request.path, request.http_request.address)
        return _INACTIVE
    audience = audience or [services.settings.issuer]
    return _describe(services, owner, row) | {
        "token_type": "Bearer",
        "aud": audience[0] if len(audience) == 1 else audience,
        "iat": clock.timestamp(row.issued_at),
        "exp": clock.timestamp(row.expires_at),
    }


def _check_confidential(caller: RegisteredClient) -> None:
    # RFC 7662, section 2.1: callers must authenticate; otherwise anyone could test guessed tokens here.
    if caller.auth_method == AuthMethod.NONE:
        raise ProtocolError(
            ErrorCode.INVALID_CLIENT,
            Cause.INTROSPECTION_PUBLIC_CLIENT,
            "A public client cannot introspect tokens.",
            client_id=caller.id,
            received="no secret",
            expected="a client with a secret or a key",
        )


def _may_introspect(caller: RegisteredClient, owner: RegisteredClient, audience: list[str]) -> bool:
    if owner.id == caller.id or caller.details.get("may_introspect_all"):
        return True
    return not {caller.client_key, *caller.details.get("serves", ())}.isdisjoint(audience)


def _not_for_caller(caller: RegisteredClient, owner: RegisteredClient, audience: list[str]) -> ErrorDetails:
    named = "\n".join(f"resource={uri}" for uri in audience) or "no resource"
    served = "\n".join(f"resource={uri}" for uri in caller.details.get("serves", ()))
    return ErrorDetails(
        error="",
        cause=Cause.INTROSPECTION_AUDIENCE,
        description=f"The response was active=false, because the token of {owner.name} is for another resource.",
        received=f"client_id={owner.client_key}\n{named}",
        expected=served or "a resource that the client serves; it serves none",
        client_id=caller.id,
    )


def _owner(services: Services, row: Row[Any]) -> RegisteredClient:
    cached = services.client_cache.find_cached(row.c_id, row.c_revision)
    if cached is not None:
        return cached
    with services.database.reading() as connection:
        return services.client_cache.get(connection, row.c_id, row.c_revision)


def _has_access(
    services: Services, row: Row[Any], owner: RegisteredClient, grant_type: str | None = None
) -> bool:
    state = access_state.access_state_of(row, services.settings)
    return access.check_access(state, owner, grant_type=grant_type, scopes=row.scope.split()) is None


def _describe(services: Services, owner: RegisteredClient, row: Row[Any]) -> Document:
    """Return the response members that access tokens and refresh tokens have in common."""
    user = access_state.user_facts_of(row)
    document: Document = {"active": True, "iss": services.settings.issuer, "client_id": owner.client_key}
    if row.scope:
        document["scope"] = row.scope
    if user is None:
        return document | {"sub": owner.client_key}
    document["sub"] = subjects.subject_of(owner, user.subject)
    document |= claims.claims_by_name(owner, user, claims.shared_claims(owner, row.scope.split()))
    # The user name is part of the profile scope, and would make a pairwise identifier pointless.
    if ScopeName.PROFILE in row.scope.split() and not owner.pairwise_key:
        document["username"] = user.username
    if row.auth_time is not None:
        document["auth_time"] = clock.timestamp(row.auth_time)
    context = {"acr": row.acr, "amr": row.amr}
    return document | {name: value for name, value in context.items() if value}

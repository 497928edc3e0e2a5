"""The token endpoint (RFC 6749, section 3.2): the phases of every token request, in their order.

1. Parse the request and find the grant.
2. Load the client and the credential of the request, such as a code, in one statement (``Grant.load``).
3. Authenticate the client, and check that it is approved and registered for the grant type (``admission``).
4. Check the credential by the rules of the grant (``Grant.check``).
5. Check access: client, user, authorization and session, with the scope (``protocol.access``).
6. Check the audience, and narrow the scope to it (RFC 8707).
7. Consume the credential and issue the tokens in one step (``Grant.issue``), and respond.

A grant cannot skip, reorder or replace a phase: the phases are functions of this module, which call the grant. To add a
grant, write one module in ``grants`` and add it to ``GRANTS``.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import Row

from authserver.domain import access_state
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.clients.basic_metadata import MISSPELLED_DEVICE_GRANT
from authserver.domain.diagnostics.causes import Cause
from authserver.protocol import access
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.http import Request, Response, json_response
from authserver.protocol.oauth2 import admission, requested_scope, resources
from authserver.protocol.oauth2.client_request import ClientRequest
from authserver.protocol.oauth2.grants.authorization_code import AuthorizationCodeGrant
from authserver.protocol.oauth2.grants.base import ApprovedRequest, Grant, PresentedRequest, RecordChanged
from authserver.protocol.oauth2.grants.client_credentials import ClientCredentialsGrant
from authserver.protocol.oauth2.grants.device_code import DeviceCodeGrant
from authserver.protocol.oauth2.grants.password import PasswordGrant
from authserver.protocol.oauth2.grants.refresh_token import RefreshTokenGrant
from authserver.protocol.services import Services

Grants = Mapping[str, Grant]

GRANTS: Grants = MappingProxyType(
    {
        grant.grant_type: grant
        for grant in (
            AuthorizationCodeGrant(),
            RefreshTokenGrant(),
            DeviceCodeGrant(),
            PasswordGrant(),
            ClientCredentialsGrant(),
        )
    }
)


def respond_to_token_request(services: Services, http_request: Request, grants: Grants = GRANTS) -> Response:
    """Respond to a token request."""
    request = ClientRequest(http_request)
    document = _issue(services, request, _find_grant(services, request, grants))
    return json_response(200, document)


def _find_grant(services: Services, request: ClientRequest, grants: Grants) -> Grant:
    grant_type = request.parameters.get("grant_type")
    if grant_type is None:
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.GRANT_TYPE_MISSING,
            "grant_type is missing.",
            expected=" ".join(grants),
        )
    if grant_type not in grants:
        raise _unsupported(services, request, grant_type, grants)
    return grants[grant_type]


def _unsupported(
    services: Services, request: ClientRequest, grant_type: str, grants: Grants
) -> ProtocolError:
    with services.database.reading() as connection:
        row = access_state.find_client(connection, request.client_key)
    is_misprint = grant_type == MISSPELLED_DEVICE_GRANT
    description = (
        "grant_type must begin with urn:, not with urb:."
        if is_misprint
        else f"The grant type {grant_type[:100]} is not supported."
    )
    return ProtocolError(
        ErrorCode.UNSUPPORTED_GRANT_TYPE,
        Cause.GRANT_TYPE_MISSPELLED if is_misprint else Cause.GRANT_TYPE_UNSUPPORTED,
        description,
        received=grant_type,
        expected=" ".join(grants),
        client_id=None if row is None else row.c_id,
    )


def _issue(services: Services, request: ClientRequest, grant: Grant) -> dict[str, Any]:
    try:
        return _run_phases(services, request, grant)
    except RecordChanged:
        # A concurrent request changed the record. Run every phase again on the new state.
        return _run_phases(services, request, grant)


def _run_phases(services: Services, request: ClientRequest, grant: Grant) -> dict[str, Any]:
    row, client = admission.admit(services, request, grant.load, grant_type=grant.grant_type)
    checked = grant.check(PresentedRequest(services, request, client, row))
    _check_access(services, row, client, grant.grant_type, checked.scope.split())
    if checked.deferred_error is not None:
        raise checked.deferred_error
    named = _resources(services, request, client, row)
    audience = resources.audience_of(named, client, services.settings, checked.scope.split())
    scope = _scope(request, client, grant, checked.scope, audience)
    return grant.issue(ApprovedRequest(services, request, client, row, scope, audience, named))


def _check_access(
    services: Services, row: Row[Any], client: RegisteredClient, grant_type: str, scopes: list[str]
) -> None:
    state = access_state.access_state_of(row, services.settings)
    denial = access.check_access(state, client, grant_type=grant_type, scopes=scopes)
    if denial is not None:
        grant_types = [name for name in (grant_type, state.grant_type) if name is not None]
        admission.raise_denial(denial, client, grant_types=grant_types, scopes=scopes)


def _resources(
    services: Services, request: ClientRequest, client: RegisteredClient, row: Row[Any]
) -> tuple[str, ...]:
    """Return the granted resources that the request names, or all of them (RFC 8707, section 2.2)."""
    authorized = row._mapping.get("request") or {}
    granted = authorized.get("resource", ())
    return resources.narrowed_resources(request.resources, client, services.settings, granted)


def _scope(
    request: ClientRequest, client: RegisteredClient, grant: Grant, scope: str, audience: tuple[str, ...]
) -> str:
    """Return the part of the scope that applies to the audience (RFC 8707, section 2.2); raises invalid_scope.

    A scope that the request itself contains is never dropped, and neither is the whole granted scope.
    """
    scopes = scope.split()
    if grant.has_scope_parameter and "scope" in request.parameters:
        requested_scope.check_resources(audience, scopes, request.parameters["scope"], client)
        return scope
    kept = requested_scope.scopes_for(audience, scopes, client)
    if scopes and not kept:
        raise requested_scope.scope_of_another_resource(scopes[0], scope, client)
    return " ".join(kept)

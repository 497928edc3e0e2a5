"""The successful response of the authorization endpoint: a code, tokens, or both.

See OAuth 2.0 Multiple Response Types and OpenID Connect Core, section 3. The code and the tokens of a response belong
to one authorization, so that they are revoked together.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from authserver import clock
from authserver.context import Actor
from authserver.domain import access_state
from authserver.domain.authorizations import authorizations
from authserver.domain.authorizations.authorizations import Authorization, NewAuthorization
from authserver.domain.tokens import codes, tokens
from authserver.domain.user_sessions import UserSession
from authserver.protocol.oauth2 import resources
from authserver.protocol.oauth2.authorization_request import AuthorizationRequest
from authserver.protocol.oauth2.response_modes import AuthorizationResponse
from authserver.protocol.oidc import claims, session_state
from authserver.protocol.oidc.id_token import NewIdToken
from authserver.protocol.services import Services
from authserver.vocabulary import GrantType, ScopeName


def issue_authorization_response(
    services: Services,
    db: Session,
    actor: Actor,
    request: AuthorizationRequest,
    user_session: UserSession,
    *,
    client_epoch: int,
) -> AuthorizationResponse:
    """Record the authorization of the signed-in user, and return the response.

    ``client_epoch`` is the result of ``access_state.record_sign_in``, which proves that the client is unchanged since
    its access check.
    """
    authorization = _authorize(db, actor, request, user_session, client_epoch)
    issued = _issue(services, db, request, authorization, user_session) | _session_state(
        services, request, user_session
    )
    return request.target.response(*issued.items())


def _authorize(
    db: Session, actor: Actor, request: AuthorizationRequest, user_session: UserSession, client_epoch: int
) -> Authorization:
    user = access_state.authentication_of(user_session)
    return authorizations.add(
        db,
        actor,
        NewAuthorization(
            client_id=request.client.id,
            client_epoch=client_epoch,
            client_name=request.client.name,
            grant_type=GrantType.AUTHORIZATION_CODE
            if "code" in request.response_type_values
            else GrantType.IMPLICIT,
            scope=" ".join(request.scopes),
            user=replace(user, acr=request.acr_requirement.reported(user_session.acr)),
            request=_stored_parameters(request),
        ),
    )


def _stored_parameters(request: AuthorizationRequest) -> dict[str, Any]:
    """Return the parameters that later tokens of the authorization need."""
    stored: dict[str, Any] = {}
    if request.nonce is not None:
        stored["nonce"] = request.nonce
    if requested_claims := request.claims.stored_claims():
        stored["claims"] = requested_claims
    if request.resources:
        stored["resource"] = list(request.resources)
    if not request.redirect_uri_was_sent:
        stored["redirect_uri"] = request.target.redirect_uri
    return stored


def _issue(
    services: Services,
    db: Session,
    request: AuthorizationRequest,
    authorization: Authorization,
    user_session: UserSession,
) -> dict[str, str]:
    now = clock.now()
    issued: dict[str, str] = {}
    if "code" in request.response_type_values:
        issued["code"] = codes.add(
            db,
            services.settings,
            authorization,
            redirect_uri=request.target.redirect_uri if request.redirect_uri_was_sent else "",
            code_challenge=request.code_challenge,
        )
    if "token" in request.response_type_values:
        issued |= _access_token(services, db, request, authorization, user_session, now)
    if "id_token" in request.response_type_values:
        issued["id_token"] = services.id_tokens.issue(
            NewIdToken(
                request.client,
                access_state.facts_of_user(user_session.user),
                authorization,
                now,
                access_token=issued.get("access_token"),
                code=issued.get("code"),
                claims=_id_token_claims(request),
            )
        )
    return issued


def _id_token_claims(request: AuthorizationRequest) -> set[str]:
    """Return the names of the claims of the scopes in the ID token of this response."""
    if request.response_type == "id_token":
        # Core, section 5.4: without an access token, the ID token contains the claims of the scopes.
        return claims.claims_of_scopes(request.client, request.scopes)
    if "code" in request.response_type_values:
        # Core, section 3.3.3.6: the ID token from the token endpoint contains more. This one is part of a URL.
        return set()
    return claims.id_token_claims(request.client, request.scopes)


def _access_token(
    services: Services,
    db: Session,
    request: AuthorizationRequest,
    authorization: Authorization,
    user_session: UserSession,
    now: datetime,
) -> dict[str, str]:
    audience = resources.audience_of(
        request.resources, request.client, services.settings, authorization.scope.split()
    )
    draft = services.access_tokens.generate(request.client, authorization.scope, now, audience)
    issued = tokens.issue(db.connection(), authorization.id, services.access_tokens.values(draft))
    user = access_state.facts_of_user(user_session.user)
    return {
        "access_token": services.access_tokens.format_token(
            draft, issued.access_token_id, user, authorization
        ),
        "token_type": "Bearer",
        "expires_in": str(draft.expires_in),
        "scope": authorization.scope,
    }


def _session_state(
    services: Services, request: AuthorizationRequest, user_session: UserSession
) -> dict[str, str]:
    if ScopeName.OPENID not in request.scopes:
        return {}
    state = session_state.session_state(
        services.vault, user_session.sid, request.client.client_key, request.target.redirect_uri
    )
    return {"session_state": state} if state else {}

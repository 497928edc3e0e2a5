"""What the authorization endpoint issues: a code, tokens, or both (RFC 6749; Multiple Response Types; Core, section 3).

One authorization is recorded for whatever is issued, so that all of it can be revoked together.
"""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from authserver import clock
from authserver.context import Actor
from authserver.domain.authorizations import access_state, authorizations, codes
from authserver.domain.authorizations.authorizations import Authorization
from authserver.domain.sessions.user_sessions import UserSession
from authserver.domain.tokens import tokens
from authserver.protocol.oauth2.authorization_request import AuthorizationRequest
from authserver.protocol.oauth2.response_modes import AuthorizationResponse
from authserver.protocol.oauth2.server import OAuth2Server
from authserver.protocol.oidc import claims, session_state
from authserver.vocabulary import GrantType, ScopeName


def issue_authorization_response(
    server: OAuth2Server,
    db: Session,
    actor: Actor,
    ask: AuthorizationRequest,
    live: UserSession,
    *,
    client_epoch: int,
) -> AuthorizationResponse:
    """Record the authorization, and return the answer for a person who is signed in and consents.

    ``client_epoch`` is what ``standing.note_sign_in`` has just returned: what the gate judged when the request was read
    still counts.
    """
    authorization = _authorize(db, actor, ask, live, client_epoch)
    issued = _issue(server, db, ask, authorization, live) | _session_state(server, ask, live)
    return ask.address.answer(*issued.items())


def _authorize(
    db: Session, actor: Actor, ask: AuthorizationRequest, live: UserSession, client_epoch: int
) -> Authorization:
    request: dict[str, Any] = {}
    if ask.nonce is not None:
        request["nonce"] = ask.nonce
    if wanted := ask.claims.kept():
        request["claims"] = wanted
    if ask.resources:
        request["resource"] = list(ask.resources)
    if not ask.redirect_uri_was_sent:
        request["redirect_uri"] = ask.address.redirect_uri
    return authorizations.add(
        db,
        actor,
        client_id=ask.client.id,
        client_epoch=client_epoch,
        client_name=ask.client.name,
        grant_type=GrantType.AUTHORIZATION_CODE if "code" in ask.words else GrantType.IMPLICIT,
        scope=" ".join(ask.scopes),
        user_id=live.user_id,
        user_epoch=live.user_epoch,
        session_id=live.id,
        auth_time=live.signed_in_at,
        acr=ask.context.reported(live.acr),
        amr=live.amr,
        sid=live.sid,
        request=request,
    )


def _issue(
    server: OAuth2Server,
    db: Session,
    ask: AuthorizationRequest,
    authorization: Authorization,
    live: UserSession,
) -> dict[str, str]:
    now = clock.now()
    issued: dict[str, str] = {}
    if "code" in ask.words:
        issued["code"] = codes.add(
            db,
            server.settings,
            authorization,
            redirect_uri=ask.address.redirect_uri if ask.redirect_uri_was_sent else "",
            code_challenge=ask.code_challenge,
        )
    if "token" in ask.words:
        issued |= _access_token(server, db, ask, authorization, live, now)
    if "id_token" in ask.words:
        issued["id_token"] = server.id_tokens.issue(
            ask.client,
            access_state.facts_of_user(live.user),
            authorization,
            now=now,
            access_token=issued.get("access_token"),
            code=issued.get("code"),
            # Core, section 5.4: where no access token is issued, the claims of the scopes are in the ID token.
            with_claims=claims.claims_of_scopes(ask.scopes) if ask.response_type == "id_token" else (),
        )
    return issued


def _access_token(
    server: OAuth2Server,
    db: Session,
    ask: AuthorizationRequest,
    authorization: Authorization,
    live: UserSession,
    now: datetime,
) -> dict[str, str]:
    draft = server.access_tokens.draw(ask.client, authorization.scope, now, ask.resources)
    issued = tokens.issue(db.connection(), authorization.id, server.access_tokens.values(draft))
    person = access_state.facts_of_user(live.user)
    return {
        "access_token": server.access_tokens.write(draft, issued.access_token_id, person, authorization),
        "token_type": "Bearer",
        "expires_in": str(draft.expires_in),
        "scope": authorization.scope,
    }


def _session_state(server: OAuth2Server, ask: AuthorizationRequest, live: UserSession) -> dict[str, str]:
    if ScopeName.OPENID not in ask.scopes:
        return {}
    state = session_state.session_state(
        server.vault, live.sid, ask.client.client_key, ask.address.redirect_uri
    )
    return {"session_state": state} if state else {}

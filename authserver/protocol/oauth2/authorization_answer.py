"""What the authorization endpoint issues: a code, tokens, or both (RFC 6749; Multiple Response Types; Core, section 3).

One authorization is recorded for whatever is issued, so that all of it can be revoked together.
"""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from authserver import clock
from authserver.context import Actor
from authserver.domain import authorizations, codes, standing, tokens
from authserver.domain.authorizations import Authorization
from authserver.domain.sessions import UserSession
from authserver.protocol.oauth2.authorization_request import Ask
from authserver.protocol.oauth2.responses import Answer
from authserver.protocol.oauth2.server import OAuth2Server
from authserver.protocol.oidc import claims, session_state
from authserver.terms import GrantType, Scope


def answer(
    server: OAuth2Server, session: Session, actor: Actor, ask: Ask, live: UserSession, *, client_epoch: int
) -> Answer:
    """Record the authorization, and return the answer for a person who is signed in and consents.

    ``client_epoch`` is what ``standing.note_sign_in`` has just returned: what the gate judged when the request was read
    still counts.
    """
    authorization = _authorize(session, actor, ask, live, client_epoch)
    issued = _issue(server, session, ask, authorization, live) | _session_state(server, ask, live)
    return ask.address.answer(*issued.items())


def _authorize(
    session: Session, actor: Actor, ask: Ask, live: UserSession, client_epoch: int
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
        session,
        actor,
        client_id=ask.policy.id,
        client_epoch=client_epoch,
        client_name=ask.policy.name,
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
    server: OAuth2Server, session: Session, ask: Ask, authorization: Authorization, live: UserSession
) -> dict[str, str]:
    now = clock.now()
    issued: dict[str, str] = {}
    if "code" in ask.words:
        issued["code"] = codes.add(
            session,
            server.settings,
            authorization,
            redirect_uri=ask.address.redirect_uri if ask.redirect_uri_was_sent else "",
            code_challenge=ask.code_challenge,
        )
    if "token" in ask.words:
        issued |= _access_token(server, session, ask, authorization, live, now)
    if "id_token" in ask.words:
        issued["id_token"] = server.id_tokens.issue(
            ask.policy,
            standing.facts(live.user),
            authorization,
            now=now,
            access_token=issued.get("access_token"),
            code=issued.get("code"),
            # Core, section 5.4: where no access token is issued, the claims of the scopes are in the ID token.
            with_claims=claims.of_scopes(ask.scopes) if ask.response_type == "id_token" else (),
        )
    return issued


def _access_token(
    server: OAuth2Server,
    session: Session,
    ask: Ask,
    authorization: Authorization,
    live: UserSession,
    now: datetime,
) -> dict[str, str]:
    draft = server.access_tokens.draw(ask.policy, authorization.scope, now, ask.resources)
    issued = tokens.issue(session.connection(), authorization.id, server.access_tokens.values(draft))
    person = standing.facts(live.user)
    return {
        "access_token": server.access_tokens.write(draft, issued.access_token_id, person, authorization),
        "token_type": "Bearer",
        "expires_in": str(draft.expires_in),
        "scope": authorization.scope,
    }


def _session_state(server: OAuth2Server, ask: Ask, live: UserSession) -> dict[str, str]:
    if Scope.OPENID not in ask.scopes:
        return {}
    state = session_state.for_client(server.vault, live.sid, ask.policy.client_key, ask.address.redirect_uri)
    return {"session_state": state} if state else {}

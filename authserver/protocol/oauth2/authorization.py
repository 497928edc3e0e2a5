"""The authorization endpoint's decisions: sign in first, ask for consent, refuse, or answer with a code.

The doors show pages; what is decided here needs only the request, the client, and who is signed in since when.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum, auto

from sqlalchemy.orm import Session

from authserver import clock
from authserver.domain.authorizations import access_state, consents
from authserver.domain.clients import clients
from authserver.domain.clients.client_cache import RegisteredClient
from authserver.domain.diagnostics import redaction
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.sessions.user_sessions import UserSession
from authserver.domain.users import second_factors
from authserver.protocol import access
from authserver.protocol.access import ClientNotApproved, DenialReason
from authserver.protocol.errors import ErrorCode, ProtocolError, public_description
from authserver.protocol.http import Pairs
from authserver.protocol.oauth2 import authorization_request, bearer_tokens
from authserver.protocol.oauth2.authorization_request import AuthorizationError, AuthorizationRequest
from authserver.protocol.oauth2.response_modes import AuthorizationResponse, ResponseTarget
from authserver.protocol.oauth2.server import OAuth2Server
from authserver.protocol.oidc import acr, subjects
from authserver.vocabulary import AuthMethod, GrantType, ScopeName


class NextStep(Enum):
    """What has to happen next for an authorization request."""

    SIGN_IN = auto()
    SIGN_IN_AGAIN = auto()
    SWITCH_ACCOUNT = auto()
    STEP_UP = auto()
    ENROL = auto()
    CONSENT = auto()
    ANSWER = auto()


_STANDS = {
    NextStep.SIGN_IN: "nobody is signed in",
    NextStep.SIGN_IN_AGAIN: "the sign-in is older than max_age",
    NextStep.SWITCH_ACCOUNT: "somebody else is signed in",
    NextStep.STEP_UP: "the second factor was not asked for",
    NextStep.CONSENT: "the person has not agreed to all that is asked for",
}
"""Why nothing can be answered in silence, by what would have to happen first."""


def read_authorization_request(server: OAuth2Server, db: Session, pairs: Pairs) -> AuthorizationRequest:
    """Return the valid request that arrived; raises AuthorizationFailure or NotApproved."""
    client = clients.find(db, authorization_request.client_key(pairs))
    if client is None:
        key = dict(pairs).get("client_id", "")
        raise AuthorizationError(
            ProtocolError(
                ErrorCode.INVALID_CLIENT,
                Cause.CLIENT_UNKNOWN,
                "No client is registered under this client_id.",
                received=redaction.unknown_key(key),
                expected="the key of a client that is registered here",
            )
        )
    policy = server.client_cache.of(db, client)
    stands = access_state.state_of_client(client.status, client.epoch)
    denial = access.check_access(stands)
    if denial is not None:
        raise ClientNotApproved(policy, denial)
    ask = authorization_request.parse_authorization_request(pairs, policy, server.settings)
    grant_type = GrantType.AUTHORIZATION_CODE if "code" in ask.words else None
    denial = access.check_access(
        stands, policy, grant_type=grant_type, response_type=ask.response_type, scopes=ask.scopes
    )
    if denial is not None:
        raise AuthorizationError(_error_for(denial, policy, ask.response_type), ask.address)
    return replace(ask, subjects=_wanted_subjects(server, ask))


def next_step(
    db: Session, ask: AuthorizationRequest, live: UserSession | None, *, started_at: datetime | None
) -> NextStep:
    """Return what has to happen before the request can be answered; raises AuthorizationFailure for prompt=none.

    ``started_at`` is when the request was stored, None for one that has just arrived: a sign-in after that was made
    for it.
    """
    if live is None:
        return _unless_silent(ask, NextStep.SIGN_IN, ErrorCode.LOGIN_REQUIRED)
    if not _is_fresh_enough(ask, live, started_at):
        step = NextStep.SWITCH_ACCOUNT if "select_account" in ask.prompt else NextStep.SIGN_IN_AGAIN
        return _unless_silent(ask, step, ErrorCode.LOGIN_REQUIRED)
    if ask.subjects is not None and subjects.subject_of(ask.client, live.user.subject) not in ask.subjects:
        if _was_made_for(live, started_at):
            raise AuthorizationError(_another_user(ask), ask.address)
        return _unless_silent(ask, NextStep.SWITCH_ACCOUNT, ErrorCode.LOGIN_REQUIRED)
    if not ask.context.is_met_by(live.acr) and (higher := _towards(db, ask, live)) is not None:
        return higher
    if _needs_consent(db, ask, live):
        return _unless_silent(ask, NextStep.CONSENT, ErrorCode.CONSENT_REQUIRED)
    return NextStep.ANSWER


def is_still_allowed(
    db: Session, ask: AuthorizationRequest, live: UserSession, *, started_at: datetime
) -> bool:
    """Return whether a request that the person has just let through would be let through as well now.

    What is always asked for, by ``prompt=consent`` or of a public client, was decided; consent taken back counts.
    """
    step = next_step(db, ask, live, started_at=started_at)
    if step is NextStep.CONSENT:
        return ask.client.is_trusted or not new_scopes(db, ask, live)
    return step is NextStep.ANSWER


def denied(ask: AuthorizationRequest) -> AuthorizationError:
    """Return the failure for a person who said no (RFC 6749, section 4.1.2.1)."""
    error = ProtocolError(
        ErrorCode.ACCESS_DENIED, Cause.USER_DENIED, "The user did not allow it.", client_id=ask.client.id
    )
    return AuthorizationError(error, ask.address)


def cancelled(ask: AuthorizationRequest) -> AuthorizationError:
    """Return the failure for a person who left the sign-in page."""
    error = ProtocolError(
        ErrorCode.ACCESS_DENIED,
        Cause.USER_CANCELLED,
        "The user cancelled the sign-in.",
        client_id=ask.client.id,
    )
    return AuthorizationError(error, ask.address)


def error_answer(error: ProtocolError, address: ResponseTarget, reference: str) -> AuthorizationResponse:
    """Return the response that returns an error to the client (RFC 6749, section 4.1.2.1)."""
    parameters = [("error", error.error)]
    if description := public_description(error, reference):
        parameters.append(("error_description", description))
    return address.answer(*parameters)


def after_consent(ask: AuthorizationRequest) -> AuthorizationRequest:
    """Return the request as it stands once the person has consented: nothing is left to prompt for."""
    return replace(ask, prompt=frozenset())


def new_scopes(db: Session, ask: AuthorizationRequest, live: UserSession) -> set[str]:
    """Return the requested scopes that the person has not consented to before."""
    known = consents.find(db, live.user_id, ask.client.id)
    return set(ask.consent_scopes) - set(known.scopes if known else ())


def _unless_silent(ask: AuthorizationRequest, step: NextStep, error: ErrorCode) -> NextStep:
    if not _may_ask(ask):
        kind = error.replace("_", "-")
        raise AuthorizationError(
            ProtocolError(
                error,
                Cause(kind),
                "prompt=none, but the user has to act.",
                received=f"prompt=none, but {_STANDS[step]}",
                expected="the same without prompt=none",
                client_id=ask.client.id,
            ),
            ask.address,
        )
    return step


def _was_made_for(live: UserSession, started_at: datetime | None) -> bool:
    return started_at is not None and live.signed_in_at >= started_at


def _wanted_subjects(server: OAuth2Server, ask: AuthorizationRequest) -> tuple[str, ...] | None:
    wanted, hint = ask.claims.subjects, ask.parameters.get("id_token_hint")
    if hint is None or ScopeName.OPENID not in ask.scopes:
        return wanted
    claims = server.id_tokens.read_hint(hint)
    if claims is None:
        fault = "id_token_hint is not an ID token of this server."
        raise AuthorizationError(
            ProtocolError(
                ErrorCode.INVALID_REQUEST,
                Cause.ID_TOKEN_HINT,
                fault,
                received=bearer_tokens.kind_of(hint),
                expected=f"an ID token of {server.settings.issuer}",
                client_id=ask.client.id,
            ),
            ask.address,
        )
    hinted = str(claims["sub"])
    # Core, sections 3.1.2.2 and 5.5.1: both must be met, and where they name different users nobody does.
    return (hinted,) if wanted is None or hinted in wanted else ()


def _another_user(ask: AuthorizationRequest) -> ProtocolError:
    fault = "Another user signed in than the one who was asked for."
    return ProtocolError(ErrorCode.LOGIN_REQUIRED, Cause.ANOTHER_USER, fault, client_id=ask.client.id)


def _towards(db: Session, ask: AuthorizationRequest, live: UserSession) -> NextStep | None:
    """Return how the person can reach the class that the client wants, None where it is a wish that cannot be had."""
    is_essential = ask.context.is_essential
    if ask.context.can_be_met() and second_factors.is_enrolled(db, live.user_id):
        # A wish is no reason to fail a silent request (Core, section 5.5.1.1); the answer tells which class it is.
        return (
            _unless_silent(ask, NextStep.STEP_UP, ErrorCode.LOGIN_REQUIRED)
            if _may_ask(ask) or is_essential
            else None
        )
    if not is_essential:
        return None
    if ask.context.can_be_met() and _may_ask(ask):
        return NextStep.ENROL
    raise AuthorizationError(_acr_out_of_reach(ask), ask.address)


def _may_ask(ask: AuthorizationRequest) -> bool:
    return "none" not in ask.prompt


def _acr_out_of_reach(ask: AuthorizationRequest) -> ProtocolError:
    fault = "The demanded authentication context class cannot be reached."
    return ProtocolError(
        ErrorCode.UNMET_AUTHENTICATION_REQUIREMENTS,
        Cause.ACR_OUT_OF_REACH,
        fault,
        received=" ".join(ask.context.classes),
        # Of a class that there is, the person lacks what they need; the request must let them set that up.
        expected="a request without prompt=none" if ask.context.can_be_met() else "\n".join(acr.SUPPORTED),
        client_id=ask.client.id,
    )


def _is_fresh_enough(ask: AuthorizationRequest, live: UserSession, started_at: datetime | None) -> bool:
    if _was_made_for(live, started_at):
        return True
    if ask.prompt & {"login", "select_account"}:
        return False
    return ask.max_age is None or clock.now() - live.signed_in_at <= timedelta(seconds=ask.max_age)


def _needs_consent(db: Session, ask: AuthorizationRequest, live: UserSession) -> bool:
    if "consent" in ask.prompt:
        return True
    if ask.client.is_trusted:
        return False
    # RFC 8252, section 8.6: a public client without an https redirect cannot be told from an impostor; always ask.
    if ask.client.auth_method == AuthMethod.NONE and not ask.address.redirect_uri.startswith("https://"):
        return True
    return bool(new_scopes(db, ask, live))


def _error_for(denial: DenialReason, client: RegisteredClient, response_type: str) -> ProtocolError:
    """Return the error for a verdict of the gate at the authorization endpoint (RFC 6749, section 4.1.2.1)."""
    kind = (
        ErrorCode.INVALID_SCOPE
        if denial is DenialReason.SCOPE_NOT_REGISTERED
        else ErrorCode.UNAUTHORIZED_CLIENT
    )
    is_type = denial is DenialReason.RESPONSE_TYPE_NOT_REGISTERED
    return ProtocolError(
        kind,
        denial.cause,
        denial.sentence,
        client_id=client.id,
        received=response_type if is_type else "",
        expected="\n".join(sorted(client.response_types)) if is_type else "",
    )

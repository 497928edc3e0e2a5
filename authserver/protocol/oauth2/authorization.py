"""The decisions of the authorization endpoint: ask for a sign-in or consent, reject the request, or respond.

The decisions depend on the request, the client and the user session. The pages are in ``web.frontchannel``.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum, auto

from sqlalchemy.orm import Session

from authserver import clock
from authserver.domain import access_state, opaque_tokens, user_sessions
from authserver.domain.authorizations import consents
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.clients import clients, redirect_uris
from authserver.domain.diagnostics import redaction
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.user_sessions import UserSession
from authserver.protocol import access
from authserver.protocol.access import ClientNotApproved, DenialReason
from authserver.protocol.errors import ErrorCode, ProtocolError, public_description
from authserver.protocol.http import Pairs
from authserver.protocol.oauth2 import authorization_request
from authserver.protocol.oauth2.authorization_request import AuthorizationError, AuthorizationRequest
from authserver.protocol.oauth2.response_modes import AuthorizationResponse, ResponseTarget
from authserver.protocol.oidc import acr, subjects
from authserver.protocol.oidc.id_token import IdTokens
from authserver.protocol.services import Services
from authserver.vocabulary import AuthMethod, GrantType, ScopeName


class NextStep(Enum):
    """The next step for an authorization request."""

    SIGN_IN = auto()
    SIGN_IN_AGAIN = auto()
    SWITCH_ACCOUNT = auto()
    STEP_UP = auto()
    NO_ACCESS = auto()
    ENROLL = auto()
    CONSENT = auto()
    RESPOND = auto()


_WHY_NOT_SILENT = {
    NextStep.SIGN_IN: "no user is signed in",
    NextStep.SIGN_IN_AGAIN: "the sign-in is older than max_age",
    NextStep.SWITCH_ACCOUNT: "another user is signed in",
    NextStep.STEP_UP: "the user signed in without a second factor",
    NextStep.CONSENT: "the user has not consented to all requested scopes",
}
"""The reasons why a request with prompt=none fails, by the step that it would need."""


def accept_authorization_request(services: Services, db: Session, pairs: Pairs) -> AuthorizationRequest:
    """Return the valid request of an approved client; raises AuthorizationError or ClientNotApproved."""
    client = clients.find(db, authorization_request.client_key(pairs))
    if client is None:
        key = dict(pairs).get("client_id", "")
        raise AuthorizationError(
            ProtocolError(
                ErrorCode.INVALID_CLIENT,
                Cause.CLIENT_UNKNOWN,
                "No client is registered under this client_id.",
                received=redaction.unknown_key(key),
                expected="the client_id of a registered client",
            )
        )
    registered = services.client_cache.of(db, client)
    state = access_state.state_of_client(client.status, client.epoch)
    denial = access.check_access(state)
    if denial is not None:
        raise ClientNotApproved(registered, denial)
    request = authorization_request.parse_authorization_request(pairs, registered, services.settings)
    grant_type = GrantType.AUTHORIZATION_CODE if "code" in request.response_type_values else None
    denial = access.check_access(
        state,
        registered,
        grant_type=grant_type,
        response_type=request.response_type,
        scopes=request.scopes,
    )
    if denial is not None:
        raise AuthorizationError(_error_for(denial, registered, request.response_type), request.target)
    return replace(request, subjects=_accepted_subjects(services.id_tokens, request))


def next_step(
    db: Session,
    request: AuthorizationRequest,
    user_session: UserSession | None,
    *,
    started_at: datetime | None,
) -> NextStep:
    """Return the next step; raises AuthorizationError if prompt=none forbids it.

    ``started_at`` is the time at which the request was stored, or None for a new request. A sign-in after that time was
    made for this request.
    """
    if user_session is None:
        return _unless_silent(request, NextStep.SIGN_IN, ErrorCode.LOGIN_REQUIRED)
    if not _is_fresh_enough(request, user_session, started_at):
        step = NextStep.SWITCH_ACCOUNT if "select_account" in request.prompt else NextStep.SIGN_IN_AGAIN
        return _unless_silent(request, step, ErrorCode.LOGIN_REQUIRED)
    if not _is_accepted_user(request, user_session):
        if _was_made_for(user_session, started_at):
            raise AuthorizationError(_another_user(request), request.target)
        return _unless_silent(request, NextStep.SWITCH_ACCOUNT, ErrorCode.LOGIN_REQUIRED)
    if user_sessions.lacks_second_factor(db, user_session):
        return _unless_silent(request, NextStep.STEP_UP, ErrorCode.LOGIN_REQUIRED)
    if not access.may_use(request.client, user_session.user):
        return _no_access(request)
    if (acr_step := _step_to_acr(request, user_session)) is not None:
        return acr_step
    if _needs_consent(db, request, user_session):
        if not _may_interact(request) and not is_consent_remembered(request):
            raise AuthorizationError(_consent_is_not_remembered(request), request.target)
        return _unless_silent(request, NextStep.CONSENT, ErrorCode.CONSENT_REQUIRED)
    return NextStep.RESPOND


def is_still_allowed(
    db: Session, request: AuthorizationRequest, user_session: UserSession, *, started_at: datetime
) -> bool:
    """Return whether a request that the user has just allowed is still permitted.

    Some requests need consent every time (``prompt=consent``, some public clients). They stay permitted, because the user
    has just consented. A request is no longer permitted if the user has withdrawn the consent since then.
    """
    step = next_step(db, request, user_session, started_at=started_at)
    if step is NextStep.CONSENT:
        return request.client.is_trusted or not new_scopes(db, request, user_session)
    return step is NextStep.RESPOND


def is_consent_remembered(request: AuthorizationRequest) -> bool:
    """Return whether the user's consent also applies to later requests to this redirect URI.

    RFC 8252, section 8.6: other applications can impersonate a public client without an https redirect URI. An
    administrator may accept this risk for loopback.
    """
    client, uri = request.client, request.target.redirect_uri
    if client.auth_method != AuthMethod.NONE or uri.startswith("https://"):
        return True
    return bool(client.details.get("remember_consent_on_loopback")) and redirect_uris.is_on_loopback(uri)


def denied(request: AuthorizationRequest) -> AuthorizationError:
    """Return the error for a user who denied the request (RFC 6749, section 4.1.2.1)."""
    error = ProtocolError(
        ErrorCode.ACCESS_DENIED,
        Cause.USER_DENIED,
        "The user denied the request.",
        client_id=request.client.id,
    )
    return AuthorizationError(error, request.target)


def canceled(request: AuthorizationRequest) -> AuthorizationError:
    """Return the error for a user who canceled the sign-in."""
    error = ProtocolError(
        ErrorCode.ACCESS_DENIED,
        Cause.USER_CANCELLED,
        "The user canceled the sign-in.",
        client_id=request.client.id,
    )
    return AuthorizationError(error, request.target)


def not_allowed(request: AuthorizationRequest) -> AuthorizationError:
    """Return the error for a user who is not in a group that may use the client."""
    denial = DenialReason.USER_NOT_ALLOWED
    received, expected = access.compare_registration(denial, request.client, (), ())
    error = ProtocolError(
        ErrorCode.ACCESS_DENIED,
        denial.cause,
        denial.description,
        received=received,
        expected=expected,
        client_id=request.client.id,
    )
    return AuthorizationError(error, request.target)


def error_response(error: ProtocolError, target: ResponseTarget, reference: str) -> AuthorizationResponse:
    """Return the authorization response that reports an error to the client (RFC 6749, section 4.1.2.1)."""
    parameters = [("error", error.error)]
    if description := public_description(error, reference):
        parameters.append(("error_description", description))
    return target.response(*parameters)


def after_consent(request: AuthorizationRequest) -> AuthorizationRequest:
    """Return the request after the user has consented, without prompts."""
    return replace(request, prompt=frozenset())


def new_scopes(db: Session, request: AuthorizationRequest, user_session: UserSession) -> set[str]:
    """Return the requested scopes that the user has not consented to before."""
    consent = consents.find_covering(db, user_session.user_id, request.client.id)
    return set(request.consent_scopes) - set(consent.scopes if consent else ())


def _unless_silent(request: AuthorizationRequest, step: NextStep, error: ErrorCode) -> NextStep:
    if not _may_interact(request):
        raise AuthorizationError(
            ProtocolError(
                error,
                Cause[error.name],
                "The request has prompt=none, but the user must sign in or consent.",
                received=f"prompt=none, but {_WHY_NOT_SILENT[step]}",
                expected="a request without prompt=none",
                client_id=request.client.id,
            ),
            request.target,
        )
    return step


def _was_made_for(user_session: UserSession, started_at: datetime | None) -> bool:
    return started_at is not None and user_session.signed_in_at >= started_at


def _accepted_subjects(id_tokens: IdTokens, request: AuthorizationRequest) -> tuple[str, ...] | None:
    requested, hint = request.claims.subjects, request.parameters.get("id_token_hint")
    if hint is None or ScopeName.OPENID not in request.scopes:
        return requested
    claims = id_tokens.parse_hint(hint)
    if claims is None:
        raise AuthorizationError(
            ProtocolError(
                ErrorCode.INVALID_REQUEST,
                Cause.ID_TOKEN_HINT,
                "id_token_hint is not an ID token of this server.",
                received=opaque_tokens.kind_of(hint),
                expected=f"an ID token of {id_tokens.issuer}",
                client_id=request.client.id,
            ),
            request.target,
        )
    hinted = str(claims["sub"])
    # Core, sections 3.1.2.2 and 5.5.1: the user must match both the hint and the sub claim. If the two name different
    # users, no user matches.
    return (hinted,) if requested is None or hinted in requested else ()


def _is_accepted_user(request: AuthorizationRequest, user_session: UserSession) -> bool:
    if request.subjects is None:
        return True
    return subjects.subject_of(request.client, user_session.user.subject) in request.subjects


def _another_user(request: AuthorizationRequest) -> ProtocolError:
    return ProtocolError(
        ErrorCode.LOGIN_REQUIRED,
        Cause.ANOTHER_USER,
        "The user who signed in is not the user that the request names.",
        client_id=request.client.id,
    )


def _no_access(request: AuthorizationRequest) -> NextStep:
    if not _may_interact(request):
        raise not_allowed(request)
    return NextStep.NO_ACCESS


def _step_to_acr(request: AuthorizationRequest, user_session: UserSession) -> NextStep | None:
    """Return the step by which a user without a second factor can reach the requested class.

    Return None if the user has reached it. Also return None if the class is voluntary, because the request continues
    without it (Core, section 5.5.1.1). The acr claim reports the class that was reached.
    """
    if request.acr_requirement.is_met_by(user_session.acr) or not request.acr_requirement.is_essential:
        return None
    if request.acr_requirement.can_be_met() and _may_interact(request):
        return NextStep.ENROLL
    raise AuthorizationError(_acr_out_of_reach(request), request.target)


def _may_interact(request: AuthorizationRequest) -> bool:
    return "none" not in request.prompt


def _acr_out_of_reach(request: AuthorizationRequest) -> ProtocolError:
    return ProtocolError(
        ErrorCode.UNMET_AUTHENTICATION_REQUIREMENTS,
        Cause.ACR_OUT_OF_REACH,
        "The requested authentication context class cannot be reached.",
        received=" ".join(request.acr_requirement.classes),
        # If the class exists, the user has no second factor yet, and the request must let them set one up.
        expected="a request without prompt=none"
        if request.acr_requirement.can_be_met()
        else "\n".join(acr.SUPPORTED),
        client_id=request.client.id,
    )


def _is_fresh_enough(
    request: AuthorizationRequest, user_session: UserSession, started_at: datetime | None
) -> bool:
    if _was_made_for(user_session, started_at):
        return True
    if request.prompt & {"login", "select_account"}:
        return False
    return request.max_age is None or clock.now() - user_session.signed_in_at <= timedelta(
        seconds=request.max_age
    )


def _needs_consent(db: Session, request: AuthorizationRequest, user_session: UserSession) -> bool:
    if "consent" in request.prompt:
        return True
    if request.client.is_trusted:
        return False
    return not is_consent_remembered(request) or bool(new_scopes(db, request, user_session))


def _consent_is_not_remembered(request: AuthorizationRequest) -> ProtocolError:
    """Return the error for prompt=none where each sign-in needs consent. The cause names what could be changed."""
    is_on_loopback = redirect_uris.is_on_loopback(request.target.redirect_uri)
    return ProtocolError(
        ErrorCode.CONSENT_REQUIRED,
        Cause.CONSENT_ON_LOOPBACK if is_on_loopback else Cause.CONSENT_WITHOUT_HTTPS,
        "The request has prompt=none, but the user must consent at each sign-in, because the client has no secret and its "
        "redirect URI is not https (RFC 8252, section 8.6).",
        received=f"prompt=none, with {request.target.redirect_uri}",
        expected="a request without prompt=none, or an https redirect URI",
        client_id=request.client.id,
    )


def _error_for(denial: DenialReason, client: RegisteredClient, response_type: str) -> ProtocolError:
    """Return the authorization endpoint's error for a failed access check (RFC 6749, section 4.1.2.1)."""
    kind = (
        ErrorCode.INVALID_SCOPE
        if denial is DenialReason.SCOPE_NOT_REGISTERED
        else ErrorCode.UNAUTHORIZED_CLIENT
    )
    concerns_type = denial is DenialReason.RESPONSE_TYPE_NOT_REGISTERED
    return ProtocolError(
        kind,
        denial.cause,
        denial.description,
        client_id=client.id,
        received=response_type if concerns_type else "",
        expected="\n".join(sorted(client.response_types)) if concerns_type else "",
    )

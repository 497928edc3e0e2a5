"""The views of the OAuth 1.0a authorization endpoint (RFC 5849, section 2.2): sign-in, consent and redirect.

The rules are in ``protocol.oauth1.authorization``. The temporary credentials identify the request. An interaction
binds the user's decision to the browser and the user session in which the consent page was shown (S12).
"""

from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from authserver.domain import user_sessions
from authserver.domain.authorizations import authorization_requests, consents
from authserver.domain.authorizations.authorization_requests import (
    NewAuthorizationRequest,
    StoredAuthorizationRequest,
)
from authserver.domain.clients.clients import Client
from authserver.domain.user_sessions import UserSession
from authserver.messages import message
from authserver.protocol.access import ClientNotApproved, UserNotAllowed
from authserver.protocol.oauth1 import authorization, errors
from authserver.protocol.oauth1.authorization import ApprovalOutcome, TokenApproval
from authserver.protocol.oauth1.errors import OAuth1Error, ProblemCode
from authserver.vocabulary import EndpointPath
from authserver.web import client_redirects, current, local_urls
from authserver.web.frontchannel import no_access, not_approved, protocol_errors, ways_back
from authserver.web.frontchannel.blueprint import frontchannel
from authserver.web.frontchannel.sign_in_context import sign_in_first
from authserver.web.session.browser import browser_id
from authserver.web.session.sign_in_page import Step

_START_AGAIN = message("Go back to the application and start again.")
_GIVE_REFERENCE = message(
    "Go back to the application and start again. If the error persists, give the administrator the reference below."
)


@frontchannel.get(EndpointPath.OAUTH1_AUTHORIZE)
@current.writes
def authorize_oauth1() -> ResponseReturnValue:
    """Show the sign-in or consent page for temporary credentials, or allow the request if no consent is needed."""
    callback = request.args.get("oauth_callback", "")
    try:
        approval = _find_approval(request.args)
        user_session = current.current_session()
        if user_session is None:
            return _sign_in_first(approval)
        if user_sessions.lacks_second_factor(current.transaction(), user_session):
            return _sign_in_first(approval, step="code")
        if authorization.needs_consent(current.transaction(), approval, user_session):
            return _show_consent(approval, user_session, callback)
        return _respond(
            approval, authorization.allow(current.transaction(), current.actor(), approval, user_session)
        )
    except UserNotAllowed as error:
        return _no_access_page(error, request.args)
    except (OAuth1Error, ClientNotApproved) as error:
        return _error_page(error)


@frontchannel.post(EndpointPath.OAUTH1_CONSENT)
def consent_oauth1() -> ResponseReturnValue:
    """Apply the user's decision."""
    try:
        user_session = _complete_session()
        row = authorization_requests.find(
            current.transaction(), request.form.get("interaction"), browser_id()
        )
        if (
            user_session is not None
            and row is not None
            and (again := _respond_again(row, user_session)) is not None
        ):
            return again
        approval = _find_approval(request.form)
        if user_session is None or row is None or not _is_as_shown(approval, row, user_session):
            return redirect(_authorize_url(approval.token, request.form.get("oauth_callback", "")), 303)
        return _respond(approval, _decide(approval, user_session))
    except UserNotAllowed as error:
        return _no_access_page(error, request.form)
    except (OAuth1Error, ClientNotApproved) as error:
        return _error_page(error)


@frontchannel.get(EndpointPath.OAUTH1_CANCEL)
@current.writes
def cancel_oauth1() -> ResponseReturnValue:
    """Cancel the sign-in and return the denial to the consumer."""
    try:
        approval = _find_approval(request.args)
    except (OAuth1Error, ClientNotApproved) as error:
        return _error_page(error)
    return _respond(approval, authorization.deny(current.transaction(), approval))


def _complete_session() -> UserSession | None:
    """Return the user session, or None if there is none or the second factor of its user is missing."""
    user_session = current.current_session()
    if user_session is None or user_sessions.lacks_second_factor(current.transaction(), user_session):
        return None
    return user_session


def _find_approval(values: MultiDict[str, str], *, is_decided: bool = False) -> TokenApproval:
    for name in ("oauth_token", "oauth_callback"):
        if len(values.getlist(name)) > 1:
            raise errors.parameter_rejected(name, message("%(name)s is repeated.", name=name))
    token, callback = values.get("oauth_token", ""), values.get("oauth_callback", "")
    server = current.services().oauth1
    return authorization.find_approval(server, current.transaction(), token, callback, is_decided=is_decided)


def _authorize_url(token: str, callback: str, **more: object) -> str:
    values = {"oauth_token": token} | ({"oauth_callback": callback} if callback else {})
    return url_for("frontchannel.authorize_oauth1", **values, **more)  # type: ignore[arg-type]


def _sign_in_first(approval: TokenApproval, step: Step = "password") -> ResponseReturnValue:
    callback = request.args.get("oauth_callback")
    cancel = url_for("frontchannel.cancel_oauth1", oauth_token=approval.token, oauth_callback=callback)
    return sign_in_first(
        local_urls.current_url(), application=approval.client.name, cancel_url=cancel, step=step
    )


def _show_consent(approval: TokenApproval, user_session: UserSession, callback: str) -> ResponseReturnValue:
    handle = authorization_requests.start(
        current.transaction(),
        current.services().settings,
        NewAuthorizationRequest(
            approval.client.id,
            approval.client.revision,
            _shown(approval),
            browser_id(),
            current.network_address(),
            shown_session_id=user_session.id,
        ),
    )
    return render_template(
        "oauth1/warning.html" if approval.is_1_0 else "oauth1/consent.html",
        client=approval.client,
        user=user_session.user,
        scopes=(),
        new_scopes=(),
        resources=[],
        redirect_uri=approval.callback if approval.has_callback_url else "",
        interaction=handle,
        revision=approval.client.revision,
        has_changed=consents.is_outdated(current.transaction(), user_session.user_id, approval.client.id),
        oauth_token=approval.token,
        oauth_callback=callback,
        switch_url=url_for("frontchannel.sign_in", next=_authorize_url(approval.token, callback), switch=1),
    )


def _is_as_shown(approval: TokenApproval, row: StoredAuthorizationRequest, user_session: UserSession) -> bool:
    if row.parameters != _shown(approval) or row.client_revision != approval.client.revision:
        return False
    return row.shown_session_id == user_session.id and authorization_requests.complete(
        current.transaction(), row, session_id=user_session.id, client_revision=approval.client.revision
    )


def _shown(approval: TokenApproval) -> dict[str, Any]:
    return {"temporary_credential": approval.credential.id, "callback": approval.callback}


def _respond_again(row: StoredAuthorizationRequest, user_session: UserSession) -> ResponseReturnValue | None:
    """Return the response again if this session received it within the last minute.

    This happens after a double click or a lost response.
    """
    if (
        not authorization_requests.was_just_completed(row, user_session.id)
        or request.form.get("decision") != "allow"
    ):
        return None
    approval = _find_approval(request.form, is_decided=True)
    is_same = row.parameters == _shown(approval) and row.client_revision == approval.client.revision
    return (
        _respond(approval, authorization.reissue_verifier(current.transaction(), approval))
        if is_same
        else None
    )


def _decide(approval: TokenApproval, user_session: UserSession) -> ApprovalOutcome:
    db = current.transaction()
    if request.form.get("decision") != "allow":
        return authorization.deny(db, approval)
    authorization.check_user(approval, user_session)
    if not approval.is_1_0:
        consents.remember(db, user_session.user_id, approval.client.id, ())
    return authorization.allow(db, current.actor(), approval, user_session)


def _respond(approval: TokenApproval, outcome: ApprovalOutcome) -> ResponseReturnValue:
    if outcome.location:
        return client_redirects.redirect_exactly(outcome.location)
    if outcome.verifier:
        return render_template("oauth1/verifier.html", client=approval.client, verifier=outcome.verifier)
    return render_template("oauth1/done.html", client=approval.client)


def _no_access_page(error: UserNotAllowed, values: MultiDict[str, str]) -> ResponseReturnValue:
    token, callback = values.get("oauth_token", ""), values.get("oauth_callback", "")
    return no_access.no_access_page(
        error,
        EndpointPath.OAUTH1_AUTHORIZE,
        ProblemCode.PERMISSION_DENIED,
        back_url=url_for("frontchannel.cancel_oauth1", oauth_token=token, oauth_callback=callback or None),
        switch_url=url_for("frontchannel.sign_in", next=_authorize_url(token, callback), switch=1),
    )


def _error_page(error: OAuth1Error | ClientNotApproved) -> ResponseReturnValue:
    if isinstance(error, ClientNotApproved):
        return not_approved.not_approved_page(error, EndpointPath.OAUTH1_AUTHORIZE, "consumer_key_refused")
    return protocol_errors.protocol_error_page(
        error,
        EndpointPath.OAUTH1_AUTHORIZE,
        gettext("This sign-in cannot continue"),
        _START_AGAIN if error.details.client_id is None else _GIVE_REFERENCE,
        ways_back.links_to(current.transaction().get(Client, error.details.client_id or 0)),
    )

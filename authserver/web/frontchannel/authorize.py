"""The views of the authorization endpoint (RFC 6749, section 3.1): sign-in, consent and the authorization response.

The rules are in ``protocol.oauth2.authorization``. A request that needs a sign-in or consent is stored, and continues
at ``/oauth2/continue``.
"""

from collections.abc import Callable

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from authserver.domain import access_state
from authserver.domain.authorizations import authorization_requests, consents
from authserver.domain.authorizations.authorization_requests import (
    NewAuthorizationRequest,
    StoredAuthorizationRequest,
)
from authserver.domain.clients.clients import Client
from authserver.domain.user_sessions import UserSession
from authserver.protocol import access
from authserver.protocol.access import ClientNotApproved, UserNotAllowed
from authserver.protocol.errors import ProtocolError
from authserver.protocol.http import Pairs, parse_pairs
from authserver.protocol.oauth2 import authorization, authorization_response
from authserver.protocol.oauth2.authorization import NextStep
from authserver.protocol.oauth2.authorization_request import (
    AuthorizationError,
    AuthorizationRequest,
    restore_pairs,
)
from authserver.protocol.oauth2.response_modes import FORM_POST, AuthorizationResponse
from authserver.vocabulary import EndpointPath, LegacyPath
from authserver.web import client_redirects, current, local_urls
from authserver.web.frontchannel import no_access, not_approved, protocol_errors, ways_back
from authserver.web.frontchannel.blueprint import frontchannel
from authserver.web.frontchannel.named_resources import named_resources
from authserver.web.frontchannel.sign_in_context import sign_in_first
from authserver.web.rendering import error_pages, languages
from authserver.web.session.browser import browser_id


@frontchannel.route(EndpointPath.AUTHORIZE, methods=["GET", "POST"])
@frontchannel.route(LegacyPath.OIDC_AUTHORIZE, methods=["GET", "POST"], endpoint="authorize_oidc")
@current.writes
def authorize() -> ResponseReturnValue:
    """Start an authorization request."""
    try:
        pairs = parse_pairs(request.query_string.decode("latin-1"))
        if request.method == "POST":
            pairs += client_redirects.posted_pairs()
        auth_request = _parse(pairs)
        if request.method == "POST":
            # A cross-site POST has no session cookie, so the request continues after a redirect.
            response: ResponseReturnValue = redirect(_continue_url(_store(auth_request, browser=None)), 303)
        else:
            response = _proceed(auth_request, None)
    except (ProtocolError, ClientNotApproved) as error:
        return _respond_with_error(error)
    # Record this last: the rows of the error log are locked after those of the client.
    if auth_request.ignored_scopes is not None:
        protocol_errors.record(auth_request.ignored_scopes, EndpointPath.AUTHORIZE)
    return response


@frontchannel.get(EndpointPath.CONTINUE)
@current.writes
def continue_authorization() -> ResponseReturnValue:
    """Continue a stored request, after a sign-in or a POST, or start it again as a new request."""
    if request.args.get("restart") == "1":
        return _start_again(request.args.get("interaction"))
    return _resume(request.args.get("interaction"), _proceed, _respond_again)


@frontchannel.post(EndpointPath.CONSENT)
def consent() -> ResponseReturnValue:
    """Apply the user's decision."""
    is_allowed = request.form.get("decision") == "allow"
    return _resume(request.form.get("interaction"), _decide, _respond_again if is_allowed else None)


@frontchannel.get(EndpointPath.CANCEL)
@current.writes
def cancel() -> ResponseReturnValue:
    """Cancel the sign-in and return the error to the client."""
    return _resume(request.args.get("interaction"), _cancel)


def _parse(pairs: Pairs) -> AuthorizationRequest:
    auth_request = authorization.accept_authorization_request(
        current.services(), current.transaction(), pairs
    )
    languages.choose_language(auth_request.parameters.get("ui_locales"))
    return auth_request


def _store(auth_request: AuthorizationRequest, browser: str | None) -> str:
    return authorization_requests.start(
        current.transaction(),
        current.services().settings,
        NewAuthorizationRequest(
            auth_request.client.id,
            auth_request.client.revision,
            auth_request.stored,
            browser,
            current.network_address(),
        ),
    )


def _continue_url(handle: str) -> str:
    return url_for("frontchannel.continue_authorization", interaction=handle)


def _resume(handle: str | None, step: "_Step", repeated: "_Step | None" = None) -> ResponseReturnValue:
    """Run ``step`` for a stored request. Run ``repeated`` instead if this session has just received the response."""
    user_session, row = (
        current.current_session(),
        authorization_requests.find(current.transaction(), handle, browser_id()),
    )
    if row is None:
        return _restart(handle)
    if not row.is_open:
        if (
            repeated is None
            or user_session is None
            or not authorization_requests.was_just_completed(row, user_session.id)
        ):
            return _over_page(row, handle)
        step = repeated
    try:
        restored = _parse(restore_pairs(row.parameters))
        return step(restored, _Interaction(row, handle or ""))
    except (AuthorizationError, ClientNotApproved) as error:
        if not row.is_open or (isinstance(error, AuthorizationError) and error.target is not None):
            authorization_requests.fail(row)
        return _respond_with_error(error)


def _respond_again(auth_request: AuthorizationRequest, interaction: "_Interaction") -> ResponseReturnValue:
    """Return the response again, after a double click, a reload or a lost response, if the decision is still valid."""
    db, user_session, row = current.transaction(), current.current_session(), interaction.row
    if user_session is None or auth_request.client.revision != row.client_revision:
        return _over_page(interaction.row, interaction.handle)
    if not authorization.is_still_allowed(db, auth_request, user_session, started_at=row.created_at):
        return _over_page(interaction.row, interaction.handle)
    client_epoch = access_state.record_sign_in(db, auth_request.client, user_session)
    if client_epoch is None:
        return _over_page(interaction.row, interaction.handle)
    return _send(_issue(auth_request, user_session, client_epoch))


def _restart(handle: str | None) -> ResponseReturnValue:
    """Restart a request that expired in this browser while the user was away, or show a page with a way back."""
    db, settings = current.transaction(), current.services().settings
    row = authorization_requests.find_in_any_state(db, handle)
    if row is None or not authorization_requests.restart(db, settings, row, browser_id()):
        return _over_page(row, handle)
    return redirect(
        _continue_url(handle or "") if request.method == "POST" else local_urls.current_url(), 303
    )


def _start_again(handle: str | None) -> ResponseReturnValue:
    """Evaluate the parameters of a stored request like a new request of this browser."""
    row = authorization_requests.find_in_any_state(current.transaction(), handle)
    if row is None:
        return _over_page(None, handle)
    try:
        return _proceed(_parse(restore_pairs(row.parameters)), None)
    except (AuthorizationError, ClientNotApproved) as error:
        return _respond_with_error(error)


def _over_page(row: StoredAuthorizationRequest | None, handle: str | None) -> ResponseReturnValue:
    links, client = {}, None
    if row is not None:
        again = url_for("frontchannel.continue_authorization", interaction=handle, restart=1)
        links[gettext("Start again")] = again
        client = current.transaction().get(Client, row.client_id)
    return error_pages.error_page(
        400,
        gettext("This sign-in cannot continue"),
        gettext("It is already finished, has expired, or was started in another browser."),
        gettext("Go back to the application and start again."),
        links=links | ways_back.links_to(client),
    )


class _ClientChanged(Exception):
    """The client, the user or the session changed during this request. Rolls back to the savepoint."""


class _Interaction:
    """A stored request and its handle."""

    def __init__(self, row: StoredAuthorizationRequest, handle: str) -> None:
        self.row = row
        self.handle = handle


_Step = Callable[[AuthorizationRequest, _Interaction], ResponseReturnValue]


def _proceed(auth_request: AuthorizationRequest, interaction: _Interaction | None) -> ResponseReturnValue:
    db, user_session = current.transaction(), current.current_session()
    started_at = interaction.row.created_at if interaction else None
    step = authorization.next_step(db, auth_request, user_session, started_at=started_at)
    if step is NextStep.RESPOND and user_session is not None:
        return _finish(auth_request, interaction, user_session)
    handle = interaction.handle if interaction else _store(auth_request, browser_id())
    if step is NextStep.CONSENT and user_session is not None:
        return (
            _show_consent(auth_request, interaction, user_session)
            if interaction
            else redirect(_continue_url(handle), 303)
        )
    if step is NextStep.NO_ACCESS and user_session is not None:
        return _show_no_access(auth_request, handle, user_session)
    if step is NextStep.ENROLL:
        return _show_enrollment(auth_request, handle) if interaction else redirect(_continue_url(handle), 303)
    return sign_in_first(
        _continue_url(handle),
        application=auth_request.client.name,
        details=auth_request.client.details,
        login_hint=auth_request.login_hint,
        is_again=step is NextStep.SIGN_IN_AGAIN,
        is_switch=step is NextStep.SWITCH_ACCOUNT,
        step="code" if step is NextStep.STEP_UP else "password",
        cancel_url=url_for("frontchannel.cancel", interaction=handle),
    )


def _finish(
    auth_request: AuthorizationRequest, interaction: _Interaction | None, user_session: UserSession
) -> ResponseReturnValue:
    client_epoch = _record_sign_in(auth_request, user_session)
    if client_epoch is None:
        # The client or the user was changed during this request, so evaluate the request again.
        return redirect(
            _continue_url(interaction.handle if interaction else _store(auth_request, browser_id())), 303
        )
    return _complete(auth_request, interaction, user_session, client_epoch)


def _record_sign_in(auth_request: AuthorizationRequest, user_session: UserSession) -> int | None:
    """Record the sign-in, and whether it uses PKCE if the response contains a code; return the client's epoch or None."""
    has_code = "code" in auth_request.response_type_values
    uses_pkce = bool(auth_request.code_challenge) if has_code else None
    return access_state.record_sign_in(
        current.transaction(), auth_request.client, user_session, uses_pkce=uses_pkce
    )


def _complete(
    auth_request: AuthorizationRequest,
    interaction: _Interaction | None,
    user_session: UserSession,
    client_epoch: int,
) -> ResponseReturnValue:
    if interaction is not None and not authorization_requests.complete(
        current.transaction(),
        interaction.row,
        session_id=user_session.id,
        client_revision=auth_request.client.revision,
    ):
        return _over_page(interaction.row, interaction.handle)
    return _send(_issue(auth_request, user_session, client_epoch))


def _issue(
    auth_request: AuthorizationRequest, user_session: UserSession, client_epoch: int
) -> AuthorizationResponse:
    return authorization_response.issue_authorization_response(
        current.services(),
        current.transaction(),
        current.actor(),
        auth_request,
        user_session,
        client_epoch=client_epoch,
    )


def _show_consent(
    auth_request: AuthorizationRequest, interaction: _Interaction, user_session: UserSession
) -> ResponseReturnValue:
    authorization_requests.record_shown(interaction.row, user_session.id)
    return render_template(
        "consent.html",
        client=auth_request.client,
        user=user_session.user,
        scopes=auth_request.consent_scopes,
        new_scopes=authorization.new_scopes(current.transaction(), auth_request, user_session),
        resources=named_resources(auth_request.resources),
        redirect_uri=auth_request.target.redirect_uri,
        interaction=interaction.handle,
        revision=auth_request.client.revision,
        is_remembered=authorization.is_consent_remembered(auth_request),
        has_changed=consents.is_outdated(current.transaction(), user_session.user_id, auth_request.client.id),
        switch_url=url_for("frontchannel.sign_in", next=_continue_url(interaction.handle), switch=1),
    )


def _show_no_access(
    auth_request: AuthorizationRequest, handle: str, user_session: UserSession
) -> ResponseReturnValue:
    return no_access.no_access_page(
        UserNotAllowed(auth_request.client, user_session.user),
        EndpointPath.AUTHORIZE,
        "access_denied",
        back_url=url_for("frontchannel.cancel", interaction=handle),
        switch_url=url_for("frontchannel.sign_in", next=_continue_url(handle), switch=1),
    )


def _show_enrollment(auth_request: AuthorizationRequest, handle: str) -> ResponseReturnValue:
    return render_template(
        "second_factor_needed.html",
        application=auth_request.client.name,
        set_up_url=url_for("account.authenticator", next=_continue_url(handle)),
        cancel_url=url_for("frontchannel.cancel", interaction=handle),
    )


def _decide(auth_request: AuthorizationRequest, interaction: _Interaction) -> ResponseReturnValue:
    db, user_session = current.transaction(), current.current_session()
    is_as_shown = (
        user_session is not None
        and interaction.row.shown_session_id == user_session.id
        and request.form.get("revision") == str(auth_request.client.revision)
    )
    if user_session is None or not is_as_shown:
        # Another user has signed in, or the client has changed. Show the consent page again.
        return redirect(_continue_url(interaction.handle), 303)
    if request.form.get("decision") != "allow":
        raise authorization.denied(auth_request)
    step = authorization.next_step(
        db, authorization.after_consent(auth_request), user_session, started_at=interaction.row.created_at
    )
    if step not in {NextStep.CONSENT, NextStep.RESPOND}:
        return redirect(_continue_url(interaction.handle), 303)
    # The consent counts only if the client is still the one that the page showed, which record_sign_in checks.
    try:
        with db.begin_nested():
            consents.remember(db, user_session.user_id, auth_request.client.id, auth_request.consent_scopes)
            client_epoch = _record_sign_in(auth_request, user_session)
            if client_epoch is None:
                raise _ClientChanged
    except _ClientChanged:
        return redirect(_continue_url(interaction.handle), 303)
    return _complete(auth_request, interaction, user_session, client_epoch)


def _cancel(auth_request: AuthorizationRequest, _interaction: _Interaction) -> ResponseReturnValue:
    user_session = current.current_session()
    if user_session is not None and not access.may_use(auth_request.client, user_session.user):
        raise authorization.not_allowed(auth_request)
    raise authorization.canceled(auth_request)


def _respond_with_error(error: ProtocolError | ClientNotApproved) -> ResponseReturnValue:
    """Return the error to the client if its redirect URI is valid, else show a page (RFC 6749, section 4.1.2.1)."""
    if isinstance(error, ClientNotApproved):
        return not_approved.not_approved_page(error, EndpointPath.AUTHORIZE, "unauthorized_client")
    if isinstance(error, AuthorizationError) and error.target is not None:
        reference = protocol_errors.record(error.details, EndpointPath.AUTHORIZE)
        return _send(authorization.error_response(error, error.target, reference))
    return protocol_errors.protocol_error_page(
        error,
        EndpointPath.AUTHORIZE,
        gettext("The application sent an invalid sign-in request"),
        gettext("Give the reference below to the administrator of the application."),
    )


def _send(response: AuthorizationResponse) -> ResponseReturnValue:
    if response.mode == FORM_POST:
        return render_template("form_post.html", action=response.redirect_uri, parameters=response.parameters)
    return client_redirects.redirect_exactly(response.location)

"""The authorization endpoint for people (RFC 6749, section 3.1): the detour through sign-in and consent, and the answer.

What is decided is decided in ``protocol.oauth2.authorization``; here it becomes redirects and pages. A request that
cannot be answered at once is stored, and goes on at ``/oauth2/continue``.
"""

from collections.abc import Callable

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain.authorizations import access_state, authorization_requests, consents
from authserver.domain.authorizations.authorization_requests import (
    NewAuthorizationRequest,
    StoredAuthorizationRequest,
)
from authserver.domain.sessions.user_sessions import UserSession
from authserver.protocol.access import ClientNotApproved
from authserver.protocol.errors import ProtocolError
from authserver.protocol.http import Pairs, parse_pairs
from authserver.protocol.oauth2 import authorization, authorization_request, authorization_response
from authserver.protocol.oauth2.authorization import NextStep
from authserver.protocol.oauth2.authorization_request import AuthorizationError, AuthorizationRequest
from authserver.protocol.oauth2.response_modes import FORM_POST, AuthorizationResponse
from authserver.vocabulary import EndpointPath, LegacyPath
from authserver.web import client_redirects, current
from authserver.web.frontchannel import not_approved, protocol_errors
from authserver.web.frontchannel.blueprint import frontchannel
from authserver.web.frontchannel.sign_in_context import sign_in_first
from authserver.web.rendering import error_pages, languages
from authserver.web.rendering.languages import gettext
from authserver.web.session.browser_id import browser_id


@frontchannel.route(EndpointPath.AUTHORIZE, methods=["GET", "POST"])
@frontchannel.route(LegacyPath.OIDC_AUTHORIZE, methods=["GET", "POST"], endpoint="authorize_oidc")
@current.writes
def authorize() -> ResponseReturnValue:
    """Begin an authorization request."""
    try:
        pairs = parse_pairs(request.query_string.decode("latin-1"))
        if request.method == "POST":
            pairs += client_redirects.posted_pairs()
        ask = _read(pairs)
        if request.method == "POST":
            # A form that another site posts carries no cookie of ours: the answer is looked for where they are sent.
            return redirect(_continue_url(_store(ask, browser=None)), 303)
        return _proceed(ask, None)
    except (ProtocolError, ClientNotApproved) as error:
        return _respond_with_error(error)


@frontchannel.get(EndpointPath.CONTINUE)
@current.writes
def continue_authorization() -> ResponseReturnValue:
    """Go on with a stored request, after a sign-in or from a posted form."""
    return _resume(request.args.get("interaction"), _proceed, _answer_again)


@frontchannel.post(EndpointPath.CONSENT)
def consent() -> ResponseReturnValue:
    """Take the person's decision on the request that they were shown."""
    is_allowed = request.form.get("decision") == "allow"
    return _resume(request.form.get("interaction"), _decide, _answer_again if is_allowed else None)


@frontchannel.get(EndpointPath.CANCEL)
@current.writes
def cancel() -> ResponseReturnValue:
    """Leave the sign-in page: the application is told that it was cancelled."""
    return _resume(request.args.get("interaction"), _cancel)


def _read(pairs: Pairs) -> AuthorizationRequest:
    ask = authorization.accept_authorization_request(current.services(), current.transaction(), pairs)
    languages.choose_language(ask.parameters.get("ui_locales"))
    return ask


def _store(ask: AuthorizationRequest, browser: str | None) -> str:
    return authorization_requests.start(
        current.transaction(),
        current.services().settings,
        NewAuthorizationRequest(ask.client.id, ask.client.revision, ask.stored, browser),
    )


def _continue_url(handle: str) -> str:
    return url_for("frontchannel.continue_authorization", interaction=handle)


def _resume(handle: str | None, go_on: "_Way", once_more: "_Way | None" = None) -> ResponseReturnValue:
    """Go on with a stored request; ``once_more`` is the way of one that this sign-in session was answered a moment ago."""
    live, row = (
        current.current_session(),
        authorization_requests.find(current.transaction(), handle, browser_id()),
    )
    if row is None:
        return _over()
    if not row.is_open:
        if once_more is None or live is None or not authorization_requests.was_answered(row, live.id):
            return _over()
        go_on = once_more
    try:
        ask = _read(authorization_request.restore_pairs(row.parameters))
        return go_on(ask, _Detour(row, handle or ""))
    except (AuthorizationError, ClientNotApproved) as error:
        if not row.is_open or (isinstance(error, AuthorizationError) and error.address is not None):
            authorization_requests.fail(row)
        return _respond_with_error(error)


def _answer_again(ask: AuthorizationRequest, detour: "_Detour") -> ResponseReturnValue:
    """Answer once more: a double click, a reload, or an answer that got lost.

    The decision itself is not repeated: it must still stand.
    """
    db, live, row = current.transaction(), current.current_session(), detour.row
    if live is None or ask.client.revision != row.client_revision:
        return _over()
    if not authorization.is_still_allowed(db, ask, live, started_at=row.created_at):
        return _over()
    client_epoch = access_state.record_sign_in(db, ask.client, live)
    return _over() if client_epoch is None else _send(_answer(ask, live, client_epoch))


def _over() -> ResponseReturnValue:
    return error_pages.error_page(
        400,
        gettext("This sign-in cannot go on"),
        gettext("It was finished already, took too long, or was started in another browser."),
        gettext("Go back to the application and start again."),
    )


class _Detour:
    """A stored request and the handle it is known by."""

    def __init__(self, row: StoredAuthorizationRequest, handle: str) -> None:
        self.row = row
        self.handle = handle


_Way = Callable[[AuthorizationRequest, _Detour], ResponseReturnValue]


def _proceed(ask: AuthorizationRequest, detour: _Detour | None) -> ResponseReturnValue:
    db, live = current.transaction(), current.current_session()
    started_at = detour.row.created_at if detour else None
    step = authorization.next_step(db, ask, live, started_at=started_at)
    if step is NextStep.RESPOND and live is not None:
        return _finish(ask, detour, live)
    handle = detour.handle if detour else _store(ask, browser_id())
    if step is NextStep.CONSENT and live is not None:
        return _show_consent(ask, detour, live) if detour else redirect(_continue_url(handle), 303)
    if step is NextStep.ENROL:
        return _show_enrolment(ask, handle) if detour else redirect(_continue_url(handle), 303)
    return sign_in_first(
        _continue_url(handle),
        application=ask.client.name,
        details=ask.client.details,
        login_hint=ask.login_hint,
        is_again=step is NextStep.SIGN_IN_AGAIN,
        is_switch=step is NextStep.SWITCH_ACCOUNT,
        half="code" if step is NextStep.STEP_UP else "password",
        cancel_url=url_for("frontchannel.cancel", interaction=handle),
    )


def _finish(ask: AuthorizationRequest, detour: _Detour | None, live: UserSession) -> ResponseReturnValue:
    client_epoch = access_state.record_sign_in(current.transaction(), ask.client, live)
    if client_epoch is None:
        # An administrator or the person has changed something in this very moment: it is looked at anew.
        return redirect(_continue_url(detour.handle if detour else _store(ask, browser_id())), 303)
    if detour is not None and not authorization_requests.complete(
        current.transaction(), detour.row, session_id=live.id, client_revision=ask.client.revision
    ):
        return _over()
    return _send(_answer(ask, live, client_epoch))


def _answer(ask: AuthorizationRequest, live: UserSession, client_epoch: int) -> AuthorizationResponse:
    return authorization_response.issue_authorization_response(
        current.services(),
        current.transaction(),
        current.actor(),
        ask,
        live,
        client_epoch=client_epoch,
    )


def _show_consent(ask: AuthorizationRequest, detour: _Detour, live: UserSession) -> ResponseReturnValue:
    authorization_requests.show(detour.row, live.id)
    return render_template(
        "consent.html",
        client=ask.client,
        user=live.user,
        scopes=ask.consent_scopes,
        new_scopes=authorization.new_scopes(current.transaction(), ask, live),
        redirect_uri=ask.address.redirect_uri,
        interaction=detour.handle,
        revision=ask.client.revision,
        switch_url=url_for("frontchannel.sign_in", next=_continue_url(detour.handle), switch=1),
    )


def _show_enrolment(ask: AuthorizationRequest, handle: str) -> ResponseReturnValue:
    return render_template(
        "second_factor_needed.html",
        application=ask.client.name,
        set_up_url=url_for("account.authenticator", next=_continue_url(handle)),
        cancel_url=url_for("frontchannel.cancel", interaction=handle),
    )


def _decide(ask: AuthorizationRequest, detour: _Detour) -> ResponseReturnValue:
    db, live = current.transaction(), current.current_session()
    is_what_was_shown = (
        live is not None
        and detour.row.shown_session_id == live.id
        and request.form.get("revision") == str(ask.client.revision)
    )
    if live is None or not is_what_was_shown:
        # Somebody else is signed in by now, or the client was changed: what is granted must be what was shown.
        return redirect(_continue_url(detour.handle), 303)
    if request.form.get("decision") != "allow":
        raise authorization.denied(ask)
    step = authorization.next_step(
        db, authorization.after_consent(ask), live, started_at=detour.row.created_at
    )
    if step not in {NextStep.CONSENT, NextStep.RESPOND}:
        return redirect(_continue_url(detour.handle), 303)
    consents.remember(db, live.user_id, ask.client.id, ask.consent_scopes)
    return _finish(ask, detour, live)


def _cancel(ask: AuthorizationRequest, _detour: _Detour) -> ResponseReturnValue:
    raise authorization.cancelled(ask)


def _respond_with_error(error: ProtocolError | ClientNotApproved) -> ResponseReturnValue:
    """Return the error to the client if its redirect URI is valid, else show a page (RFC 6749, section 4.1.2.1)."""
    if isinstance(error, ClientNotApproved):
        return not_approved.not_approved_page(error, EndpointPath.AUTHORIZE, "unauthorized_client")
    if isinstance(error, AuthorizationError) and error.address is not None:
        reference = protocol_errors.record(error.details, EndpointPath.AUTHORIZE)
        return _send(authorization.error_response(error, error.address, reference))
    return protocol_errors.protocol_error_page(
        error,
        EndpointPath.AUTHORIZE,
        gettext("This sign-in request cannot be accepted"),
        gettext("Tell the administrator of the application, with the reference below."),
    )


def _send(answer: AuthorizationResponse) -> ResponseReturnValue:
    if answer.mode == FORM_POST:
        return render_template("form_post.html", action=answer.redirect_uri, parameters=answer.parameters)
    return client_redirects.redirect_exactly(answer.location)

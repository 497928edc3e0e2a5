"""The authorization endpoint for people (RFC 6749, section 3.1): the detour through sign-in and consent, and the answer.

What is decided is decided in ``protocol.oauth2.authorization``; here it becomes redirects and pages. A request that
cannot be answered at once is stored, and goes on at ``/oauth2/continue``.
"""

from collections.abc import Callable

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import consents, interactions, standing
from authserver.domain.interactions import AuthorizationRequest
from authserver.domain.sessions import UserSession
from authserver.protocol.gate import NotApproved
from authserver.protocol.messages import MalformedRequest, Pairs, read_pairs
from authserver.protocol.oauth2 import authorization, authorization_answer, authorization_request
from authserver.protocol.oauth2.authorization import Step
from authserver.protocol.oauth2.authorization_request import Ask, AuthorizationFailure
from authserver.protocol.oauth2.errors import describe
from authserver.protocol.oauth2.responses import FORM_POST, Answer
from authserver.terms import LanePath, Path
from authserver.web import console_link, door, languages, mistakes, returns
from authserver.web.browser import this_browser
from authserver.web.frontchannel import frontchannel, not_approved, not_read
from authserver.web.frontchannel.sign_in_asks import sign_in_first
from authserver.web.languages import say


@frontchannel.route(Path.AUTHORIZE, methods=["GET", "POST"])
@frontchannel.route(LanePath.OIDC_AUTHORIZE, methods=["GET", "POST"], endpoint="authorize_oidc")
@door.writes
def authorize() -> ResponseReturnValue:
    """Begin an authorization request."""
    try:
        pairs = read_pairs(request.query_string.decode("latin-1"))
        if request.method == "POST":
            pairs += returns.posted_pairs()
        ask = _read(pairs)
        if request.method == "POST":
            # A form that another site posts carries no cookie of ours: the answer is looked for where they are sent.
            return redirect(_continue_url(_store(ask, browser=None)), 303)
        return _proceed(ask, None)
    except MalformedRequest as error:
        return not_read.page(error, Path.AUTHORIZE)
    except (AuthorizationFailure, NotApproved) as failure:
        return _refuse(failure)


@frontchannel.get(Path.CONTINUE)
@door.writes
def continue_authorization() -> ResponseReturnValue:
    """Go on with a stored request, after a sign-in or from a posted form."""
    return _resume(request.args.get("interaction"), _proceed, _answer_again)


@frontchannel.post(Path.CONSENT)
def consent() -> ResponseReturnValue:
    """Take the person's decision on the request that they were shown."""
    is_allowed = request.form.get("decision") == "allow"
    return _resume(request.form.get("interaction"), _decide, _answer_again if is_allowed else None)


@frontchannel.get(Path.CANCEL)
@door.writes
def cancel() -> ResponseReturnValue:
    """Leave the sign-in page: the application is told that it was cancelled."""
    return _resume(request.args.get("interaction"), _cancel)


def _read(pairs: Pairs) -> Ask:
    ask = authorization.read(door.services().oauth2, door.session(), pairs)
    languages.ask_for(ask.parameters.get("ui_locales"))
    return ask


def _store(ask: Ask, browser: str | None) -> str:
    return interactions.start(
        door.session(),
        door.services().settings,
        client_id=ask.policy.id,
        client_revision=ask.policy.revision,
        parameters=ask.stored,
        browser=browser,
    )


def _continue_url(handle: str) -> str:
    return url_for("frontchannel.continue_authorization", interaction=handle)


def _resume(handle: str | None, go_on: "_Way", once_more: "_Way | None" = None) -> ResponseReturnValue:
    """Go on with a stored request; ``once_more`` is the way of one that this sign-in session was answered a moment ago."""
    live, row = door.signed_in(), interactions.find(door.session(), handle, this_browser())
    if row is None:
        return _over()
    if not row.is_open:
        if once_more is None or live is None or not interactions.was_answered(row, live.id):
            return _over()
        go_on = once_more
    try:
        ask = _read(authorization_request.restored(row.parameters))
        return go_on(ask, _Detour(row, handle or ""))
    except (AuthorizationFailure, NotApproved) as failure:
        if not row.is_open or (isinstance(failure, AuthorizationFailure) and failure.address is not None):
            interactions.fail(row)
        return _refuse(failure)


def _answer_again(ask: Ask, detour: "_Detour") -> ResponseReturnValue:
    """Answer once more: a double click, a reload, or an answer that got lost.

    The decision itself is not repeated: it must still stand.
    """
    session, live, row = door.session(), door.signed_in(), detour.row
    if live is None or ask.policy.revision != row.client_revision:
        return _over()
    if not authorization.still_stands(session, ask, live, started_at=row.created_at):
        return _over()
    client_epoch = standing.note_sign_in(session, ask.policy, live)
    return _over() if client_epoch is None else _send(_answer(ask, live, client_epoch))


def _over() -> ResponseReturnValue:
    return mistakes.page(
        400,
        say("This sign-in cannot go on"),
        say("It was finished already, took too long, or was started in another browser."),
        say("Go back to the application and start again."),
    )


class _Detour:
    """A stored request and the handle it is known by."""

    def __init__(self, row: AuthorizationRequest, handle: str) -> None:
        self.row = row
        self.handle = handle


_Way = Callable[[Ask, _Detour], ResponseReturnValue]


def _proceed(ask: Ask, detour: _Detour | None) -> ResponseReturnValue:
    session, live = door.session(), door.signed_in()
    started_at = detour.row.created_at if detour else None
    step = authorization.next_step(session, ask, live, started_at=started_at)
    if step is Step.ANSWER and live is not None:
        return _finish(ask, detour, live)
    handle = detour.handle if detour else _store(ask, this_browser())
    if step is Step.CONSENT and live is not None:
        return _show_consent(ask, detour, live) if detour else redirect(_continue_url(handle), 303)
    if step is Step.ENROL:
        return _show_enrolment(ask, handle) if detour else redirect(_continue_url(handle), 303)
    return sign_in_first(
        _continue_url(handle),
        application=ask.policy.name,
        details=ask.policy.details,
        login_hint=ask.login_hint,
        is_again=step is Step.SIGN_IN_AGAIN,
        is_switch=step is Step.SWITCH_ACCOUNT,
        half="code" if step is Step.STEP_UP else "password",
        cancel_url=url_for("frontchannel.cancel", interaction=handle),
    )


def _finish(ask: Ask, detour: _Detour | None, live: UserSession) -> ResponseReturnValue:
    client_epoch = standing.note_sign_in(door.session(), ask.policy, live)
    if client_epoch is None:
        # An administrator or the person has changed something in this very moment: it is looked at anew.
        return redirect(_continue_url(detour.handle if detour else _store(ask, this_browser())), 303)
    if detour is not None and not interactions.complete(
        door.session(), detour.row, session_id=live.id, client_revision=ask.policy.revision
    ):
        return _over()
    return _send(_answer(ask, live, client_epoch))


def _answer(ask: Ask, live: UserSession, client_epoch: int) -> Answer:
    return authorization_answer.answer(
        door.services().oauth2, door.session(), door.actor(), ask, live, client_epoch=client_epoch
    )


def _show_consent(ask: Ask, detour: _Detour, live: UserSession) -> ResponseReturnValue:
    interactions.show(detour.row, live.id)
    return render_template(
        "consent.html",
        client=ask.policy,
        user=live.user,
        scopes=ask.consent_scopes,
        new_scopes=authorization.new_scopes(door.session(), ask, live),
        redirect_uri=ask.address.redirect_uri,
        interaction=detour.handle,
        revision=ask.policy.revision,
        switch_url=url_for("frontchannel.sign_in", next=_continue_url(detour.handle), switch=1),
    )


def _show_enrolment(ask: Ask, handle: str) -> ResponseReturnValue:
    return render_template(
        "second_factor_needed.html",
        application=ask.policy.name,
        set_up_url=url_for("account.authenticator", next=_continue_url(handle)),
        cancel_url=url_for("frontchannel.cancel", interaction=handle),
    )


def _decide(ask: Ask, detour: _Detour) -> ResponseReturnValue:
    session, live = door.session(), door.signed_in()
    is_what_was_shown = (
        live is not None
        and detour.row.shown_session_id == live.id
        and request.form.get("revision") == str(ask.policy.revision)
    )
    if live is None or not is_what_was_shown:
        # Somebody else is signed in by now, or the client was changed: what is granted must be what was shown.
        return redirect(_continue_url(detour.handle), 303)
    if request.form.get("decision") != "allow":
        raise authorization.denied(ask)
    step = authorization.next_step(
        session, authorization.after_consent(ask), live, started_at=detour.row.created_at
    )
    if step not in {Step.CONSENT, Step.ANSWER}:
        return redirect(_continue_url(detour.handle), 303)
    consents.remember(session, live.user_id, ask.policy.id, ask.consent_scopes)
    return _finish(ask, detour, live)


def _cancel(ask: Ask, _detour: _Detour) -> ResponseReturnValue:
    raise authorization.cancelled(ask)


def _refuse(failure: AuthorizationFailure | NotApproved) -> ResponseReturnValue:
    if isinstance(failure, NotApproved):
        return not_approved.page(failure, Path.AUTHORIZE, "unauthorized_client")
    reference = door.services().oauth2.record(
        Path.AUTHORIZE, door.address(), failure.error, within=door.session()
    )
    answer = authorization.error_answer(failure, reference)
    if answer is not None:
        return _send(answer)
    return mistakes.page(
        400,
        say("This sign-in request cannot be accepted"),
        describe(failure.error),
        say("Tell the administrator of the application, with the reference below."),
        error=failure.error.error,
        reference=reference,
        links=console_link.of(reference),
    )


def _send(answer: Answer) -> ResponseReturnValue:
    if answer.mode == FORM_POST:
        return render_template("form_post.html", action=answer.redirect_uri, parameters=answer.parameters)
    return returns.redirect_exactly(answer.location)

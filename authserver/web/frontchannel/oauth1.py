"""The authorization endpoint of OAuth 1.0a for people (RFC 5849, section 2.2): sign in, decide, and the way back.

What is decided is decided in ``protocol.oauth1.authorization``. The temporary credential is the stored request; the
interaction beside it ties the decision to the browser and the person that the page was shown to (S12).
"""

from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from authserver.domain import consents, interactions
from authserver.domain.interactions import AuthorizationRequest
from authserver.domain.sessions import UserSession
from authserver.protocol.gate import NotApproved
from authserver.protocol.oauth1 import authorization, problems
from authserver.protocol.oauth1.authorization import Ask, Outcome
from authserver.protocol.oauth1.problems import Problem
from authserver.terms import Path
from authserver.web import console_link, destinations, door, mistakes, returns
from authserver.web.browser import this_browser
from authserver.web.frontchannel import frontchannel, not_approved
from authserver.web.frontchannel.sign_in_asks import sign_in_first
from authserver.web.languages import say, to_say

_START_AGAIN = to_say("Go back to the application and start again.")
_OR_TELL = to_say(
    "Go back to the application and start again. If it stays, tell the administrator the reference."
)


@frontchannel.get(Path.OAUTH1_AUTHORIZE)
@door.writes
def authorize_oauth1() -> ResponseReturnValue:
    """Lead a person to the decision on the temporary credentials that an application has sent them with."""
    callback = request.args.get("oauth_callback", "")
    try:
        ask = _ask(request.args)
        live = door.signed_in()
        if live is None:
            return _sign_in(ask)
        if authorization.needs_consent(door.session(), ask, live):
            return _show(ask, live, callback)
        return _send(ask, authorization.approve(door.session(), door.actor(), ask, live))
    except (Problem, NotApproved) as refused:
        return _refuse(refused)


@frontchannel.post(Path.OAUTH1_CONSENT)
def consent_oauth1() -> ResponseReturnValue:
    """Take the person's decision on what they were shown."""
    try:
        live = door.signed_in()
        row = interactions.find(door.session(), request.form.get("interaction"), this_browser())
        if live is not None and row is not None and (again := _approve_again(row, live)) is not None:
            return again
        ask = _ask(request.form)
        if live is None or row is None or not _is_what_was_shown(ask, row, live):
            return redirect(_here(ask.token, request.form.get("oauth_callback", "")), 303)
        return _send(ask, _decide(ask, live))
    except (Problem, NotApproved) as refused:
        return _refuse(refused)


@frontchannel.get(Path.OAUTH1_CANCEL)
@door.writes
def cancel_oauth1() -> ResponseReturnValue:
    """Leave the sign-in page: the application is told that the person did not go on."""
    try:
        ask = _ask(request.args)
    except (Problem, NotApproved) as refused:
        return _refuse(refused)
    return _send(ask, authorization.refuse(door.session(), ask))


def _ask(values: MultiDict[str, str], *, is_decided: bool = False) -> Ask:
    for name in ("oauth_token", "oauth_callback"):
        if len(values.getlist(name)) > 1:
            raise problems.rejected(name, f"{name} is repeated.")
    token, callback = values.get("oauth_token", ""), values.get("oauth_callback", "")
    server = door.services().oauth1
    return authorization.read(server, door.session(), token, callback, is_decided=is_decided)


def _here(token: str, callback: str, **more: object) -> str:
    address = {"oauth_token": token} | ({"oauth_callback": callback} if callback else {})
    return url_for("frontchannel.authorize_oauth1", **address, **more)  # type: ignore[arg-type]


def _sign_in(ask: Ask) -> ResponseReturnValue:
    callback = request.args.get("oauth_callback")
    cancel = url_for("frontchannel.cancel_oauth1", oauth_token=ask.token, oauth_callback=callback)
    return sign_in_first(destinations.here(), application=ask.policy.name, cancel_url=cancel)


def _show(ask: Ask, live: UserSession, callback: str) -> ResponseReturnValue:
    handle = interactions.start(
        door.session(),
        door.services().settings,
        client_id=ask.policy.id,
        client_revision=ask.policy.revision,
        parameters=_shown(ask),
        browser=this_browser(),
        shown_session_id=live.id,
    )
    return render_template(
        "oauth1/warning.html" if ask.is_1_0 else "oauth1/consent.html",
        client=ask.policy,
        user=live.user,
        scopes=(),
        new_scopes=(),
        redirect_uri=ask.callback if ask.has_address else "",
        interaction=handle,
        revision=ask.policy.revision,
        oauth_token=ask.token,
        oauth_callback=callback,
        switch_url=url_for("frontchannel.sign_in", next=_here(ask.token, callback), switch=1),
    )


def _is_what_was_shown(ask: Ask, row: AuthorizationRequest, live: UserSession) -> bool:
    if row.parameters != _shown(ask) or row.client_revision != ask.policy.revision:
        return False
    return row.shown_session_id == live.id and interactions.complete(
        door.session(), row, session_id=live.id, client_revision=ask.policy.revision
    )


def _shown(ask: Ask) -> dict[str, Any]:
    return {"temporary_credential": ask.credential.id, "callback": ask.callback}


def _approve_again(row: AuthorizationRequest, live: UserSession) -> ResponseReturnValue | None:
    """Answer the form that this sign-in session was answered a moment ago: a double click, or an answer that got lost."""
    if not interactions.was_answered(row, live.id) or request.form.get("decision") != "allow":
        return None
    ask = _ask(request.form, is_decided=True)
    is_same = row.parameters == _shown(ask) and row.client_revision == ask.policy.revision
    return _send(ask, authorization.approve_again(door.session(), ask)) if is_same else None


def _decide(ask: Ask, live: UserSession) -> Outcome:
    session = door.session()
    if request.form.get("decision") != "allow":
        return authorization.refuse(session, ask)
    if not ask.is_1_0:
        consents.remember(session, live.user_id, ask.policy.id, ())
    return authorization.approve(session, door.actor(), ask, live)


def _send(ask: Ask, outcome: Outcome) -> ResponseReturnValue:
    if outcome.location:
        return returns.redirect_exactly(outcome.location)
    if outcome.verifier:
        return render_template("oauth1/verifier.html", client=ask.policy, verifier=outcome.verifier)
    return render_template("oauth1/done.html", client=ask.policy)


def _refuse(refused: Problem | NotApproved) -> ResponseReturnValue:
    if isinstance(refused, NotApproved):
        return not_approved.page(refused, Path.OAUTH1_AUTHORIZE, "consumer_key_refused")
    server = door.services().oauth1
    reference = server.record(Path.OAUTH1_AUTHORIZE, door.address(), refused, within=door.session())
    return mistakes.page(
        400,
        say("This sign-in cannot go on"),
        refused.advice,
        say(_START_AGAIN if refused.client_id is None else _OR_TELL),
        error=refused.error,
        reference=reference,
        links=console_link.of(reference),
    )

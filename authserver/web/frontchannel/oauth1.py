"""The authorization endpoint of OAuth 1.0a for people (RFC 5849, section 2.2): sign in, decide, and the way back.

What is decided is decided in ``protocol.oauth1.authorization``. The temporary credential is the stored request; the
interaction beside it ties the decision to the browser and the person that the page was shown to (S12).
"""

from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from authserver.domain.authorizations import authorization_requests, consents
from authserver.domain.authorizations.authorization_requests import (
    NewAuthorizationRequest,
    StoredAuthorizationRequest,
)
from authserver.domain.sessions.user_sessions import UserSession
from authserver.protocol.access import ClientNotApproved
from authserver.protocol.oauth1 import authorization, errors
from authserver.protocol.oauth1.authorization import ApprovalOutcome, TokenApproval
from authserver.protocol.oauth1.errors import OAuth1Error
from authserver.vocabulary import EndpointPath
from authserver.web import client_redirects, current, local_urls
from authserver.web.frontchannel import not_approved, protocol_errors
from authserver.web.frontchannel.blueprint import frontchannel
from authserver.web.frontchannel.sign_in_context import sign_in_first
from authserver.web.rendering.languages import gettext, gettext_noop
from authserver.web.session.browser_id import browser_id

_START_AGAIN = gettext_noop("Go back to the application and start again.")
_OR_TELL = gettext_noop(
    "Go back to the application and start again. If it stays, tell the administrator the reference."
)


@frontchannel.get(EndpointPath.OAUTH1_AUTHORIZE)
@current.writes
def authorize_oauth1() -> ResponseReturnValue:
    """Lead a person to the decision on the temporary credentials that an application has sent them with."""
    callback = request.args.get("oauth_callback", "")
    try:
        ask = _ask(request.args)
        live = current.current_session()
        if live is None:
            return _sign_in(ask)
        if authorization.needs_consent(current.transaction(), ask, live):
            return _show(ask, live, callback)
        return _send(ask, authorization.approve(current.transaction(), current.actor(), ask, live))
    except (OAuth1Error, ClientNotApproved) as error:
        return _error_page(error)


@frontchannel.post(EndpointPath.OAUTH1_CONSENT)
def consent_oauth1() -> ResponseReturnValue:
    """Take the person's decision on what they were shown."""
    try:
        live = current.current_session()
        row = authorization_requests.find(
            current.transaction(), request.form.get("interaction"), browser_id()
        )
        if live is not None and row is not None and (again := _approve_again(row, live)) is not None:
            return again
        ask = _ask(request.form)
        if live is None or row is None or not _is_what_was_shown(ask, row, live):
            return redirect(_here(ask.token, request.form.get("oauth_callback", "")), 303)
        return _send(ask, _decide(ask, live))
    except (OAuth1Error, ClientNotApproved) as error:
        return _error_page(error)


@frontchannel.get(EndpointPath.OAUTH1_CANCEL)
@current.writes
def cancel_oauth1() -> ResponseReturnValue:
    """Leave the sign-in page: the application is told that the person did not go on."""
    try:
        ask = _ask(request.args)
    except (OAuth1Error, ClientNotApproved) as error:
        return _error_page(error)
    return _send(ask, authorization.deny(current.transaction(), ask))


def _ask(values: MultiDict[str, str], *, is_decided: bool = False) -> TokenApproval:
    for name in ("oauth_token", "oauth_callback"):
        if len(values.getlist(name)) > 1:
            raise errors.parameter_rejected(name, f"{name} is repeated.")
    token, callback = values.get("oauth_token", ""), values.get("oauth_callback", "")
    server = current.services().oauth1
    return authorization.find_approval(server, current.transaction(), token, callback, is_decided=is_decided)


def _here(token: str, callback: str, **more: object) -> str:
    address = {"oauth_token": token} | ({"oauth_callback": callback} if callback else {})
    return url_for("frontchannel.authorize_oauth1", **address, **more)  # type: ignore[arg-type]


def _sign_in(ask: TokenApproval) -> ResponseReturnValue:
    callback = request.args.get("oauth_callback")
    cancel = url_for("frontchannel.cancel_oauth1", oauth_token=ask.token, oauth_callback=callback)
    return sign_in_first(local_urls.current_url(), application=ask.client.name, cancel_url=cancel)


def _show(ask: TokenApproval, live: UserSession, callback: str) -> ResponseReturnValue:
    handle = authorization_requests.start(
        current.transaction(),
        current.services().settings,
        NewAuthorizationRequest(
            ask.client.id, ask.client.revision, _shown(ask), browser_id(), shown_session_id=live.id
        ),
    )
    return render_template(
        "oauth1/warning.html" if ask.is_1_0 else "oauth1/consent.html",
        client=ask.client,
        user=live.user,
        scopes=(),
        new_scopes=(),
        redirect_uri=ask.callback if ask.has_callback_url else "",
        interaction=handle,
        revision=ask.client.revision,
        oauth_token=ask.token,
        oauth_callback=callback,
        switch_url=url_for("frontchannel.sign_in", next=_here(ask.token, callback), switch=1),
    )


def _is_what_was_shown(ask: TokenApproval, row: StoredAuthorizationRequest, live: UserSession) -> bool:
    if row.parameters != _shown(ask) or row.client_revision != ask.client.revision:
        return False
    return row.shown_session_id == live.id and authorization_requests.complete(
        current.transaction(), row, session_id=live.id, client_revision=ask.client.revision
    )


def _shown(ask: TokenApproval) -> dict[str, Any]:
    return {"temporary_credential": ask.credential.id, "callback": ask.callback}


def _approve_again(row: StoredAuthorizationRequest, live: UserSession) -> ResponseReturnValue | None:
    """Answer the form that this sign-in session was answered a moment ago: a double click, or an answer that got lost."""
    if not authorization_requests.was_answered(row, live.id) or request.form.get("decision") != "allow":
        return None
    ask = _ask(request.form, is_decided=True)
    is_same = row.parameters == _shown(ask) and row.client_revision == ask.client.revision
    return _send(ask, authorization.reissue_verifier(current.transaction(), ask)) if is_same else None


def _decide(ask: TokenApproval, live: UserSession) -> ApprovalOutcome:
    db = current.transaction()
    if request.form.get("decision") != "allow":
        return authorization.deny(db, ask)
    if not ask.is_1_0:
        consents.remember(db, live.user_id, ask.client.id, ())
    return authorization.approve(db, current.actor(), ask, live)


def _send(ask: TokenApproval, outcome: ApprovalOutcome) -> ResponseReturnValue:
    if outcome.location:
        return client_redirects.redirect_exactly(outcome.location)
    if outcome.verifier:
        return render_template("oauth1/verifier.html", client=ask.client, verifier=outcome.verifier)
    return render_template("oauth1/done.html", client=ask.client)


def _error_page(error: OAuth1Error | ClientNotApproved) -> ResponseReturnValue:
    if isinstance(error, ClientNotApproved):
        return not_approved.not_approved_page(error, EndpointPath.OAUTH1_AUTHORIZE, "consumer_key_refused")
    return protocol_errors.protocol_error_page(
        error,
        EndpointPath.OAUTH1_AUTHORIZE,
        gettext("This sign-in cannot go on"),
        gettext(_START_AGAIN if error.details.client_id is None else _OR_TELL),
    )

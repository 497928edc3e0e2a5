"""Handles front-channel forms with a missing or expired CSRF token.

An expired sign-in form is shown again. An expired decision redirects to the page that asks for the decision.
``session.access`` handles all other forms.
"""

from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from authserver.domain.user_sessions import UserSession
from authserver.web import current
from authserver.web.frontchannel.blueprint import frontchannel
from authserver.web.frontchannel.sign_in import redirect_onward, show_password_form
from authserver.web.frontchannel.sign_in_context import identifies_user, sign_in_page_of
from authserver.web.session import access
from authserver.web.session.sign_in_page import SignInPage

_SIGN_IN = {"frontchannel.post_sign_in", "frontchannel.post_second_factor"}
# Maps the view that receives a form to the view that shows it, and to the fields that identify the request.
_DECISIONS = {
    "frontchannel.consent": ("frontchannel.continue_authorization", ("interaction",)),
    "frontchannel.consent_oauth1": ("frontchannel.authorize_oauth1", ("oauth_token", "oauth_callback")),
}


@frontchannel.errorhandler(CSRFError)
def _on_csrf_error(error: CSRFError) -> ResponseReturnValue:
    endpoint = request.endpoint or ""
    if endpoint in _SIGN_IN:
        page, user_session = sign_in_page_of(request.form), current.current_session_without_transaction()
        if user_session is not None and _has_signed_in_with(page, user_session, endpoint):
            return redirect_onward(page, user_session)
        return show_password_form(page)
    if endpoint in _DECISIONS:
        view, names = _DECISIONS[endpoint]
        values: dict[str, Any] = {name: request.form.get(name) or None for name in names}
        return redirect(url_for(view, **values), 303)
    logout = request.form.get("ask")
    if endpoint == "frontchannel.post_sign_out" and (
        logout or current.current_session_without_transaction() is None
    ):
        return redirect(url_for("frontchannel.sign_out", ask=logout or None), 303)
    return access.on_csrf_error(error)


def _has_signed_in_with(page: SignInPage, user_session: UserSession, endpoint: str) -> bool:
    """Return whether this form has already signed the user in: a double click or a reload submits a form twice."""
    if page.mode != "first" or not identifies_user(page.username, user_session):
        return False
    return endpoint != "frontchannel.post_second_factor" or not access.lacks_second_factor(user_session)

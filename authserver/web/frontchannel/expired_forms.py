"""Forms of the front channel whose CSRF token is of another time: decisions are asked for anew, nothing is typed there.

What becomes of forms that something is typed into is in ``web.guards``.
"""

from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from authserver.domain.sessions.user_sessions import UserSession
from authserver.web.frontchannel.blueprint import frontchannel
from authserver.web.frontchannel.sign_in import redirect_onward, show_password_form
from authserver.web.frontchannel.sign_in_context import is_own_name, sign_in_page_of
from authserver.web.session import access
from authserver.web.session.sign_in_page import SignInPage

_SIGN_IN = {"frontchannel.post_sign_in", "frontchannel.post_second_factor"}
# The page that asks for the decision, and the fields that tell what is decided about.
_ASKED_ANEW = {
    "frontchannel.consent": ("frontchannel.continue_authorization", ("interaction",)),
    "frontchannel.consent_oauth1": ("frontchannel.authorize_oauth1", ("oauth_token", "oauth_callback")),
}


def _has_let_in(live: UserSession, sign_in: SignInPage, endpoint: str) -> bool:
    if sign_in.mode != "first" or not is_own_name(sign_in.username, live):
        return False
    return endpoint != "frontchannel.post_second_factor" or not access.lacks_second_factor(live)


@frontchannel.errorhandler(CSRFError)
def _on_stale_form(error: CSRFError) -> ResponseReturnValue:
    endpoint = request.endpoint or ""
    if endpoint in _SIGN_IN:
        sign_in, live = sign_in_page_of(request.form), access.current_person()
        # The form of somebody who was let in by it has come twice, by a double click or a reload.
        is_done = live is not None and _has_let_in(live, sign_in, endpoint)
        return redirect_onward(sign_in, live) if is_done and live is not None else show_password_form(sign_in)
    if endpoint in _ASKED_ANEW:
        page, names = _ASKED_ANEW[endpoint]
        values: dict[str, Any] = {name: request.form.get(name) or None for name in names}
        return redirect(url_for(page, **values), 303)
    ask = request.form.get("ask")
    if endpoint == "frontchannel.post_sign_out" and (ask or access.current_person() is None):
        # What an application asks for is asked anew, on a page from which the way leads back to it.
        return redirect(url_for("frontchannel.sign_out", ask=ask or None), 303)
    return access.expired_form(error)

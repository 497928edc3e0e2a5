"""Forms of the front channel whose CSRF token is of another time: decisions are asked for anew, nothing is typed there.

What becomes of forms that something is typed into is in ``web.guards``.
"""

from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from authserver.web import guards
from authserver.web.frontchannel import frontchannel
from authserver.web.frontchannel.sign_in_asks import page_of
from authserver.web.frontchannel.signin import start_over

_SIGN_IN = {"frontchannel.post_sign_in", "frontchannel.post_second_factor"}
# The page that asks for the decision, and the fields that tell what is decided about.
_ASKED_ANEW = {
    "frontchannel.consent": ("frontchannel.continue_authorization", ("interaction",)),
    "frontchannel.consent_oauth1": ("frontchannel.authorize_oauth1", ("oauth_token", "oauth_callback")),
}


@frontchannel.errorhandler(CSRFError)
def _on_stale_form(error: CSRFError) -> ResponseReturnValue:
    endpoint = request.endpoint or ""
    if endpoint in _SIGN_IN:
        return start_over(page_of(request.form))
    if endpoint in _ASKED_ANEW:
        page, names = _ASKED_ANEW[endpoint]
        values: dict[str, Any] = {name: request.form.get(name) or None for name in names}
        return redirect(url_for(page, **values), 303)
    if endpoint == "frontchannel.post_sign_out" and guards.person() is None:
        return redirect(url_for("frontchannel.sign_out"), 303)
    return guards.stale_form(error)

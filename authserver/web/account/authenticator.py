"""The authenticator page: status, new recovery codes and removal. The setup is in ``authenticator_setup``."""

import secrets
from urllib.parse import quote

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from authserver.domain import form_tokens, user_sessions
from authserver.domain.users import second_factors
from authserver.errors import Conflict
from authserver.messages import message
from authserver.web import current, local_urls
from authserver.web.account.blueprint import account
from authserver.web.account.current_user import own_session, own_user
from authserver.web.rendering.languages import translate
from authserver.web.session import access

_SUBMITTED_BEFORE = message(
    "This form was already submitted. Its recovery codes are not shown again. If you did not save them, get new ones."
)
_NO_APP = message("The authenticator app was already removed.")


@account.get("/authenticator")
def authenticator() -> ResponseReturnValue:
    """Show the status, or redirect to the setup if a client requires an app."""
    status = second_factors.status_of(current.transaction(), own_session().user_id)
    if not status.is_enrolled and next_url():
        return redirect(url_for("account.set_up_authenticator", next=next_url()), 303)
    return render_template("account/authenticator.html", status=status, next=next_url())


@account.get("/authenticator/recovery-codes")
@access.require_recent_sign_in
def ask_new_recovery_codes() -> ResponseReturnValue:
    """Ask for confirmation."""
    status = second_factors.status_of(current.transaction(), own_session().user_id)
    if not status.is_enrolled:
        return redirect(url_for("account.authenticator"), 303)
    return render_template(
        "account/recovery_codes_new.html", status=status, form_token=secrets.token_urlsafe(16)
    )


@account.post("/authenticator/recovery-codes")
@access.require_recent_sign_in
def renew_recovery_codes() -> ResponseReturnValue:
    """Replace the recovery codes and show the new codes once. Because of the form token, a reload changes nothing."""
    db, token = current.transaction(), request.form.get("form_token") or secrets.token_urlsafe(16)
    if form_tokens.find(db, token) is not None:
        flash(translate(_SUBMITTED_BEFORE), "info")
        return redirect(url_for("account.authenticator"), 303)
    try:
        codes = second_factors.renew_codes(db, current.services().vault, current.actor(), own_user())
    except Conflict:
        flash(translate(_NO_APP), "info")
        return redirect(url_for("account.authenticator"), 303)
    form_tokens.record(db, token, str(own_session().user_id))
    return show_codes(codes)


@account.get("/authenticator/remove")
@access.require_recent_sign_in
def ask_remove_authenticator() -> ResponseReturnValue:
    """Ask for confirmation."""
    if not second_factors.is_enrolled(current.transaction(), own_session().user_id):
        return redirect(url_for("account.authenticator"), 303)
    return render_template("account/authenticator_remove.html")


@account.post("/authenticator/remove")
@access.require_recent_sign_in
def remove_authenticator() -> ResponseReturnValue:
    """Remove the app and the recovery codes."""
    if user_sessions.remove_second_factor(current.transaction(), current.actor(), own_user()):
        flash(
            gettext("The authenticator app was removed. You now sign in with your password only."), "success"
        )
    else:
        flash(translate(_NO_APP), "info")
    return redirect(url_for("account.authenticator"), 303)


def next_url() -> str | None:
    """Return the local URL in the parameter ``next``, or None."""
    return local_urls.safe_local_url(request.values.get("next"))


def show_codes(codes: list[str], *, is_new_app: bool = False) -> str:
    """Return the page that shows recovery codes."""
    others = [
        row
        for row in user_sessions.sessions_of_user(current.transaction(), own_user())
        if row.id != own_session().id
    ]
    return render_template(
        "account/recovery_codes.html",
        codes=codes,
        is_new_app=is_new_app,
        as_text=quote(_as_text(codes)),
        next=next_url(),
        has_other_sessions=bool(others),
    )


def _as_text(codes: list[str]) -> str:
    name, server = own_session().user.username, current.services().settings.issuer
    head = gettext("Recovery codes for %(name)s at %(server)s", name=name, server=server)
    rule = gettext("Each code works once, instead of the code in the authenticator app.")
    return "\r\n".join([head, rule, "", *codes, ""])

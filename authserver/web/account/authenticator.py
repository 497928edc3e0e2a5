"""The authenticator app: whether there is one, new recovery codes, and removing it. Setting it up is in its own room."""

import secrets
from urllib.parse import quote

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from authserver.domain import form_tokens
from authserver.domain.sessions import user_sessions
from authserver.domain.users import second_factors
from authserver.errors import Conflict
from authserver.messages import message
from authserver.web import current, local_urls
from authserver.web.account.blueprint import account
from authserver.web.account.current_user import own_session, own_user
from authserver.web.rendering.languages import translate
from authserver.web.session import access

_SEEN_BEFORE = message("This form was already submitted. Its recovery codes are not shown again.")
_NO_APP = message("The authenticator app was already removed.")


@account.get("/authenticator")
def authenticator() -> ResponseReturnValue:
    """Show what there is; who comes for an application and has no app goes on to set one up."""
    standing = second_factors.status_of(current.transaction(), own_session().user_id)
    if not standing.is_enrolled and next_url():
        return redirect(url_for("account.set_up_authenticator", next=next_url()), 303)
    return render_template("account/authenticator.html", standing=standing, next=next_url())


@account.get("/authenticator/recovery-codes")
@access.require_recent_sign_in
def ask_new_recovery_codes() -> ResponseReturnValue:
    """Ask whether to replace the recovery codes."""
    standing = second_factors.status_of(current.transaction(), own_session().user_id)
    if not standing.is_enrolled:
        return redirect(url_for("account.authenticator"), 303)
    return render_template(
        "account/recovery_codes_new.html", standing=standing, form_token=secrets.token_urlsafe(16)
    )


@account.post("/authenticator/recovery-codes")
@access.require_recent_sign_in
def renew_recovery_codes() -> ResponseReturnValue:
    """Replace the recovery codes, and show the new ones in this answer; the form's token keeps a reload from it."""
    db, token = current.transaction(), request.form.get("form_token") or secrets.token_urlsafe(16)
    if form_tokens.find(db, token) is not None:
        flash(translate(_SEEN_BEFORE), "info")
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
    """Ask whether to go back to the password alone."""
    if not second_factors.is_enrolled(current.transaction(), own_session().user_id):
        return redirect(url_for("account.authenticator"), 303)
    return render_template("account/authenticator_remove.html")


@account.post("/authenticator/remove")
@access.require_recent_sign_in
def remove_authenticator() -> ResponseReturnValue:
    """Remove the app and the recovery codes; sending the form twice removes nothing else."""
    if second_factors.remove(current.transaction(), current.actor(), own_user()):
        flash(
            gettext("The authenticator app was removed. You now sign in with your password only."), "success"
        )
    else:
        flash(translate(_NO_APP), "info")
    return redirect(url_for("account.authenticator"), 303)


def next_url() -> str | None:
    """Return where the person wants to go on to afterwards, if anywhere."""
    return local_urls.safe_local_url(request.values.get("next"))


def show_codes(codes: list[str], *, is_new_app: bool = False) -> str:
    """Return the page that shows recovery codes, this once."""
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

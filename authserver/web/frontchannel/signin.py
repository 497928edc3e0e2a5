"""Signing in: for the first time, again where an old sign-in is not enough, or as somebody else.

The password is checked outside any transaction of this request, because hashing takes long; see ``domain.sign_in``.
"""

from dataclasses import astuple, dataclass, replace
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from itsdangerous import BadSignature, URLSafeSerializer

from authserver.domain import sign_in as password_desk
from authserver.domain.sessions import UserSession
from authserver.domain.sign_in import Claim, Desk, WrongCredentials
from authserver.errors import Throttled
from authserver.terms import Path
from authserver.web import arrivals, destinations, door, guards, mistakes, pages
from authserver.web.arrivals import Arrival
from authserver.web.frontchannel import frontchannel
from authserver.web.frontchannel.entrance import home_of
from authserver.web.sign_in_page import Mode, SignInPage

_HINT_LENGTH = 200
_OLD_FORM = "This page was open for too long. Type your password again."


@dataclass(frozen=True)
class _Ask:
    """What the authorization endpoint hands over: the application's name counts only when it is signed."""

    next: str = ""
    application: str = ""
    login_hint: str = ""
    cancel_url: str = ""
    is_again: bool = False
    is_switch: bool = False


def sign_in_first(
    next_url: str,
    *,
    application: str,
    login_hint: str = "",
    cancel_url: str = "",
    is_again: bool = False,
    is_switch: bool = False,
) -> ResponseReturnValue:
    """Send the browser to the sign-in page for an application's request, and on to ``next_url`` afterwards."""
    ask = _Ask(next_url, application, login_hint[:_HINT_LENGTH], cancel_url, is_again, is_switch)
    return redirect(url_for("frontchannel.sign_in", ask=_signer().dumps(astuple(ask))), 303)


@frontchannel.get(Path.SIGN_IN)
def sign_in() -> ResponseReturnValue:
    """Show the form, unless nothing is left to do."""
    live, page = guards.person(), _page(request.args)
    if live is not None and page.mode == "first":
        # Somebody who is signed in already followed an old link.
        return redirect(page.next or home_of(live), 303)
    return page.render()


@frontchannel.post(Path.SIGN_IN, endpoint="post_sign_in")
def post_sign_in() -> ResponseReturnValue:
    """Check the password, start or renew the session, and go on."""
    live, page = guards.person(), _page(request.form)
    services = door.services()
    claim = Claim(page.username, request.form.get("password", ""), arrivals.carried())
    clerk = Desk(services.settings, services.database, services.vault, services.passwords)
    try:
        proof = clerk.check(arrivals.anonymous(), claim)
        with services.database.transaction() as transaction:
            user = password_desk.confirm(transaction, proof)
            arrival = arrivals.begin(transaction, user, live, is_remembered=page.is_remembered)
    except WrongCredentials as error:
        return replace(page, errors={"password": str(error)}).render(), 422
    except Throttled as error:
        return _too_many(page, error)
    return _go_on(page, arrival)


@frontchannel.errorhandler(CSRFError)
def _on_stale_form(error: CSRFError) -> ResponseReturnValue:
    """Show a sign-in form that was open too long once more, with all but the password."""
    if request.endpoint != "frontchannel.post_sign_in":
        return mistakes.stale_form(error)
    return replace(_page(request.form), errors={"": _OLD_FORM}).render(), 400


def _page(values: Any) -> SignInPage:
    """Return the page that a link or a sent form describes, believing neither of them more than is safe."""
    live, ask = guards.person(), _read_ask(values.get("ask", ""))
    page = SignInPage(
        mode=_mode(live, values, ask),
        next=ask.next or destinations.safe(values.get("next")) or "",
        username=values.get("username", ask.login_hint),
        is_remembered=values.get("remember") == "1",
        application=ask.application,
        cancel_url=ask.cancel_url,
        ask=values.get("ask", "") if ask.next else "",
        resume=values.get("resume", ""),
    )
    if live is not None and page.mode == "again":
        page.username = live.user.username
    return page


def _mode(live: UserSession | None, values: Any, ask: _Ask) -> Mode:
    if live is None:
        return "first"
    if values.get("switch") == "1" or ask.is_switch:
        return "switch"
    return "again" if values.get("again") == "1" or ask.is_again else "first"


def _too_many(page: SignInPage, error: Throttled) -> ResponseReturnValue:
    wait = f"Too many attempts. Wait {pages.seconds_in_words(error.retry_after)}, then try again."
    response = make_response(replace(page, errors={"": wait}).render(), 429)
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def _go_on(page: SignInPage, arrival: Arrival) -> ResponseReturnValue:
    arrivals.void_forms()
    kept = guards.open_form(arrival.session, page.resume) if page.resume else None
    if kept is not None:
        response = make_response(render_template("resume.html", url=kept["url"], fields=kept["fields"]))
    else:
        response = make_response(redirect(page.next or home_of(arrival.session), 303))
    arrivals.attach(response, arrival)
    return response


def _read_ask(signed: str) -> _Ask:
    try:
        return _Ask(*_signer().loads(signed)) if signed else _Ask()
    except (BadSignature, TypeError):
        return _Ask()  # It is made up, or another version of this product signed it.


def _signer() -> URLSafeSerializer:
    keys = door.services().vault.session_keys
    return URLSafeSerializer([key.value for key in reversed(keys)], salt="sign-in")

"""The page where people connect a device by the code that it shows (RFC 8628, section 3.3).

Whoever has typed a code, or followed a link that carries one, is always shown what asks for what, and decides.
"""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import throttles, typed_codes
from authserver.domain.authorizations import device_authorizations
from authserver.domain.authorizations.device_authorizations import DeviceAuthorization, DeviceState
from authserver.domain.sessions.user_sessions import UserSession
from authserver.domain.throttles import Bucket, Charge
from authserver.errors import Throttled
from authserver.protocol.oauth2 import device_approval
from authserver.vocabulary import EndpointPath
from authserver.web import current
from authserver.web.frontchannel.blueprint import frontchannel
from authserver.web.rendering import error_pages, template_globals
from authserver.web.rendering.languages import gettext, gettext_noop
from authserver.web.session import access
from authserver.web.session.browser_id import browser_id

_UNKNOWN = gettext_noop(
    "No device waits for this code. Check the letters; a code works for a few minutes, and once."
)
_OVER = gettext_noop("The code was used already, ran out, or was opened in another window.")


@frontchannel.get(EndpointPath.DEVICE)
@current.writes
def device() -> ResponseReturnValue:
    """Ask for the code, or show what waits under the one in the address."""
    live = access.current_person()
    if live is None:
        return access.sign_in_first()
    typed = request.args.get("user_code", "")
    # A page of somebody else's must not use up the guesses of this person: they send the code themselves.
    is_led_here = request.headers.get("Sec-Fetch-Site") == "cross-site"
    return _ask(typed) if is_led_here or not typed else _look_up(live, typed)


@frontchannel.post(EndpointPath.DEVICE)
def post_device() -> ResponseReturnValue:
    """Show what waits under the code that was typed."""
    live = access.current_person()
    if live is None:
        return access.sign_in_first()
    return _look_up(live, request.form.get("user_code", ""))


@frontchannel.post(EndpointPath.DEVICE_DECISION)
def decide_device() -> ResponseReturnValue:
    """Take the person's decision on the device that they were shown."""
    live = access.current_person()
    if live is None:
        return access.sign_in_first()
    db = current.transaction()
    row = device_authorizations.find_shown(db, request.form.get("confirmation"), live.id)
    if row is None:
        return _tell_decision(live)
    if request.form.get("decision") != "allow":
        return _done(row, is_allowed=False) if device_approval.deny(db, row) else _tell_decision(live)
    denial = device_approval.check_device_access(current.services().client_cache, db, row, live)
    if denial is not None:
        return _refuse(denial.sentence)
    is_approved = device_approval.approve(db, current.actor(), row, live)
    return _done(row, is_allowed=True) if is_approved else _tell_decision(live)


def _tell_decision(live: UserSession) -> ResponseReturnValue:
    """Show a person who sends the form again, after a double click or a reload, what they have decided already."""
    row = device_authorizations.find_decided(current.transaction(), request.form.get("confirmation"), live.id)
    return _refuse(_OVER) if row is None else _done(row, is_allowed=row.state != DeviceState.DENIED)


def _look_up(live: UserSession, typed: str) -> ResponseReturnValue:
    code = device_authorizations.normalize_user_code(typed)
    if not code:
        return _ask(typed, _UNKNOWN), 422
    try:
        charges = _charge(live)
    except Throttled as error:
        wait = template_globals.seconds_in_words(error.retry_after)
        sentence = gettext("Too many codes were tried. Wait %(time)s, then try again.", time=wait)
        return _ask(typed, sentence), 429, {"Retry-After": str(error.retry_after)}
    db = current.transaction()
    row = device_authorizations.find_pending(db, current.services().vault, code)
    if row is None:
        return _ask(typed, _UNKNOWN), 422
    throttles.refund(db, charges)
    denial = device_approval.check_device_access(current.services().client_cache, db, row, live)
    if denial is not None:
        return _refuse(denial.sentence)
    if device_approval.needs_sign_in(current.services().client_cache, db, row, live):
        return redirect(url_for("frontchannel.sign_in", next=_address_of(code), again=1), 303)
    return _confirm(live, row, code)


def _charge(live: UserSession) -> list[Charge]:
    """Count a guess for the account, the browser and the network, before anything is looked up."""
    settings = current.services().settings
    limits = (
        ("account", str(live.user_id), settings.device_attempts),
        ("browser", browser_id(), settings.device_attempts),
        ("network", throttles.network_of(current.network_address()), settings.device_attempts_per_network),
    )
    buckets = [_bucket(kind, name, limit) for kind, name, limit in limits]
    with current.services().database.transaction() as transaction:
        return throttles.charge(transaction, buckets)


def _bucket(kind: str, name: str, limit: int) -> Bucket:
    services = current.services()
    return throttles.bucket(
        services.vault, "user-code", kind, name, limit=limit, window=services.settings.sign_in_window
    )


def _ask(typed: str = "", error: str = "") -> str:
    shown = typed[:20] if typed.isprintable() else ""
    return render_template("device.html", user_code=shown, errors={"user_code": error} if error else {})


def _confirm(live: UserSession, row: DeviceAuthorization, code: str) -> str:
    return render_template(
        "device_confirm.html",
        client=row.client,
        user=live.user,
        user_code=typed_codes.format_code(code),
        address=row.address,
        asked_at=row.created_at,
        scopes=row.scope.split(),
        confirmation=device_authorizations.show(current.transaction(), row, live.id),
        switch_url=url_for("frontchannel.sign_in", next=_address_of(code), switch=1),
    )


def _address_of(code: str) -> str:
    return url_for("frontchannel.device", user_code=typed_codes.format_code(code))


def _done(row: DeviceAuthorization, *, is_allowed: bool) -> str:
    return render_template("device_done.html", client=row.client, is_allowed=is_allowed)


def _refuse(sentence: str) -> ResponseReturnValue:
    return error_pages.error_page(
        400,
        gettext("The device cannot be connected"),
        sentence,
        gettext("Start again on the device and enter the new code."),
        links={gettext("Enter another code"): template_globals.at(EndpointPath.DEVICE)},
    )

"""The page where people connect a device by the code that it shows (RFC 8628, section 3.3).

Whoever has typed a code, or followed a link that carries one, is always shown what asks for what, and decides.
"""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import devices, throttles, typed_codes
from authserver.domain.devices import DeviceAuthorization, State
from authserver.domain.sessions import UserSession
from authserver.domain.throttles import Bucket, Charge
from authserver.errors import Throttled
from authserver.protocol.oauth2 import device_approval
from authserver.terms import Path
from authserver.web import door, guards, mistakes, pages
from authserver.web.browser import this_browser
from authserver.web.frontchannel import frontchannel
from authserver.web.languages import say, to_say

_UNKNOWN = to_say(
    "No device waits for this code. Check the letters; a code works for a few minutes, and once."
)
_OVER = to_say("The code was used already, ran out, or was opened in another window.")


@frontchannel.get(Path.DEVICE)
@door.writes
def device() -> ResponseReturnValue:
    """Ask for the code, or show what waits under the one in the address."""
    live = guards.person()
    if live is None:
        return guards.sign_in_first()
    typed = request.args.get("user_code", "")
    # A page of somebody else's must not use up the guesses of this person: they send the code themselves.
    is_led_here = request.headers.get("Sec-Fetch-Site") == "cross-site"
    return _ask(typed) if is_led_here or not typed else _look_up(live, typed)


@frontchannel.post(Path.DEVICE)
def post_device() -> ResponseReturnValue:
    """Show what waits under the code that was typed."""
    live = guards.person()
    if live is None:
        return guards.sign_in_first()
    return _look_up(live, request.form.get("user_code", ""))


@frontchannel.post(Path.DEVICE_DECISION)
def decide_device() -> ResponseReturnValue:
    """Take the person's decision on the device that they were shown."""
    live = guards.person()
    if live is None:
        return guards.sign_in_first()
    session = door.session()
    row = devices.find_shown(session, request.form.get("confirmation"), live.id)
    if row is None:
        return _tell_decision(live)
    if request.form.get("decision") != "allow":
        return _done(row, is_allowed=False) if device_approval.deny(session, row) else _tell_decision(live)
    verdict = device_approval.judge(door.services().oauth2, session, row, live)
    if verdict is not None:
        return _refuse(verdict.sentence)
    is_approved = device_approval.approve(session, door.actor(), row, live)
    return _done(row, is_allowed=True) if is_approved else _tell_decision(live)


def _tell_decision(live: UserSession) -> ResponseReturnValue:
    """Show a person who sends the form again, after a double click or a reload, what they have decided already."""
    row = devices.find_decided(door.session(), request.form.get("confirmation"), live.id)
    return _refuse(_OVER) if row is None else _done(row, is_allowed=row.state != State.DENIED)


def _look_up(live: UserSession, typed: str) -> ResponseReturnValue:
    code = devices.normal_user_code(typed)
    if not code:
        return _ask(typed, _UNKNOWN), 422
    try:
        charges = _charge(live)
    except Throttled as error:
        wait = pages.seconds_in_words(error.retry_after)
        sentence = say("Too many codes were tried. Wait %(time)s, then try again.", time=wait)
        return _ask(typed, sentence), 429, {"Retry-After": str(error.retry_after)}
    session = door.session()
    row = devices.find_pending(session, door.services().vault, code)
    if row is None:
        return _ask(typed, _UNKNOWN), 422
    throttles.refund(session, charges)
    verdict = device_approval.judge(door.services().oauth2, session, row, live)
    if verdict is not None:
        return _refuse(verdict.sentence)
    if device_approval.needs_sign_in(door.services().oauth2, session, row, live):
        return redirect(url_for("frontchannel.sign_in", next=_address_of(code), again=1), 303)
    return _confirm(live, row, code)


def _charge(live: UserSession) -> list[Charge]:
    """Count a guess for the account, the browser and the network, before anything is looked up."""
    settings = door.services().settings
    limits = (
        ("account", str(live.user_id), settings.device_attempts),
        ("browser", this_browser(), settings.device_attempts),
        ("network", throttles.network_of(door.address()), settings.device_attempts_per_network),
    )
    buckets = [_bucket(kind, name, limit) for kind, name, limit in limits]
    with door.services().database.transaction() as transaction:
        return throttles.charge(transaction, buckets)


def _bucket(kind: str, name: str, limit: int) -> Bucket:
    services = door.services()
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
        user_code=typed_codes.shown(code),
        address=row.address,
        asked_at=row.created_at,
        scopes=row.scope.split(),
        confirmation=devices.show(door.session(), row, live.id),
        switch_url=url_for("frontchannel.sign_in", next=_address_of(code), switch=1),
    )


def _address_of(code: str) -> str:
    return url_for("frontchannel.device", user_code=typed_codes.shown(code))


def _done(row: DeviceAuthorization, *, is_allowed: bool) -> str:
    return render_template("device_done.html", client=row.client, is_allowed=is_allowed)


def _refuse(sentence: str) -> ResponseReturnValue:
    return mistakes.page(
        400,
        say("The device cannot be connected"),
        sentence,
        say("Start again on the device and enter the new code."),
        links={say("Enter another code"): pages.at(Path.DEVICE)},
    )

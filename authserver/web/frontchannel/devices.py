"""The page on which users connect a device with a user code (RFC 8628, section 3.3).

The user always confirms the client and its scopes, even after following a link that contains the code.
"""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from authserver.domain import throttles, typed_codes
from authserver.domain.throttles import Bucket, Charge
from authserver.domain.tokens import device_authorizations
from authserver.domain.tokens.device_authorizations import DeviceAuthorization, DeviceState
from authserver.domain.user_sessions import UserSession
from authserver.errors import Throttled
from authserver.messages import message
from authserver.protocol.access import DenialReason, UserNotAllowed
from authserver.protocol.oauth2 import device_approval
from authserver.vocabulary import EndpointPath
from authserver.web import current
from authserver.web.frontchannel import no_access
from authserver.web.frontchannel.blueprint import frontchannel
from authserver.web.frontchannel.named_resources import named_resources
from authserver.web.rendering import error_pages, template_globals
from authserver.web.session import access
from authserver.web.session.browser import browser_id

_UNKNOWN = message(
    "No device is waiting for this code. Check the letters. A code works once, for a few minutes."
)
_OVER = message("The code was already used, has expired, or was opened in another window.")


@frontchannel.get(EndpointPath.DEVICE)
@current.writes
def device() -> ResponseReturnValue:
    """Ask for the user code, or show the confirmation for the code in the URL."""
    user_session = current.current_session_without_transaction()
    if user_session is None:
        return access.sign_in_first()
    if (step_up := access.require_second_factor(user_session)) is not None:
        return step_up
    code = request.args.get("user_code", "")
    # Another site must not consume this user's attempts, so after a link from another site, the user submits the code.
    is_cross_site = request.headers.get("Sec-Fetch-Site") == "cross-site"
    return _ask_for_code(code) if is_cross_site or not code else _look_up(user_session, code)


@frontchannel.post(EndpointPath.DEVICE)
def post_device() -> ResponseReturnValue:
    """Show the confirmation for the entered code."""
    user_session = current.current_session_without_transaction()
    if user_session is None:
        return access.sign_in_first()
    if (step_up := access.require_second_factor(user_session)) is not None:
        return step_up
    return _look_up(user_session, request.form.get("user_code", ""))


@frontchannel.post(EndpointPath.DEVICE_DECISION)
def decide_device() -> ResponseReturnValue:
    """Apply the user's decision."""
    user_session = current.current_session_without_transaction()
    if user_session is None:
        return access.sign_in_first()
    db = current.transaction()
    if (step_up := access.require_second_factor(user_session)) is not None:
        return step_up
    row = device_authorizations.find_shown(db, request.form.get("confirmation"), user_session.id)
    if row is None:
        return _show_decision(user_session)
    if request.form.get("decision") != "allow":
        return _done(row, is_allowed=False) if device_approval.deny(db, row) else _show_decision(user_session)
    denial = device_approval.check_device_access(current.services().client_cache, db, row, user_session)
    if denial is not None:
        return _denial_page(denial, user_session, row, "")
    is_allowed = device_approval.allow(db, current.actor(), row, user_session)
    return _done(row, is_allowed=True) if is_allowed else _show_decision(user_session)


def _show_decision(user_session: UserSession) -> ResponseReturnValue:
    """Show the earlier decision again, after a double click or a reload."""
    row = device_authorizations.find_decided(
        current.transaction(), request.form.get("confirmation"), user_session.id
    )
    return _error_page(_OVER) if row is None else _done(row, is_allowed=row.state != DeviceState.DENIED)


def _look_up(user_session: UserSession, user_code: str) -> ResponseReturnValue:
    code = device_authorizations.normalize_user_code(user_code)
    if not code:
        return _ask_for_code(user_code, _UNKNOWN), 422
    try:
        charges = _charge(user_session)
    except Throttled as error:
        text = template_globals.too_many_attempts(error.retry_after)
        return _ask_for_code(user_code, text), 429, {"Retry-After": str(error.retry_after)}
    database = current.services().database
    with throttles.refunding(database, charges), database.transaction() as db:
        is_known = device_authorizations.find_pending(db, current.services().vault, code) is not None
        if is_known:
            throttles.refund(db, charges)
    db = current.transaction()
    row = device_authorizations.find_pending(db, current.services().vault, code) if is_known else None
    if row is None:
        return _ask_for_code(user_code, _UNKNOWN), 422
    denial = device_approval.check_device_access(current.services().client_cache, db, row, user_session)
    if denial is not None:
        return _denial_page(denial, user_session, row, code)
    if device_approval.needs_sign_in(current.services().client_cache, db, row, user_session):
        return redirect(url_for("frontchannel.sign_in", next=_url_of(code), again=1), 303)
    return _confirm(user_session, row, code)


def _charge(user_session: UserSession) -> list[Charge]:
    """Charge an attempt to the account, the browser and the network before the code is looked up."""
    settings = current.services().settings
    limits = (
        ("account", str(user_session.user_id), settings.device_attempts),
        ("browser", browser_id(), settings.device_attempts),
        ("network", throttles.network_of(current.network_address()), settings.device_attempts_per_network),
    )
    buckets = [_bucket(kind, name, limit) for kind, name, limit in limits]
    with current.services().database.transaction() as db:
        return throttles.charge(db, buckets)


def _bucket(kind: str, name: str, limit: int) -> Bucket:
    services = current.services()
    return throttles.bucket(
        services.vault, "user-code", kind, name, limit=limit, window=services.settings.sign_in_window
    )


def _ask_for_code(user_code: str = "", error: str = "") -> str:
    shown = user_code[:20] if user_code.isprintable() else ""
    return render_template("device.html", user_code=shown, errors={"user_code": error} if error else {})


def _confirm(user_session: UserSession, row: DeviceAuthorization, code: str) -> str:
    return render_template(
        "device_confirm.html",
        client=row.client,
        user=user_session.user,
        user_code=typed_codes.format_code(code),
        address=row.address,
        asked_at=row.created_at,
        scopes=row.scope.split(),
        resources=named_resources(row.audience.split()),
        confirmation=device_authorizations.record_shown(current.transaction(), row, user_session.id),
        switch_url=url_for("frontchannel.sign_in", next=_url_of(code), switch=1),
    )


def _url_of(code: str) -> str:
    return url_for("frontchannel.device", user_code=typed_codes.format_code(code))


def _done(row: DeviceAuthorization, *, is_allowed: bool) -> str:
    return render_template("device_done.html", client=row.client, is_allowed=is_allowed)


def _denial_page(
    denial: DenialReason, user_session: UserSession, row: DeviceAuthorization, code: str
) -> ResponseReturnValue:
    if denial is not DenialReason.USER_NOT_ALLOWED:
        return _error_page(denial.description)
    client = current.services().client_cache.of(current.transaction(), row.client)
    device_url = _url_of(code) if code else url_for("frontchannel.device")
    return no_access.no_access_page(
        UserNotAllowed(client, user_session.user),
        EndpointPath.DEVICE,
        "access_denied",
        switch_url=url_for("frontchannel.sign_in", next=device_url, switch=1),
    )


def _error_page(text: str) -> ResponseReturnValue:
    return error_pages.error_page(
        400,
        gettext("The device cannot be connected"),
        text,
        gettext("Start again on the device and enter the new code."),
        links={gettext("Enter another code"): template_globals.local_url(EndpointPath.DEVICE)},
    )

"""The purpose of a sign-in, read from a link or form: the target URL, the application, and the mode.

The authorization endpoint encrypts the context (``sealed_values``), so that nobody else can choose the application name
on the sign-in page. The sign-in form passes an encrypted ``PendingSecondFactor`` to the second step.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from datetime import timedelta
from typing import Any

from flask import make_response, redirect, url_for
from flask.typing import ResponseReturnValue

from authserver.domain.clients.metadata import POLICY_URI, TOS_URI
from authserver.domain.user_sessions import UserSession
from authserver.domain.users import user_names
from authserver.domain.users.authentication import PendingSecondFactor
from authserver.errors import Throttled
from authserver.web import current, local_urls
from authserver.web.rendering import template_globals
from authserver.web.session import sealed_values
from authserver.web.session.browser import browser_id
from authserver.web.session.sign_in_page import ENDPOINTS, Mode, SignInPage, Step

_PURPOSE = "sign-in context"
_LIFETIME = timedelta(days=1)  # A sign-in page may stay open overnight.
_PENDING_LIFETIME = timedelta(minutes=10)
_MAX_LINK_LENGTH = 300


@dataclass(frozen=True)
class SignInContext:
    """The values that the authorization endpoint passes to the sign-in page."""

    next: str = ""
    application: str = ""
    login_hint: str = ""
    cancel_url: str = ""
    is_again: bool = False
    is_switch: bool = False
    policy_uri: str = ""
    tos_uri: str = ""


def sign_in_first(
    next_url: str,
    *,
    application: str,
    login_hint: str = "",
    cancel_url: str = "",
    is_again: bool = False,
    is_switch: bool = False,
    step: Step = "password",
    details: Mapping[str, Any] | None = None,
) -> ResponseReturnValue:
    """Redirect to the sign-in page for a client's request, and to ``next_url`` afterwards."""
    links = [_short((details or {}).get(name, "")) for name in (POLICY_URI, TOS_URI)]
    context = SignInContext(
        next_url, application, login_hint[: user_names.EMAIL_LENGTH], cancel_url, is_again, is_switch, *links
    )
    return redirect(url_for(ENDPOINTS[step], ask=sealed_values.seal(_PURPOSE, astuple(context))), 303)


def sign_in_page_of(values: Any, step: Step = "password") -> SignInPage:
    """Return the page that a link or a submitted form describes, ignoring values that are not safe."""
    user_session, context = (
        current.current_session_without_transaction(),
        _unseal_context(values.get("ask", "")),
    )
    page = SignInPage(
        mode=_mode(user_session, values, context),
        step=step,
        next=context.next or local_urls.safe_local_url(values.get("next")) or "",
        username=values.get("username", context.login_hint),
        is_remembered=values.get("remember") == "1",
        application=context.application,
        cancel_url=context.cancel_url,
        policy_uri=context.policy_uri,
        tos_uri=context.tos_uri,
        context=values.get("ask", "") if context.next else "",
        resume=values.get("resume", ""),
        pending=values.get("pending", "") if step == "code" else "",
    )
    if user_session is not None and page.mode == "again":
        page.username = user_session.user.username
    return page


def too_many_attempts_page(page: SignInPage, error: Throttled) -> ResponseReturnValue:
    """Return the page with the time to wait."""
    text = template_globals.too_many_attempts(error.retry_after)
    response = make_response(replace(page, errors={"": text}).render(), 429)
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def identifies_user(name: str, user_session: UserSession) -> bool:
    """Return whether a user name or e-mail address is that of the signed-in user."""
    return user_names.canonical_username(name) in {
        user_session.user.username_key,
        user_session.user.email_key,
    }


def seal_pending(pending: PendingSecondFactor) -> str:
    """Return the encrypted result of the first step, valid in this browser only."""
    return sealed_values.seal(_pending_purpose(), [pending.user_id, pending.user_epoch])


def unseal_pending(sealed: str) -> PendingSecondFactor | None:
    """Return the result of the first step, or None if it has expired or belongs to another browser."""
    values = sealed_values.unseal(_pending_purpose(), sealed, _PENDING_LIFETIME)
    return None if values is None else PendingSecondFactor(*values)


def _short(link: str) -> str:
    # The context is part of a URL, whose length servers limit. The consent page shows links of any length.
    return link if len(link) <= _MAX_LINK_LENGTH else ""


def _mode(user_session: UserSession | None, values: Any, context: SignInContext) -> Mode:
    if user_session is None:
        return "first"
    if values.get("switch") == "1" or context.is_switch:
        return "switch"
    if values.get("again") == "1" or context.is_again:
        return (
            "switch"
            if context.login_hint and not identifies_user(context.login_hint, user_session)
            else "again"
        )
    return "first"


def _unseal_context(sealed: str) -> SignInContext:
    values = sealed_values.unseal(_PURPOSE, sealed, _LIFETIME)
    try:
        return SignInContext(*values) if values is not None else SignInContext()
    except TypeError:
        return SignInContext()  # Another version of this server encrypted the context.


def _pending_purpose() -> str:
    return f"pending second factor:{browser_id()}"

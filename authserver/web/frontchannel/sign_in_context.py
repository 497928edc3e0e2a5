"""What a sign-in is for: handed over by the authorization endpoint, or described by a link or a sent form."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from datetime import timedelta
from typing import Any

from flask import make_response, redirect, url_for
from flask.typing import ResponseReturnValue

from authserver.domain.clients.metadata import POLICY_URI, TOS_URI
from authserver.domain.sessions.user_sessions import UserSession
from authserver.domain.users import users
from authserver.errors import Throttled
from authserver.web import local_urls
from authserver.web.rendering import template_globals
from authserver.web.session import access, sealed_values
from authserver.web.session.sign_in_page import ENDPOINTS, Mode, SecondFactorPage, SignInPage

_PURPOSE = "sign-in ask"
_LIFETIME = timedelta(days=1)  # A sign-in page may stay open over night.
_HINT_LENGTH = 200
_LINK_LENGTH = 300


@dataclass(frozen=True)
class _Ask:
    """What the authorization endpoint hands over: the application's name counts only when it is sealed."""

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
    half: SecondFactorPage = "password",
    details: Mapping[str, Any] | None = None,
) -> ResponseReturnValue:
    """Send the browser to the sign-in page for an application's request, and on to ``next_url`` afterwards."""
    links = [_short((details or {}).get(name, "")) for name in (POLICY_URI, TOS_URI)]
    ask = _Ask(next_url, application, login_hint[:_HINT_LENGTH], cancel_url, is_again, is_switch, *links)
    return redirect(url_for(ENDPOINTS[half], ask=sealed_values.seal(_PURPOSE, astuple(ask))), 303)


def sign_in_page_of(values: Any, half: SecondFactorPage = "password") -> SignInPage:
    """Return the page that a link or a sent form describes, believing neither of them more than is safe."""
    live, ask = access.current_person(), _read_ask(values.get("ask", ""))
    page = SignInPage(
        mode=_mode(live, values, ask),
        half=half,
        next=ask.next or local_urls.safe_local_url(values.get("next")) or "",
        username=values.get("username", ask.login_hint),
        is_remembered=values.get("remember") == "1",
        application=ask.application,
        cancel_url=ask.cancel_url,
        policy_uri=ask.policy_uri,
        tos_uri=ask.tos_uri,
        ask=values.get("ask", "") if ask.next else "",
        resume=values.get("resume", ""),
        proof=values.get("proof", "") if half == "code" else "",
    )
    if live is not None and page.mode == "again":
        page.username = live.user.username
    return page


def too_many_attempts_page(page: SignInPage, error: Throttled) -> ResponseReturnValue:
    """Return the page once more, saying how long to wait."""
    response = make_response(
        replace(page, errors={"": template_globals.too_many_attempts(error.retry_after)}).render(), 429
    )
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def _short(link: str) -> str:
    # What is handed over travels in an address, which servers cut off somewhere; consent shows a link of any length.
    return link if len(link) <= _LINK_LENGTH else ""


def _mode(live: UserSession | None, values: Any, ask: _Ask) -> Mode:
    if live is None:
        return "first"
    if values.get("switch") == "1" or ask.is_switch:
        return "switch"
    if values.get("again") == "1" or ask.is_again:
        return "switch" if ask.login_hint and not is_own_name(ask.login_hint, live) else "again"
    return "first"


def is_own_name(typed: str, live: UserSession) -> bool:
    """Return whether somebody who is signed in signs in by this name."""
    own = {users.canonical_username(name) for name in (live.user.username, live.user.email) if name}
    return users.canonical_username(typed) in own


def _read_ask(carried: str) -> _Ask:
    values = sealed_values.unseal(_PURPOSE, carried, _LIFETIME)
    try:
        return _Ask(*values) if values is not None else _Ask()
    except TypeError:
        return _Ask()  # Another version of this product sealed it.

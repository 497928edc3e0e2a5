"""Requests to sign a person out (OpenID Connect RP-Initiated Logout 1.0): whom they concern, and where they may lead.

An application proves by an ID token of ours that it had the session; only then is nobody asked, and only then does the
browser return to it. The pages are in ``web.frontchannel.end_session``.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.errors import InvalidRequestError
from sqlalchemy.orm import Session

from authserver.domain.clients import clients, logout_uris
from authserver.domain.clients.clients import Client
from authserver.domain.diagnostics import redaction
from authserver.domain.sessions.user_sessions import UserSession
from authserver.messages import Message, message
from authserver.protocol.http import Pairs, present_values, repeated_names
from authserver.protocol.oauth2 import bearer_tokens
from authserver.protocol.oauth2.errors import oauth_error
from authserver.protocol.oauth2.server import OAuth2Server

# What asks and tells carries the request in an address of ours, and servers take none of more than 8 kB.
_LINK_LENGTH = 7000


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A request that was read: ``sid`` is the session that a valid hint names, ``fault`` why it cannot lead back."""

    client_key: str = ""
    is_hinted: bool = False
    sid: str = ""
    redirect_uri: str = ""
    state: str = ""
    fault: str = ""

    def concerns(self, live: UserSession) -> bool:
        """Return whether the hint names the session of this browser, so that nobody has to be asked."""
        return self.is_hinted and bool(self.sid) and self.sid == live.sid


def parse_logout_request(
    server: OAuth2Server, db: Session, pairs: Pairs
) -> tuple[LogoutRequest, OAuth2Error | None]:
    """Return the request, and what an administrator should know about it; raises the OAuth error for a page.

    A hint that is not ours, or a return address that is not registered, does not keep a person from signing out.
    """
    for name in repeated_names(pairs):
        raise oauth_error(
            InvalidRequestError,
            message("%(name)s is repeated.", name=name[:60]),
            "parameter-repeated",
            received=name,
            expected="each parameter once",
        )
    parameters = present_values(pairs)
    hint = parameters.get("id_token_hint")
    claims = server.id_tokens.read_hint(hint) if hint else None
    client = _client(db, parameters.get("client_id"), claims)
    key = client.client_key if client else ""
    if hint and claims is None:
        fault = message("id_token_hint is not an ID token of this server.")
        return LogoutRequest(key, fault=fault), oauth_error(
            InvalidRequestError,
            fault,
            "id-token-hint",
            received=bearer_tokens.kind_of(hint),
            expected=f"an ID token of {server.settings.issuer}",
            client_id=_id(client),
        )
    sid = str(claims.get("sid", "")) if claims else ""
    # S4: a client that is not approved decides nothing, so that the person is asked.
    is_hinted = claims is not None and client is not None and client.is_approved
    wanted = parameters.get("post_logout_redirect_uri", "")
    if wanted and not _may_return(client, wanted):
        fault, error = _no_way_back(client, wanted, parameters.get("client_id"), is_hinted=claims is not None)
        return LogoutRequest(key, is_hinted, sid, fault=fault), error
    state = parameters.get("state", "") if wanted else ""
    _check_length(client, _link(wanted, state))
    return LogoutRequest(key, is_hinted, sid, wanted, state), None


def destination(db: Session, request: LogoutRequest) -> str | None:
    """Return where the browser may be sent afterwards (section 3), None where a page must do."""
    return return_link(db, request) if request.is_hinted else None


def return_link(db: Session, request: LogoutRequest) -> str | None:
    """Return the address, with the state to the letter, that a person may be offered as a link."""
    uri = request.redirect_uri
    if not uri or not _may_return(clients.find(db, request.client_key), uri):
        return None
    return _link(uri, request.state)


def _link(uri: str, state: str) -> str:
    if not state:
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}state={quote(state, safe='')}"


def _check_length(client: Client | None, link: str) -> None:
    if len(link) > _LINK_LENGTH:
        raise oauth_error(
            InvalidRequestError,
            "state is too long to be passed back.",
            "state-too-long",
            received=f"an address of {len(link)} characters, written as addresses are",
            expected=f"{_LINK_LENGTH} characters at most; a state of 400 always fits",
            client_id=_id(client),
        )


def _client(db: Session, named: str | None, claims: dict[str, Any] | None) -> Client | None:
    if claims is None:
        return clients.find(db, named or "")
    audience = claims.get("aud", ())
    keys = [audience] if isinstance(audience, str) else [key for key in audience if isinstance(key, str)]
    if named is not None and named not in keys:
        # Section 2: the client must be the one to which the ID token was issued.
        fault = message("client_id is not the client to which the ID token was issued.")
        raise oauth_error(
            InvalidRequestError,
            fault,
            "client-id-differs",
            received=redaction.unknown_key(named),
            expected=" ".join(keys),
        )
    wanted = named or claims.get("azp")
    first = [wanted] if wanted in keys else keys
    return next((client for key in first if (client := clients.find(db, key))), None)


def _may_return(client: Client | None, uri: str) -> bool:
    registered = client.details.get(logout_uris.POST_LOGOUT, ()) if client and client.is_approved else ()
    return uri in registered


def _no_way_back(
    client: Client | None, wanted: str, named: str | None, *, is_hinted: bool
) -> tuple[Message, OAuth2Error]:
    """Return what the person is told, and the administrator, of an address that cannot be returned to (section 3)."""
    if client is None and named is None and not is_hinted:
        return message(
            "The application did not identify itself, so you cannot return to it from here."
        ), _nobody(wanted)
    error = _unknown(named) if client is None and named is not None else _not_registered(client, wanted)
    return message("The return URL is not registered for the application."), error


def _unknown(named: str) -> OAuth2Error:
    return oauth_error(
        InvalidRequestError,
        message("No client is registered under this client_id."),
        "client-unknown",
        received=redaction.unknown_key(named),
        expected="the key of a client that is registered here",
    )


def _nobody(wanted: str) -> OAuth2Error:
    return oauth_error(
        InvalidRequestError,
        "post_logout_redirect_uri needs id_token_hint, or at least client_id.",
        "post-logout-client-missing",
        received=f"post_logout_redirect_uri {wanted} alone",
        expected="id_token_hint, or at least client_id, beside it",
    )


def _not_registered(client: Client | None, wanted: str) -> OAuth2Error:
    registered = client.details.get(logout_uris.POST_LOGOUT, ()) if client else ()
    return oauth_error(
        InvalidRequestError,
        "post_logout_redirect_uri is not registered for this client.",
        "post-logout-redirect-uri-not-registered",
        received=wanted,
        expected="\n".join(registered),
        client_id=_id(client),
    )


def _id(client: Client | None) -> int | None:
    return client.id if client else None

"""Parses logout requests (OpenID Connect RP-Initiated Logout 1.0).

If an application sends an ID token of the current session, the user is signed out without confirmation. Otherwise the
server asks the user first. The pages are in ``web.frontchannel.end_session``.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sqlalchemy.orm import Session

from authserver.domain import opaque_tokens
from authserver.domain.clients import clients, redirect_uris
from authserver.domain.clients.clients import Client
from authserver.domain.clients.metadata import POST_LOGOUT_REDIRECT_URIS
from authserver.domain.diagnostics import redaction
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.diagnostics.error_log import ErrorDetails
from authserver.domain.user_sessions import UserSession
from authserver.messages import message
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.http import Pairs, present_values, repeated_names
from authserver.protocol.oidc.id_token import IdTokens

# The pages pass the request on in a URL, and servers reject URLs of more than 8 kB.
_MAX_LINK_LENGTH = 7000
_NOT_REGISTERED = message("The return URL is not registered for the application.")
_CLIENT_MISSING = message("The application did not identify itself, so you cannot return to it from here.")


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A logout request.

    ``is_hinted`` is true if the request contains a valid ID token of an approved client. ``sid`` is the session that
    a valid ID token names. ``problem`` is the reason why the browser cannot return to the application, or empty.
    """

    client_key: str = ""
    is_hinted: bool = False
    sid: str = ""
    redirect_uri: str = ""
    state: str = ""
    problem: str = ""

    def concerns(self, user_session: UserSession) -> bool:
        """Return whether the hint is for this session, so that no confirmation is needed."""
        return self.is_hinted and bool(self.sid) and self.sid == user_session.sid


def parse_logout_request(
    id_tokens: IdTokens, db: Session, pairs: Pairs
) -> tuple[LogoutRequest, ErrorDetails | None]:
    """Return the request and an error to record, or None; raises invalid_request.

    The error to record does not prevent the sign-out: the user can sign out even if the hint is not from this server or
    the redirect URI is not registered.
    """
    for name in repeated_names(pairs):
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.PARAMETER_REPEATED,
            message("%(name)s is repeated.", name=name[:60]),
            received=name,
            expected="each parameter once",
        )
    parameters = present_values(pairs)
    hint, client_id = parameters.get("id_token_hint"), parameters.get("client_id")
    claims = id_tokens.parse_hint(hint) if hint else None
    client = _client(db, client_id, claims)
    key = client.client_key if client else ""
    if hint and claims is None:
        details = ErrorDetails(
            ErrorCode.INVALID_REQUEST,
            Cause.ID_TOKEN_HINT,
            message("id_token_hint is not an ID token of this server."),
            received=opaque_tokens.kind_of(hint),
            expected=f"an ID token of {id_tokens.issuer}",
            client_id=_id(client),
        )
        return LogoutRequest(key, problem=details.description), details
    sid = str(claims.get("sid", "")) if claims else ""
    # S4: ignore the hint of a client that is not approved, so that the server asks the user.
    is_hinted = claims is not None and client is not None and client.is_approved
    redirect_uri = parameters.get("post_logout_redirect_uri", "")
    if redirect_uri and not _is_registered(client, redirect_uri):
        is_identified = claims is not None or client_id is not None
        problem = _NOT_REGISTERED if is_identified else _CLIENT_MISSING
        details = _redirect_error(client, redirect_uri, client_id, is_identified=is_identified)
        return LogoutRequest(key, is_hinted, sid, problem=problem), details
    state = parameters.get("state", "") if redirect_uri else ""
    _check_length(client, _link(redirect_uri, state))
    return LogoutRequest(key, is_hinted, sid, redirect_uri, state), None


def destination(db: Session, request: LogoutRequest) -> str | None:
    """Return the URL to redirect to after the sign-out (section 3), or None to show a page."""
    return return_link(db, request) if request.is_hinted else None


def return_link(db: Session, request: LogoutRequest) -> str | None:
    """Return the URL that the page may offer as a link, with the unchanged state, or None."""
    uri = request.redirect_uri
    if not uri or not _is_registered(clients.find(db, request.client_key), uri):
        return None
    return _link(uri, request.state)


def _link(uri: str, state: str) -> str:
    if not state:
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}state={quote(state, safe='')}"


def _check_length(client: Client | None, link: str) -> None:
    if len(link) > _MAX_LINK_LENGTH:
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.STATE_TOO_LONG,
            "state is too long.",
            received=f"a URL of {len(link)} characters after percent-encoding",
            expected=f"at most {_MAX_LINK_LENGTH} characters; a state of 400 characters always fits",
            client_id=_id(client),
        )


def _client(db: Session, client_id: str | None, claims: dict[str, Any] | None) -> Client | None:
    if claims is None:
        return clients.find(db, client_id or "")
    audience = claims.get("aud", ())
    keys = [audience] if isinstance(audience, str) else [key for key in audience if isinstance(key, str)]
    if client_id is not None and client_id not in keys:
        # Section 2: the client must be the one to which the ID token was issued.
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.CLIENT_ID_DIFFERS,
            message("client_id is not the client to which the ID token was issued."),
            received=redaction.unknown_key(client_id),
            expected=" ".join(keys),
        )
    preferred = client_id or claims.get("azp")
    candidates = [preferred] if preferred in keys else keys
    return next((client for key in candidates if (client := clients.find(db, key))), None)


def _is_registered(client: Client | None, uri: str) -> bool:
    registered = client.details.get(POST_LOGOUT_REDIRECT_URIS, ()) if client and client.is_approved else ()
    return uri in registered


def _redirect_error(
    client: Client | None, redirect_uri: str, client_id: str | None, *, is_identified: bool
) -> ErrorDetails:
    """Return the error about a post_logout_redirect_uri that cannot be used (section 3)."""
    if client is None and not is_identified:
        return ErrorDetails(
            ErrorCode.INVALID_REQUEST,
            Cause.POST_LOGOUT_CLIENT_MISSING,
            "post_logout_redirect_uri requires id_token_hint or client_id.",
            received=f"post_logout_redirect_uri {redirect_uri} alone",
            expected="also id_token_hint, or at least client_id",
        )
    if client is None and client_id is not None:
        return ErrorDetails(
            ErrorCode.INVALID_REQUEST,
            Cause.CLIENT_UNKNOWN,
            message("No client is registered under this client_id."),
            received=redaction.unknown_key(client_id),
            expected="the client_id of a registered client",
        )
    registered = client.details.get(POST_LOGOUT_REDIRECT_URIS, ()) if client else ()
    cause = Cause.POST_LOGOUT_REDIRECT_URI_NOT_REGISTERED
    problem = "post_logout_redirect_uri is not registered for this client."
    if redirect_uris.is_encoded_twice(redirect_uri, registered):
        cause = Cause.REDIRECT_URI_ENCODED_TWICE
        problem = "post_logout_redirect_uri is percent-encoded twice. The application must encode it once."
    return ErrorDetails(
        ErrorCode.INVALID_REQUEST,
        cause,
        problem,
        received=redirect_uri,
        expected="\n".join(registered),
        client_id=_id(client),
    )


def _id(client: Client | None) -> int | None:
    return client.id if client else None

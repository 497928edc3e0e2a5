"""The authorization code grant at the token endpoint (RFC 6749, section 4.1.3), with PKCE (RFC 7636).

``authorization`` and ``authorization_response`` issue the code.
"""

from typing import Any, NoReturn

from sqlalchemy import Connection, Row

from authserver import clock
from authserver.domain import opaque_tokens
from authserver.domain.authorizations import authorizations
from authserver.domain.clients import redirect_uris
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.opaque_tokens import OpaqueToken
from authserver.domain.tokens import codes
from authserver.protocol.errors import ProtocolError
from authserver.protocol.oauth2 import pkce
from authserver.protocol.oauth2.client_request import ClientRequest
from authserver.protocol.oauth2.grants.base import ApprovedRequest, CheckResult, Grant, PresentedRequest
from authserver.vocabulary import GrantType, TokenPrefix

_DIFFERS = "redirect_uri differs from the redirect_uri in the authorization request."
_ENCODED_TWICE = "redirect_uri is percent-encoded twice. The application must encode it once."


class AuthorizationCodeGrant(Grant):
    """Redeems an authorization code, once."""

    grant_type = GrantType.AUTHORIZATION_CODE

    def load(self, connection: Connection, request: ClientRequest) -> Row[Any] | None:
        """Read the client and the code."""
        return codes.find(connection, request.client_key, _parse_code(request))

    def check(self, presented: PresentedRequest) -> CheckResult:
        """Check the code, its redirect URI and its verifier; a replay revokes the authorization."""
        row = presented.row
        code = _parse_code(presented.request)
        if code is None or row.code_id is None or not opaque_tokens.matches(code, row.digest):
            raise presented.error(Cause.CODE_UNKNOWN, "The code is unknown.")
        if row.owner_id != presented.client.id:
            raise presented.error(Cause.CODE_OF_ANOTHER_CLIENT, "The code was issued to another client.")
        _check_redirect_uri(presented)
        _check_verifier(presented)
        # The checks above reject other clients, so only the client that received the code can cause a revocation by
        # replaying it (RFC 6749, section 4.1.2).
        if row.consumed_at is not None:
            _revoke_replayed(presented)
        if row.expires_at <= clock.now():
            raise presented.error(Cause.CODE_EXPIRED, "The code has expired.")
        return CheckResult(row.scope, _registration_error(presented))

    def issue(self, approved: ApprovedRequest) -> dict[str, Any]:
        """Consume the code and issue its tokens in one step; of two parallel requests, the second is a replay."""
        new = approved.new_tokens()
        values = new.values | {"code_id": approved.row.code_id}
        with approved.services.database.consuming() as connection:
            issued = codes.REDEEM.execute(connection, values, with_refresh=new.with_refresh)
        if issued is None:
            _revoke_replayed(approved)
        return new.response(approved.row, issued)


def _parse_code(request: ClientRequest) -> OpaqueToken | None:
    return opaque_tokens.parse_token(TokenPrefix.CODE, request.required("code"))


def _check_redirect_uri(presented: PresentedRequest) -> None:
    # RFC 6749, section 4.1.3: redirect_uri must be identical. It is optional if the authorization request omitted it.
    used, sent = _redirect_uri(presented.row), presented.request.parameters.get("redirect_uri", "")
    if sent not in ((used,) if presented.row.redirect_uri else ("", used)):
        cause, problem = Cause.REDIRECT_URI_DIFFERS, _DIFFERS
        if redirect_uris.is_encoded_twice(sent, (used,)):
            cause, problem = Cause.REDIRECT_URI_ENCODED_TWICE, _ENCODED_TWICE
        raise presented.error(
            cause,
            problem,
            received=sent,
            expected=used,
        )


def _check_verifier(presented: PresentedRequest) -> None:
    verifier = presented.request.parameters.get("code_verifier")
    if error := pkce.check_verifier(presented.row.code_challenge, verifier):
        raise presented.error(
            Cause.CODE_VERIFIER, error.description, received=error.received, expected=error.expected
        )


def _registration_error(presented: PresentedRequest) -> ProtocolError | None:
    """Return the error if the client's registration has changed since the sign-in and no longer allows the code."""
    client = presented.client
    if client.is_pkce_required and not presented.row.code_challenge:
        return presented.error(
            Cause.CODE_VERIFIER,
            "This client must use PKCE: send code_challenge in the authorization request.",
            expected="code_challenge in the authorization request",
        )
    # RFC 6749, section 10.6: the redirect URI must still be registered.
    used = _redirect_uri(presented.row)
    if redirect_uris.is_registered(used, client.redirect_uris):
        return None
    return presented.error(
        Cause.REDIRECT_URI_NOT_REGISTERED,
        "redirect_uri is no longer registered for this client.",
        received=used,
        expected="\n".join(client.redirect_uris),
    )


def _redirect_uri(row: Row[Any]) -> str:
    """Return the redirect URI that the code was sent to, even if the authorization request omitted it."""
    return str(row.redirect_uri or row.request.get("redirect_uri", ""))


def _revoke_replayed(presented: PresentedRequest) -> NoReturn:
    with presented.services.database.transaction() as db:
        authorizations.revoke(db, presented.actor, presented.row.authorization_id, reason="code replayed")
    raise presented.error(Cause.CODE_REPLAYED, "The code was already used; its tokens have been revoked.")

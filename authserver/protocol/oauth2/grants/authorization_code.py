"""The authorization code grant at the token endpoint (RFC 6749, section 4.1.3) with PKCE (RFC 7636).

What the authorization endpoint does with it lives in ``authorization``.
"""

from typing import Any, NoReturn

from sqlalchemy import Row

from authserver import clock
from authserver.domain.authorizations import authorizations, codes
from authserver.domain.clients import redirect_uris
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.tokens import opaque_tokens
from authserver.protocol.oauth2 import pkce
from authserver.protocol.oauth2.grants.base import Grant
from authserver.protocol.oauth2.token_response import TokenIssue
from authserver.vocabulary import GrantType, TokenPrefix


class AuthorizationCodeGrant(Grant):
    """Redeems an authorization code, once."""

    GRANT_TYPE = GrantType.AUTHORIZATION_CODE

    def validate_token_request(self) -> None:
        """Authenticate the client and check the code, its redirect URI and verifier; raises the OAuth error."""
        self.handle = opaque_tokens.parse_token(TokenPrefix.CODE, self.request.required("code"))
        self.admit(codes.find, self.handle)
        self._check_code(self.row)
        if self.row.consumed_at is not None:
            self._revoke_replayed(self.row)
        self.check_granted(self.row.scope)
        self._check_registered(self.row)
        self.audience = self.granted_audience()

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        """Consume the code and issue its tokens in one step; a request that loses the race gets invalid_grant."""
        now = clock.now()
        issuing = TokenIssue(self.server, self.caller, self.row.scope, now, self.audience)
        values = issuing.values | {"code_id": self.row.code_id}
        with self.server.database.consuming() as connection:
            issued = codes.REDEEM.execute(connection, values, with_refresh=issuing.with_refresh)
        if issued is None:
            self._revoke_replayed(self.row)
        return 200, issuing.document(self.row, issued), self.TOKEN_RESPONSE_HEADER

    def _check_code(self, row: Row[Any]) -> None:
        parameters = self.request.parameters
        if self.handle is None or row.code_id is None or not opaque_tokens.matches(self.handle, row.digest):
            raise self._refusal("The code is unknown.", Cause.CODE_UNKNOWN)
        if row.owner_id != self.caller.id:
            raise self._refusal("The code was issued to another client.", Cause.CODE_OF_ANOTHER_CLIENT)
        self._check_redirect_uri(row, parameters.get("redirect_uri", ""))
        if fault := pkce.check_verifier(row.code_challenge, parameters.get("code_verifier")):
            raise self._refusal(
                fault.sentence, Cause.CODE_VERIFIER, received=fault.received, expected=fault.expected
            )
        if row.consumed_at is None and row.expires_at <= clock.now():
            raise self._refusal("The code has expired.", Cause.CODE_EXPIRED)

    def _check_redirect_uri(self, row: Row[Any], sent: str) -> None:
        # RFC 6749, section 4.1.3: what the authorization request named; one that it left out may be left out here too.
        used = self._redirect_uri(row)
        if sent not in ((used,) if row.redirect_uri else ("", used)):
            raise self._refusal(
                "redirect_uri differs from the authorization request.",
                Cause.REDIRECT_URI_DIFFERS,
                received=sent,
                expected=used,
            )

    @staticmethod
    def _redirect_uri(row: Row[Any]) -> str:
        """Return where the code was sent to, whether the authorization request named it or not."""
        return str(row.redirect_uri or row.request.get("redirect_uri", ""))

    def _check_registered(self, row: Row[Any]) -> None:
        """Hold the code against what the client is registered for by now; an administrator may have changed it."""
        if self.caller.is_pkce_required and not row.code_challenge:
            raise self._refusal(
                "This client must use PKCE now.",
                Cause.CODE_VERIFIER,
                expected="code_challenge at the sign-in",
            )
        # RFC 6749, section 10.6: the registered value decides.
        used = self._redirect_uri(row)
        if not redirect_uris.is_registered(used, self.caller.redirect_uris):
            raise self._refusal(
                "redirect_uri is not registered for this client any more.",
                Cause.REDIRECT_URI_NOT_REGISTERED,
                received=used,
                expected="\n".join(self.caller.redirect_uris),
            )

    def _revoke_replayed(self, row: Row[Any]) -> NoReturn:
        """Revoke what a code produced when its rightful client presents it again (RFC 6749, section 4.1.2)."""
        actor = self.request.actor(self.caller)
        with self.server.database.transaction() as db:
            authorizations.revoke(db, actor, row.authorization_id, reason="code replayed")
        raise self._refusal("The code has been used; what it produced was revoked.", Cause.CODE_REPLAYED)

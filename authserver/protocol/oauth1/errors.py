"""The errors of signed requests, in the codes of the OAuth Problem Reporting extension.

Jazz and OSLC clients depend on the codes: only ``invalid_expired_token`` makes them request new credentials. The advice
(``oauth_problem_advice``) is a sentence for the reader of the client's log.
"""

from collections.abc import Mapping
from enum import StrEnum

from authserver.domain.diagnostics.causes import Cause
from authserver.protocol.errors import ProtocolError, with_reference
from authserver.protocol.oauth1.encoding import Pair, encode_form, escape

_MAX_REJECTED_LENGTH = 200


class ProblemCode(StrEnum):
    """A problem code of the extension, or the one that Jazz added. Each has a cause of the same name."""

    VERSION_REJECTED = "version_rejected"
    PARAMETER_ABSENT = "parameter_absent"
    PARAMETER_REJECTED = "parameter_rejected"
    TIMESTAMP_REFUSED = "timestamp_refused"
    NONCE_USED = "nonce_used"
    SIGNATURE_METHOD_REJECTED = "signature_method_rejected"
    SIGNATURE_INVALID = "signature_invalid"
    CONSUMER_KEY_UNKNOWN = "consumer_key_unknown"
    CONSUMER_KEY_REJECTED = "consumer_key_rejected"
    CONSUMER_KEY_REFUSED = "consumer_key_refused"
    TOKEN_USED = "token_used"
    TOKEN_EXPIRED = "token_expired"
    TOKEN_REVOKED = "token_revoked"
    TOKEN_REJECTED = "token_rejected"
    INVALID_EXPIRED_TOKEN = "invalid_expired_token"
    VERIFIER_INVALID = "verifier_invalid"
    PERMISSION_UNKNOWN = "permission_unknown"
    PERMISSION_DENIED = "permission_denied"
    USER_REFUSED = "user_refused"

    @property
    def cause(self) -> Cause:
        """The cause under which the error is recorded."""
        return Cause[self.name]

    @property
    def status(self) -> int:
        """The HTTP status that OSLC clients expect."""
        return _STATUSES.get(self, _DEFAULT_STATUS)


_STATUSES = {
    ProblemCode.VERSION_REJECTED: 400,
    ProblemCode.PARAMETER_ABSENT: 400,
    ProblemCode.PARAMETER_REJECTED: 400,
    ProblemCode.TIMESTAMP_REFUSED: 400,
    ProblemCode.SIGNATURE_METHOD_REJECTED: 400,
    ProblemCode.USER_REFUSED: 503,
    ProblemCode.CONSUMER_KEY_REFUSED: 503,
}
_DEFAULT_STATUS = 401


class OAuth1Error(ProtocolError):
    """The error that rejects a signed request.

    ``cause`` may be more precise than the code. ``parameters`` are additional response parameters, such as the
    acceptable timestamps.
    """

    def __init__(
        self,
        code: ProblemCode,
        advice: str,
        *,
        cause: Cause | None = None,
        received: str = "",
        expected: str = "",
        client_id: int | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            code,
            cause or code.cause,
            advice,
            received=received,
            expected=expected,
            client_id=client_id,
            status=code.status,
        )
        self.parameters = parameters or {}


def problem_parameters(error: OAuth1Error, reference: str = "") -> list[Pair]:
    """Return the parameters of an error response, the problem code first."""
    advice = with_reference(error.details.description, reference)
    return [("oauth_problem", error.error), *error.parameters.items(), ("oauth_problem_advice", advice)]


def challenge(realm: str, problem: list[Pair] | None = None) -> str:
    """Return the WWW-Authenticate value, including the parameters of a problem (RFC 5849, section 3.5.1)."""
    quoted = realm.replace("\\", "\\\\").replace('"', '\\"')
    attributes = [f'realm="{quoted}"']
    attributes += [f'{escape(name)}="{escape(value)}"' for name, value in problem or ()]
    return f"OAuth {', '.join(attributes)}"


def parameters_absent(*names: str, client_id: int | None = None, advice: str = "") -> OAuth1Error:
    """Return the error for a request that lacks parameters."""
    joined = "&".join(escape(name) for name in names)
    return OAuth1Error(
        ProblemCode.PARAMETER_ABSENT,
        advice or f"The request lacks {', '.join(names)}.",
        expected=" ".join(names),
        client_id=client_id,
        parameters={"oauth_parameters_absent": joined},
    )


def parameter_rejected(
    name: str,
    advice: str,
    value: str = "",
    *,
    received: str = "",
    expected: str = "",
    client_id: int | None = None,
) -> OAuth1Error:
    """Return the error for a parameter whose value, or presence, is not allowed."""
    return OAuth1Error(
        ProblemCode.PARAMETER_REJECTED,
        advice,
        received=received,
        expected=expected,
        client_id=client_id,
        parameters={"oauth_parameters_rejected": encode_form([(name, value[:_MAX_REJECTED_LENGTH])])},
    )

"""Why a signed request is refused, in the words of the OAuth problem reporting extension.

Jazz and OSLC clients act on these words: only ``invalid_expired_token`` makes them start the dance anew. The advice is
a sentence for the person who reads the client's log.
"""

from enum import StrEnum

from authlib.oauth1.rfc5849.errors import OAuth1Error

from authserver.protocol.oauth1.encoding import Pair, encode_form, escape


class Reason(StrEnum):
    """The words of the extension, and the one that Jazz added."""

    # None of these is a secret, whatever its name says.
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


_STATUSES = {
    Reason.VERSION_REJECTED: 400,
    Reason.PARAMETER_ABSENT: 400,
    Reason.PARAMETER_REJECTED: 400,
    Reason.TIMESTAMP_REFUSED: 400,
    Reason.SIGNATURE_METHOD_REJECTED: 400,
    Reason.USER_REFUSED: 503,
    Reason.CONSUMER_KEY_REFUSED: 503,
}
_OTHER_STATUS = 401


def status_of(problem: str) -> int:
    """Return the HTTP status that OSLC clients expect with a problem."""
    return _STATUSES.get(Reason(problem), _OTHER_STATUS)


class Problem(OAuth1Error):
    """A refusal; ``companions`` are the extension's further parameters, such as the acceptable timestamps.

    ``received`` and ``expected`` are for the administrator, with the client that they concern; nothing secret.
    """

    def __init__(self, problem: str, advice: str = "", **companions: str) -> None:
        super().__init__(description=advice, status_code=status_of(problem))
        self.error: str = problem
        self.advice = advice
        self.companions = companions
        self.client_id: int | None = None
        self.received = ""
        self.expected = ""

    def about(self, client_id: int, received: str = "", expected: str = "") -> "Problem":
        """Return the problem with what an administrator needs to understand it."""
        self.client_id, self.received, self.expected = client_id, received, expected
        return self

    def get_body(self) -> list[Pair]:
        """Return the parameters of the answer, the problem first."""
        body = [("oauth_problem", self.error), *self.companions.items()]
        return [*body, ("oauth_problem_advice", self.advice)] if self.advice else body


def challenge(realm: str, problem: Problem | None = None) -> str:
    """Return the WWW-Authenticate value, with the problem where there is one (RFC 5849, section 3.5.1)."""
    quoted = realm.replace("\\", "\\\\").replace('"', '\\"')
    words = [f'realm="{quoted}"']
    if problem is not None:
        words += [f'{escape(name)}="{escape(value)}"' for name, value in problem.get_body()]
    return f"OAuth {', '.join(words)}"


def absent(*names: str) -> Problem:
    """Return the refusal of a request that lacks parameters."""
    joined = "&".join(escape(name) for name in names)
    problem = Problem(
        Reason.PARAMETER_ABSENT, f"The request lacks {', '.join(names)}.", oauth_parameters_absent=joined
    )
    problem.expected = " ".join(names)
    return problem


def rejected(name: str, advice: str, value: str = "") -> Problem:
    """Return the refusal of a parameter's value, or of its presence."""
    return Problem(
        Reason.PARAMETER_REJECTED, advice, oauth_parameters_rejected=encode_form([(name, value[:200])])
    )

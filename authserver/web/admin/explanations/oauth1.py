"""Explanations of OAuth 1.0a errors, one for each cause."""

from collections.abc import Mapping

from authserver.domain.diagnostics.causes import Cause
from authserver.web.admin.explanations.explanation import Compare, Explanation, FixKind

_SIGN_IN_AGAIN = "The user has to start the sign-in again in the application."

EXPLANATIONS: Mapping[Cause, Explanation] = {
    Cause.VERSION_REJECTED: Explanation(
        "The OAuth version is not 1.0", "Omit oauth_version, or set it to 1.0 or 1.0a."
    ),
    Cause.PARAMETER_ABSENT: Explanation(
        "The request lacks a parameter",
        "The error description below names the parameter. If the consumer supports only OAuth Core 1.0, allow that version"
        " in its options.",
        fix_kind=FixKind.CONSUMER,
    ),
    Cause.PARAMETER_REJECTED: Explanation(
        "A parameter is not valid",
        "The error description below names the parameter. If the consumer has registered callbacks, it can use only those.",
        Compare.URIS,
        FixKind.ADD_URI,
    ),
    Cause.TIMESTAMP_REFUSED: Explanation(
        "The clock of the consumer is wrong",
        "Correct the clock of the consumer's machine, preferably with NTP.",
        fix_kind=FixKind.DEBUGGER,
    ),
    Cause.NONCE_USED: Explanation(
        "The request was sent twice",
        "Every request needs a new nonce. A common cause is a proxy that repeats requests.",
        fix_kind=FixKind.DEBUGGER,
    ),
    Cause.SIGNATURE_METHOD_REJECTED: Explanation(
        "The signature method is not allowed",
        "Allow it in the options of the consumer, or configure the consumer to use an allowed method.",
        fix_kind=FixKind.CONSUMER,
    ),
    Cause.SIGNATURE_INVALID: Explanation(
        "The signature is wrong",
        "Compare the base strings. If they are equal, the consumer signs with the wrong secret or key. If they differ, a"
        " proxy changes the request, or the consumer signs for an address that the server could not guess.",
        Compare.BASE_STRING,
        FixKind.DEBUGGER,
    ),
    Cause.SIGNATURE_ADDRESS: Explanation(
        "The consumer signed the request for another address",
        "The secret is right. Configure the consumer with the expected address below. If that address is wrong, correct the"
        " public URL of this server.",
        fix_kind=FixKind.DEBUGGER,
    ),
    Cause.SIGNATURE_TOKEN_SECRET: Explanation(
        "The consumer signed without the token secret",
        "The consumer secret is right. The consumer must also sign with the secret that it received with the token.",
        fix_kind=FixKind.DEBUGGER,
    ),
    Cause.CONSUMER_KEY_UNKNOWN: Explanation(
        "No consumer has this consumer key",
        "Copy the consumer key into the application again. The consumer may also have been removed.",
        fix_kind=FixKind.CLIENTS,
    ),
    Cause.CONSUMER_KEY_REJECTED: Explanation(
        "The consumer is disapproved",
        "An administrator disapproved it. Approve it again if that was a mistake.",
        fix_kind=FixKind.APPROVE,
    ),
    Cause.CONSUMER_KEY_REFUSED: Explanation(
        "The consumer is waiting for approval",
        "Nobody can use it yet. Review its registration, and approve it if you know the application.",
        fix_kind=FixKind.APPROVE,
    ),
    Cause.TOKEN_USED: Explanation("The temporary credentials were used before", _SIGN_IN_AGAIN),
    Cause.TOKEN_EXPIRED: Explanation("The temporary credentials have expired", _SIGN_IN_AGAIN),
    Cause.TOKEN_REVOKED: Explanation("The authorization was revoked", _SIGN_IN_AGAIN),
    Cause.TOKEN_REJECTED: Explanation(
        "The token is not valid", f"It is unknown or belongs to another consumer. {_SIGN_IN_AGAIN}"
    ),
    Cause.INVALID_EXPIRED_TOKEN: Explanation(
        "The access token is unknown, expired or revoked",
        "This is usually not a problem: the consumer starts a new sign-in by itself.",
    ),
    Cause.VERIFIER_INVALID: Explanation(
        "The verifier is wrong", "Type the verifier exactly as the page shows it, or start the sign-in again."
    ),
    Cause.PERMISSION_UNKNOWN: Explanation(
        "The user has not decided yet",
        "The consumer must wait until the user returns to its callback before it requests the token credentials.",
    ),
    Cause.PERMISSION_DENIED: Explanation(
        "The request has no token, and the consumer has no functional user",
        "If the consumer may make requests without a signed-in user, set a functional user in its options.",
    ),
    Cause.USER_REFUSED: Explanation(
        "The user denied access", "This is not an error: the user clicked Cancel on the consent page."
    ),
}

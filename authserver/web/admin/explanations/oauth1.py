"""Causes of OAuth 1.0a, in the words of its problem reporting."""

from authserver.web.admin.explanations.explanation import Compare, Explanation, FixKind

_DANCE_AGAIN = "The person has to connect the two servers once more."

EXPLANATIONS = {
    "version-rejected": Explanation(
        "The OAuth version is not 1.0", "Leave oauth_version out, or let it be 1.0."
    ),
    "parameter-absent": Explanation(
        "The request lacks a parameter",
        "The sentence names it. A consumer that knows OAuth Core 1.0 only can be allowed it in its options.",
        fix_kind=FixKind.CONSUMER,
    ),
    "parameter-rejected": Explanation(
        "A parameter cannot be accepted",
        "The sentence names it. A callback must be registered, if the consumer has registered any.",
        Compare.URIS,
        FixKind.ADD_URI,
    ),
    "timestamp-refused": Explanation(
        "The consumer's clock is wrong",
        "Set the clock of the consumer's machine, best by NTP.",
        fix_kind=FixKind.DEBUGGER,
    ),
    "nonce-used": Explanation(
        "The request was sent twice",
        "Each request needs a nonce of its own. A proxy that repeats requests is a common reason.",
        fix_kind=FixKind.DEBUGGER,
    ),
    "signature-method-rejected": Explanation(
        "The signature method is not allowed",
        "Allow it in the consumer's options, or set the consumer to an allowed one.",
        fix_kind=FixKind.CONSUMER,
    ),
    "signature-invalid": Explanation(
        "The signature is wrong",
        "Compare the base strings: where they differ, a proxy or the public URL changes the address. Where they do not, it"
        " is the consumer secret that differs.",
        Compare.BASE_STRING,
        FixKind.DEBUGGER,
    ),
    "consumer-key-unknown": Explanation(
        "No consumer has this key",
        "Copy the consumer key anew, letter by letter; or the consumer was removed.",
        fix_kind=FixKind.CLIENTS,
    ),
    "consumer-key-rejected": Explanation(
        "The consumer is disapproved",
        "An administrator has stopped it. Approve it again if that was a mistake.",
        fix_kind=FixKind.APPROVE,
    ),
    "consumer-key-refused": Explanation(
        "The consumer is waiting for approval",
        "Nobody can use it yet. Look at what it asks for, and approve it if you know it.",
        fix_kind=FixKind.APPROVE,
    ),
    "token-used": Explanation("The temporary credentials were exchanged before", _DANCE_AGAIN),
    "token-expired": Explanation("The temporary credentials have expired", _DANCE_AGAIN),
    "token-revoked": Explanation("The access was taken away", _DANCE_AGAIN),
    "token-rejected": Explanation(
        "The token cannot be accepted", f"It is unknown, or another consumer's. {_DANCE_AGAIN}"
    ),
    "invalid-expired-token": Explanation(
        "The token is over",
        "Usually nothing is wrong: the consumer starts anew by itself when it is told this.",
    ),
    "verifier-invalid": Explanation(
        "The verifier is wrong", "Type the verifier exactly as the page shows it, or start again."
    ),
    "permission-unknown": Explanation(
        "The person has not decided yet", "The consumer asked before the person had pressed Allow."
    ),
    "permission-denied": Explanation(
        "The access does not reach as far", "What the consumer asks for was not granted by the person."
    ),
    "user-refused": Explanation(
        "The person did not allow it", "Nothing is wrong: somebody pressed Cancel on the page that asks."
    ),
}

"""Causes of OAuth 1.0a, in the words of its problem reporting."""

from authserver.web.admin.causes.words import Compare, Remedy, Words

_DANCE_AGAIN = "The person has to connect the two servers once more."

WORDS = {
    "version-rejected": Words("The OAuth version is not 1.0", "Leave oauth_version out, or let it be 1.0."),
    "parameter-absent": Words(
        "The request lacks a parameter",
        "The sentence names it. A consumer that knows OAuth Core 1.0 only can be allowed it in its options.",
        remedy=Remedy.CONSUMER,
    ),
    "parameter-rejected": Words(
        "A parameter cannot be accepted",
        "The sentence names it. A callback must be registered, if the consumer has registered any.",
        Compare.URIS,
        Remedy.ADD_URI,
    ),
    "timestamp-refused": Words(
        "The consumer's clock is wrong",
        "Set the clock of the consumer's machine, best by NTP.",
        remedy=Remedy.DEBUGGER,
    ),
    "nonce-used": Words(
        "The request was sent twice",
        "Each request needs a nonce of its own. A proxy that repeats requests is a common reason.",
        remedy=Remedy.DEBUGGER,
    ),
    "signature-method-rejected": Words(
        "The signature method is not allowed",
        "Allow it in the consumer's options, or set the consumer to an allowed one.",
        remedy=Remedy.CONSUMER,
    ),
    "signature-invalid": Words(
        "The signature is wrong",
        "Compare the base strings: where they differ, a proxy or the public URL changes the address. Where they do not, it"
        " is the consumer secret that differs.",
        Compare.BASE_STRING,
        Remedy.DEBUGGER,
    ),
    "consumer-key-unknown": Words(
        "No consumer has this key",
        "Copy the consumer key anew, letter by letter; or the consumer was removed.",
        remedy=Remedy.CLIENTS,
    ),
    "consumer-key-rejected": Words(
        "The consumer is disapproved",
        "An administrator has stopped it. Approve it again if that was a mistake.",
        remedy=Remedy.APPROVE,
    ),
    "consumer-key-refused": Words(
        "The consumer is waiting for approval",
        "Nobody can use it yet. Look at what it asks for, and approve it if you know it.",
        remedy=Remedy.APPROVE,
    ),
    "token-used": Words("The temporary credentials were exchanged before", _DANCE_AGAIN),
    "token-expired": Words("The temporary credentials have expired", _DANCE_AGAIN),
    "token-revoked": Words("The access was taken away", _DANCE_AGAIN),
    "token-rejected": Words(
        "The token cannot be accepted", f"It is unknown, or another consumer's. {_DANCE_AGAIN}"
    ),
    "invalid-expired-token": Words(
        "The token is over",
        "Usually nothing is wrong: the consumer starts anew by itself when it is told this.",
    ),
    "verifier-invalid": Words(
        "The verifier is wrong", "Type the verifier exactly as the page shows it, or start again."
    ),
    "permission-unknown": Words(
        "The person has not decided yet", "The consumer asked before the person had pressed Allow."
    ),
    "permission-denied": Words(
        "The access does not reach as far", "What the consumer asks for was not granted by the person."
    ),
    "user-refused": Words(
        "The person did not allow it", "Nothing is wrong: somebody pressed Cancel on the page that asks."
    ),
}

"""Causes that lie in the code or token which was presented. Nothing in the console brings one back."""

from authserver.web.admin.explanations.explanation import Compare, Explanation

_SIGN_IN_AGAIN = "The person has to sign in to the application once more."
_TWICE = "If that happens often, the application sends requests twice, or somebody else got hold of it."

EXPLANATIONS = {
    "code-unknown": Explanation(
        "The code is unknown", f"It was cut or is from another server. {_SIGN_IN_AGAIN}"
    ),
    "code-expired": Explanation(
        "The code has expired", "The application took too long, or its machine was asleep. Try again."
    ),
    "code-replayed": Explanation(
        "The code was used a second time", f"What it produced was revoked. {_SIGN_IN_AGAIN} {_TWICE}"
    ),
    "code-of-another-client": Explanation(
        "The code belongs to another client", "The application mixes up two clients' keys."
    ),
    "code-verifier": Explanation(
        "The code verifier does not fit (PKCE)",
        "Two sign-ins at once in one browser can mix it up: try again. Otherwise it is the application's library.",
    ),
    "redirect-uri-differs": Explanation(
        "The redirect URI differs from the one of the sign-in",
        "The application must send the same redirect_uri with the code as it did before. Correct it there.",
        Compare.URIS,
    ),
    "refresh-token-unknown": Explanation(
        "The refresh token is unknown", f"It is from another server, or long over. {_SIGN_IN_AGAIN}"
    ),
    "refresh-token-expired": Explanation("The refresh token has expired", _SIGN_IN_AGAIN),
    "refresh-token-reused": Explanation(
        "The refresh token was used before",
        f"It and its successors were revoked, since one of the two users may be a thief. {_SIGN_IN_AGAIN} {_TWICE}",
    ),
    "refresh-token-of-another-client": Explanation(
        "The refresh token belongs to another client", "The application mixes up two clients' keys."
    ),
    "device-code-unknown": Explanation("The device code is unknown", "Start on the device again."),
    "device-code-expired": Explanation(
        "The device code has expired", "Nobody entered the code in time. Start on the device again."
    ),
    "device-code-replayed": Explanation(
        "The device code was used a second time", f"What it produced was revoked. {_TWICE}"
    ),
    "device-code-of-another-client": Explanation(
        "The device code belongs to another client", "The application mixes up two clients' keys."
    ),
    "token-of-another-client": Explanation(
        "The token belongs to another client", "A client can revoke its own tokens only."
    ),
}

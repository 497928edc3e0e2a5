"""Causes that lie with the person, their account or their session."""

from authserver.web.admin.explanations.explanation import Explanation, FixKind

_SIGN_IN_AGAIN = "The person has to sign in to the application once more."

EXPLANATIONS = {
    "user-denied": Explanation(
        "The person did not allow it", "Nothing is wrong: somebody pressed Cancel on the page that asks."
    ),
    "user-cancelled": Explanation(
        "The person left the sign-in", "Nothing is wrong: somebody pressed Cancel on the sign-in page."
    ),
    "user-disabled": Explanation(
        "The person's account is disabled",
        "Enable the account if that was a mistake.",
        fix_kind=FixKind.USERS,
    ),
    "user-changed": Explanation("The person's account was reset afterwards", _SIGN_IN_AGAIN),
    "authorization-revoked": Explanation("The access was taken away", _SIGN_IN_AGAIN),
    "signed-out": Explanation(
        "The person has signed out",
        f"{_SIGN_IN_AGAIN} An application that shall go on without them asks for offline_access.",
    ),
    "another-user": Explanation(
        "Another person signed in than the one who was asked for",
        "The application insists on the account of before. Sign in with that one, or sign out of the application first.",
    ),
    "login-required": Explanation(
        "Nobody is signed in, and the application wanted no page",
        "Usually nothing is wrong: applications ask with prompt=none whether somebody is signed in.",
    ),
    "consent-required": Explanation(
        "The person has not agreed yet, and the application wanted no page",
        "The application has to ask once without prompt=none. An application of your own can be made trusted.",
    ),
    "acr-out-of-reach": Explanation(
        "The demanded way of signing in is out of reach",
        "The application demands an authentication context class that this server or this person cannot reach. See the"
        " discovery document for those that there are; a second factor is set up in the account.",
    ),
    "second-factor-required": Explanation(
        "The account has a second factor",
        "A password alone does not sign this person in. Move the application from the password grant to sign-in with the"
        " browser or the device flow.",
    ),
    "password-wrong": Explanation(
        "The password grant was refused",
        "User name or password is wrong, or the account cannot sign in. The activity shows the refused sign-in.",
        fix_kind=FixKind.USERS,
    ),
}

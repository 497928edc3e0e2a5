"""Explanations of errors about codes and tokens, and about the user, account or session that they belong to."""

from collections.abc import Mapping

from authserver.domain.diagnostics.causes import Cause
from authserver.web.admin.explanations.explanation import Compare, Explanation, FixKind

_SIGN_IN_AGAIN = "The user has to sign in to the application again."
_REPEATED = (
    "If this happens often, the application sends requests twice, or someone else has obtained a copy."
)
_REFRESH = "The application must use its refresh token, or ask the user to sign in again."
_TWO_CLIENTS = (
    "The application probably uses the keys of two clients. Configure it with the key of one client."
)

EXPLANATIONS: Mapping[Cause, Explanation] = {
    # Codes and tokens at the token endpoint.
    Cause.CODE_UNKNOWN: Explanation(
        "The code is unknown", f"It is incomplete or from another server. {_SIGN_IN_AGAIN}"
    ),
    Cause.CODE_EXPIRED: Explanation(
        "The code has expired", f"The application took too long to redeem it. {_SIGN_IN_AGAIN}"
    ),
    Cause.CODE_REPLAYED: Explanation(
        "The code was used twice", f"The tokens issued for it were revoked. {_SIGN_IN_AGAIN} {_REPEATED}"
    ),
    Cause.CODE_OF_ANOTHER_CLIENT: Explanation("The code belongs to another client", _TWO_CLIENTS),
    Cause.CODE_VERIFIER: Explanation(
        "The code verifier does not match (PKCE)",
        "Two simultaneous sign-ins in one browser can cause this. Try again. If the error persists, it is in the"
        " application's library.",
    ),
    Cause.REDIRECT_URI_DIFFERS: Explanation(
        "The redirect URI differs from the one in the authorization request",
        "The application must send the same redirect_uri in both requests. Correct it there.",
        Compare.URIS,
    ),
    Cause.REFRESH_TOKEN_UNKNOWN: Explanation(
        "The refresh token is unknown", f"It is from another server, or expired long ago. {_SIGN_IN_AGAIN}"
    ),
    Cause.REFRESH_TOKEN_EXPIRED: Explanation("The refresh token has expired", _SIGN_IN_AGAIN),
    Cause.REFRESH_TOKEN_REUSED: Explanation(
        "The refresh token was used before",
        f"The whole token family was revoked because the token may have been stolen. {_SIGN_IN_AGAIN} {_REPEATED}",
    ),
    Cause.REFRESH_TOKEN_OF_ANOTHER_CLIENT: Explanation(
        "The refresh token belongs to another client", _TWO_CLIENTS
    ),
    Cause.DEVICE_CODE_UNKNOWN: Explanation("The device code is unknown", "Start again on the device."),
    Cause.DEVICE_CODE_EXPIRED: Explanation(
        "The device code has expired",
        "The user did not enter the user code in time. Start again on the device.",
    ),
    Cause.DEVICE_CODE_REPLAYED: Explanation(
        "The device code was used twice", f"The tokens issued for it were revoked. {_REPEATED}"
    ),
    Cause.DEVICE_CODE_OF_ANOTHER_CLIENT: Explanation(
        "The device code belongs to another client", _TWO_CLIENTS
    ),
    Cause.TOKEN_OF_ANOTHER_CLIENT: Explanation(
        "The token belongs to another client", "A client can only revoke its own tokens."
    ),
    # Tokens at protected resources.
    Cause.ACCESS_TOKEN_UNKNOWN: Explanation(
        "The access token is unknown",
        "It is not an access token, is from another server, or expired long ago. Userinfo requires the access_token"
        " of a token response, not the ID token or the refresh token.",
    ),
    Cause.ACCESS_TOKEN_EXPIRED: Explanation(
        "The access token has expired", f"This is usually not a problem. {_REFRESH}"
    ),
    Cause.ACCESS_TOKEN_REVOKED: Explanation(
        "The access token was revoked",
        f"The application, the user or an administrator revoked it. {_REFRESH}",
    ),
    Cause.ACCESS_TOKEN_AUDIENCE: Explanation(
        "The access token is for another server",
        "The token request named the resource of another server. For userinfo, the application must request a token without"
        " the parameter resource, or with this server as the resource.",
        Compare.TEXT,
    ),
    Cause.INTROSPECTION_AUDIENCE: Explanation(
        "The token that the client asked about is not for it",
        "The client introspected a valid token of another client, and learned nothing about it. If it is the API that the"
        " token is for, register the resource of the API twice: in the tokens and keys of this client as a resource that it"
        " serves, and in those of the client of the token as a resource that it may request. New tokens are then for the"
        " API. If this client must check the tokens of every client, allow it to introspect all tokens.",
        Compare.WORDS,
        FixKind.INTROSPECTION,
    ),
    Cause.ACCESS_TOKEN_SCOPE: Explanation(
        "The access token lacks a scope",
        "To use userinfo, the application must request the scope openid when the user signs in.",
    ),
    Cause.ACCESS_TOKEN_WITHOUT_USER: Explanation(
        "The access token does not belong to a user",
        "The client obtained it for itself with client_credentials. Userinfo requires a token of a user who signed in.",
    ),
    Cause.REGISTRATION_TOKEN_WRONG: Explanation(
        "The registration access token is wrong",
        "The application must send the registration_access_token from its registration to its registration_client_uri. Both"
        " are invalid after the client is removed.",
    ),
    # The user, their account or their session.
    Cause.USER_DENIED: Explanation(
        "The user denied access", "This is not an error: the user clicked Cancel on the consent page."
    ),
    Cause.USER_CANCELLED: Explanation(
        "The user canceled the sign-in", "This is not an error: the user clicked Cancel on the sign-in page."
    ),
    Cause.USER_DISABLED: Explanation(
        "The account of the user is disabled",
        "Enable the account if that was a mistake.",
        fix_kind=FixKind.USERS,
    ),
    Cause.USER_NOT_ALLOWED: Explanation(
        "The user may not use this client",
        "The client has allowed groups, and the user is in none of them. Add the user to one of the groups below, or change "
        "the allowed groups of the client.",
        Compare.TEXT,
        FixKind.ACCESS,
    ),
    Cause.USER_CHANGED: Explanation(
        "The account was disabled or its password was changed after the code or token was issued",
        _SIGN_IN_AGAIN,
    ),
    Cause.AUTHORIZATION_REVOKED: Explanation("The authorization was revoked", _SIGN_IN_AGAIN),
    Cause.SIGNED_OUT: Explanation(
        "The user has signed out",
        f"{_SIGN_IN_AGAIN} An application that works without the user must request the scope offline_access.",
    ),
    Cause.SESSION_EXPIRED: Explanation(
        "The user's session has expired",
        f"{_SIGN_IN_AGAIN} An application that works without the user must request the scope offline_access.",
    ),
    Cause.ANOTHER_USER: Explanation(
        "The user who signed in is not the user that the application requested",
        "Sign in with the account that the application requires, or sign out of the application first.",
    ),
    Cause.LOGIN_REQUIRED: Explanation(
        "A sign-in is required, but the application does not allow a sign-in page (prompt=none)",
        "This is usually not an error: applications use prompt=none to find out whether a user is signed in.",
    ),
    Cause.CONSENT_REQUIRED: Explanation(
        "Consent is required, but the application does not allow a consent page (prompt=none)",
        "The application must send one request without prompt=none. You can also mark your own applications as trusted.",
    ),
    Cause.CONSENT_ON_LOOPBACK: Explanation(
        "The consent of users is not remembered, because the application has no secret and returns to loopback",
        "Other programs on the user's computer can pretend to be this application, so users are asked at every sign-in, and"
        " prompt=none cannot succeed. If that is acceptable, turn on “Remember consent on loopback” for this client. You can"
        " also register an https redirect URI.",
        fix_kind=FixKind.REMEMBER_CONSENT,
    ),
    Cause.CONSENT_WITHOUT_HTTPS: Explanation(
        "The consent of users is not remembered, because the application has no secret and its redirect URI is not https",
        "Other applications can use the same private-use scheme or read http requests, so users are asked at every sign-in,"
        " and prompt=none cannot succeed. Register an https redirect URI, or use refresh tokens instead of prompt=none.",
    ),
    Cause.ACR_OUT_OF_REACH: Explanation(
        "The required authentication context class is not available",
        "The application requires a class that this server does not support or that the user cannot reach. The discovery"
        " document lists the supported classes. Users set up a second factor in their account.",
    ),
    Cause.SECOND_FACTOR_REQUIRED: Explanation(
        "The account has a second factor",
        "This user cannot sign in with a password alone. Change the application from the password grant to the authorization"
        " code or device flow.",
    ),
    Cause.PASSWORD_WRONG: Explanation(
        "The password grant failed",
        "The user name or password is wrong, or the account cannot sign in. The activity page shows the failed sign-in.",
        fix_kind=FixKind.USERS,
    ),
}

"""Causes that lie in a token with which something of this server was to be opened: userinfo, or a registration."""

from authserver.web.admin.explanations.explanation import Compare, Explanation

_APPLICATION = "This is a mistake in the application's program or library, not in the client's settings here."
_REFRESH = "The application refreshes it, or lets the person sign in once more."

EXPLANATIONS = {
    "access-token-unknown": Explanation(
        "The access token is unknown",
        "It is another kind of token, is from another server, or was forgotten some time after it had expired. Userinfo"
        " is opened by the access_token of a token response; the ID token and the refresh token open nothing.",
    ),
    "access-token-expired": Explanation(
        "The access token has expired", f"Usually nothing is wrong. {_REFRESH}"
    ),
    "access-token-revoked": Explanation(
        "The access token was revoked", f"The application gave it back, or somebody took it away. {_REFRESH}"
    ),
    "access-token-audience": Explanation(
        "The access token is meant for another server",
        "It was asked for with the resource of another server. For userinfo, let the application ask for a token without"
        " resource, or with this server's.",
        Compare.TEXT,
    ),
    "access-token-scope": Explanation(
        "The access token lacks a scope",
        "The application has to ask for openid when people sign in; only then may it ask for userinfo.",
    ),
    "access-token-without-user": Explanation(
        "The access token stands for no person",
        "The client got it for itself, by client_credentials. Userinfo tells about the person who signed in.",
    ),
    "access-token-repeated": Explanation("Several access tokens were sent", f"Send one. {_APPLICATION}"),
    "access-token-in-two-places": Explanation(
        "The access token was sent in two places", f"Send it in the header alone. {_APPLICATION}"
    ),
    "access-token-in-query": Explanation(
        "An access token was sent in the address",
        f"Addresses end up in logs: send it in the Authorization header. {_APPLICATION}",
    ),
    "registration-token-wrong": Explanation(
        "The registration token is wrong",
        "The application keeps registration_access_token and registration_client_uri from its registration, and sends the"
        " one to the other. A removed client has neither any more.",
    ),
}

"""Explanations of errors about the client: its registration, its status, and its authentication."""

from collections.abc import Mapping

from authserver.domain.diagnostics.causes import Cause
from authserver.web.admin.explanations.explanation import Compare, Explanation, FixKind

_CHECK_SIGNING = "Check the library that signs the assertion, and the clock of its machine."

EXPLANATIONS: Mapping[Cause, Explanation] = {
    # Status and registration.
    Cause.CLIENT_PENDING: Explanation(
        "The client is waiting for approval",
        "Nobody can use it yet. Review its registration, and approve it if you know the application.",
        fix_kind=FixKind.APPROVE,
    ),
    Cause.CLIENT_DISAPPROVED: Explanation(
        "The client is disapproved",
        "An administrator disapproved it. Approve it again if that was a mistake. Users then have to sign in again.",
        fix_kind=FixKind.APPROVE,
    ),
    Cause.CLIENT_WAS_DISAPPROVED: Explanation(
        "The code or token was issued before the client was disapproved",
        "Approving the client again does not restore its codes and tokens. The user has to sign in again.",
    ),
    Cause.CLIENT_UNKNOWN: Explanation(
        "No client has this client key",
        "Copy the client key into the application again. The client may also have been removed, or the application may be"
        " configured for another server.",
        fix_kind=FixKind.CLIENTS,
    ),
    Cause.CLIENT_ID_MISSING: Explanation(
        "The request has no client_id",
        "Enter the client key as client_id in the settings of the application.",
    ),
    Cause.CLIENT_ID_DIFFERS: Explanation(
        "The request names two clients",
        "client_id differs from the client that authenticated. Use the key of one client in both places.",
    ),
    Cause.REDIRECT_URI_NOT_REGISTERED: Explanation(
        "The redirect URI is not registered",
        "Redirect URIs must match exactly. If the URI belongs to the application, add it to the client. Otherwise correct it"
        " in the application.",
        Compare.URIS,
        FixKind.ADD_URI,
    ),
    Cause.REDIRECT_URI_ENCODED_TWICE: Explanation(
        "The redirect URI is percent-encoded twice",
        "The application encodes the redirect URI, and its library encodes it again. Enter the URI without encoding in the"
        " application. Do not register the encoded URI.",
        Compare.URIS,
    ),
    Cause.REDIRECT_URI_MISSING: Explanation(
        "The request has no redirect URI",
        "Set the redirect URI in the application. Only OAuth 2.0 clients with exactly one redirect URI may omit it.",
    ),
    Cause.POST_LOGOUT_REDIRECT_URI_NOT_REGISTERED: Explanation(
        "The post-logout redirect URI is not registered",
        "The user was signed out, but not redirected back. Register the URI if it belongs to the application.",
        Compare.URIS,
        FixKind.SIGN_OUT,
    ),
    Cause.POST_LOGOUT_CLIENT_MISSING: Explanation(
        "A logout request has a redirect URI but does not identify the client",
        "The user was signed out, but not redirected back. The application must send id_token_hint with its ID token. If it"
        " sends only client_id, the page shows a link instead of redirecting.",
    ),
    Cause.GRANT_TYPE_NOT_REGISTERED: Explanation(
        "The client is not registered for the grant type",
        "Enable the grant type if the application needs it. Otherwise disable it in the application.",
        Compare.WORDS,
        FixKind.GRANT_TYPES,
    ),
    Cause.RESPONSE_TYPE_NOT_REGISTERED: Explanation(
        "The client is not registered for the response type",
        "Configure the application to use the response type code. Register another response type only if an old application"
        " needs it.",
        Compare.TEXT,
        FixKind.RESPONSE_TYPES,
    ),
    Cause.SCOPE_NOT_REGISTERED: Explanation(
        "The client is not registered for a scope",
        "Add the scope to the client if the application may have it. Otherwise remove it from the application's settings.",
        Compare.WORDS,
        FixKind.SCOPES,
    ),
    Cause.SCOPE_IGNORED: Explanation(
        "A scope was ignored because the client is not registered for it",
        "The sign-in continued without the scope, because OpenID Connect ignores unknown scopes. Add the scope to the client"
        " if the application may have it. Otherwise remove it from the application's settings.",
        Compare.WORDS,
        FixKind.SCOPES,
    ),
    Cause.SCOPE_NEEDS_USER: Explanation(
        "The client asked for a scope about a user, but acts for itself",
        "No user takes part in client_credentials. Remove openid, profile, email, address, phone and offline_access from"
        " the request, or let the application sign users in with another grant type.",
        Compare.WORDS,
    ),
    Cause.SCOPE_OF_ANOTHER_RESOURCE: Explanation(
        "The scope belongs to a resource that the request does not name",
        "The page Resources defines which scopes belong to which resource. The application must send the parameter"
        " resource with the identifier of that resource, or omit the scope. A client that is registered for the resource"
        " gets its scopes without the parameter.",
        Compare.WORDS,
    ),
    Cause.RESOURCE_NOT_REGISTERED: Explanation(
        "The client may not request this resource",
        "Add the resource to the client if its tokens may be used there.",
        Compare.WORDS,
        FixKind.TOKENS,
    ),
    Cause.RESOURCE_MALFORMED: Explanation(
        "The resource is not a valid URI",
        "A resource must be an absolute URI without a fragment. Correct it in the application.",
    ),
    Cause.RESOURCE_TOO_MANY: Explanation(
        "The request has too many resources", "The application must request fewer resources at once."
    ),
    Cause.RESOURCE_EXCEEDS_GRANT: Explanation(
        "The resource was not part of the authorization",
        "A token request can narrow the resources of the authorization request, but not add to them. Request the resource in"
        " the authorization request.",
        Compare.WORDS,
    ),
    # Authentication.
    Cause.CLIENT_AUTHENTICATION_MISSING: Explanation(
        "The request has no client authentication",
        "Enter the client key and the client secret in the application. A public client sends only client_id.",
    ),
    Cause.CLIENT_AUTHENTICATION_METHOD: Explanation(
        "The client is not registered for the authentication method that it used",
        "Configure the application to use the registered method, or register the method that it uses.",
        fix_kind=FixKind.AUTH_METHOD,
    ),
    Cause.CLIENT_AUTHENTICATION_SCHEME: Explanation(
        "The Authorization header does not use the Basic scheme",
        "Clients authenticate with HTTP Basic or in the body. A bearer token is ignored here.",
    ),
    Cause.TWO_CLIENT_AUTHENTICATIONS: Explanation(
        "The request uses two methods of client authentication",
        "Send the secret in the header or in the body, not in both.",
    ),
    Cause.BASIC_MALFORMED: Explanation(
        "The Basic credentials are malformed",
        "Form-encode the client key and the secret, join them with a colon, and encode the result in Base64.",
    ),
    Cause.SECRET_NOT_ENCODED: Explanation(
        "The client secret is correct, but not form-encoded",
        "The secret contains a character such as + or %, which must be form-encoded. Add a generated secret,"
        " which has no such characters, or update the library of the application.",
        fix_kind=FixKind.SECRETS,
    ),
    Cause.CLIENT_SECRET_WRONG: Explanation(
        "The client secret is wrong",
        "Copy the secret into the application again. If the secret is lost or was removed here, add a new one.",
        fix_kind=FixKind.SECRETS,
    ),
    Cause.PUBLIC_CLIENT: Explanation(
        "A public client used the client credentials grant",
        "client_credentials requires a client with a secret. Change the authentication method, or use another grant type.",
        fix_kind=FixKind.AUTH_METHOD,
    ),
    Cause.INTROSPECTION_PUBLIC_CLIENT: Explanation(
        "A public client tried to introspect a token",
        "Register a client with a secret for the resource server.",
        fix_kind=FixKind.AUTH_METHOD,
    ),
    Cause.ASSERTION_TYPE: Explanation(
        "The client assertion has an unknown type",
        "client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer.",
    ),
    Cause.ASSERTION_MALFORMED: Explanation("The client assertion is not a signed JWT", _CHECK_SIGNING),
    Cause.ASSERTION_SUBJECT: Explanation(
        "The client assertion does not name a client", "Its sub and iss must be the client key."
    ),
    Cause.ASSERTION_TYP: Explanation(
        "The client assertion has the wrong type (typ)", "Omit typ from its header, or set it to JWT."
    ),
    Cause.ASSERTION_ALGORITHM: Explanation(
        "The client assertion uses an algorithm that is not registered",
        "Configure the application to use the registered algorithm, or register the algorithm that it uses.",
        fix_kind=FixKind.TOKENS,
    ),
    Cause.ASSERTION_SIGNATURE: Explanation(
        "The signature of the client assertion is not valid",
        "The application signs with a key or secret that is not registered here. Compare the keys and their kid.",
        fix_kind=FixKind.TOKENS,
    ),
    Cause.ASSERTION_AUDIENCE: Explanation(
        "The client assertion is for another server",
        "Its aud must be exactly the issuer or the token endpoint of this server.",
    ),
    Cause.ASSERTION_ISSUER: Explanation(
        "The client assertion has the wrong iss or sub", "Both must be the client key."
    ),
    Cause.ASSERTION_EXPIRED: Explanation(
        "The client assertion has expired", f"Create a new one for every request. {_CHECK_SIGNING}"
    ),
    Cause.ASSERTION_EXPIRES_LATE: Explanation(
        "The client assertion expires too late", f"Set exp to a few minutes from now. {_CHECK_SIGNING}"
    ),
    Cause.ASSERTION_EARLY: Explanation("The client assertion is not valid yet", _CHECK_SIGNING),
    Cause.ASSERTION_JTI: Explanation(
        "The client assertion has no valid jti", "Give every assertion a unique jti."
    ),
    Cause.ASSERTION_REPLAYED: Explanation(
        "The client assertion was used before", "Create a new one for every request."
    ),
    Cause.CLIENT_KEYS: Explanation(
        "The keys of the client cannot be fetched",
        "Check that this server can reach the jwks_uri of the client, and that the jwks_uri responds quickly.",
        fix_kind=FixKind.TOKENS,
    ),
    Cause.MAY_NOT_VERIFY: Explanation(
        "The client is not allowed to verify signed requests",
        "Allow it in the OAuth 1.0a options if the client is a resource server.",
        fix_kind=FixKind.CONSUMER,
    ),
    # Self-registration.
    Cause.REGISTRATION_CLOSED: Explanation(
        "Clients cannot register themselves",
        "Create the client in the console, or enable registration with the setting AUTHSERVER_REGISTRATION.",
    ),
    Cause.REGISTRATION_REFUSED: Explanation(
        "The registration has invalid metadata",
        "The error description below names each invalid field. Correct the fields in the application.",
    ),
    Cause.REGISTRATION_MALFORMED: Explanation(
        "The registration is not a valid JSON object", "Correct it in the application."
    ),
    Cause.REGISTRATION_IDENTITY: Explanation(
        "The change does not match the client's registration",
        "The application must send its own client_id, its current secret or none, and no read-only fields such as"
        " registration_access_token.",
    ),
    Cause.CONSUMER_REQUEST_REFUSED: Explanation(
        "The request for a consumer key is malformed",
        "The body must be a JSON object with name and secret. Check the log of the server that sent the request, or"
        " create the consumer here.",
    ),
    Cause.SOFTWARE_STATEMENT: Explanation(
        "Software statements are not supported",
        "The application must register without one. An administrator approves it here.",
    ),
}

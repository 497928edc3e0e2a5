"""Causes that lie in how the client stands or what it is registered for."""

from authserver.web.admin.explanations.explanation import Compare, Explanation, FixKind

EXPLANATIONS = {
    "client-pending": Explanation(
        "The client is waiting for approval",
        "Nobody can use it yet. Look at what it asks for, and approve it if you know it.",
        fix_kind=FixKind.APPROVE,
    ),
    "client-disapproved": Explanation(
        "The client is disapproved",
        "An administrator has stopped it. Approve it again if that was a mistake; people then sign in anew.",
        fix_kind=FixKind.APPROVE,
    ),
    "client-was-disapproved": Explanation(
        "It was issued before the client was disapproved",
        "What a client held when it was disapproved stays dead. The person has to sign in to it once more.",
    ),
    "client-unknown": Explanation(
        "No client has this key",
        "The application sends a client_id that is not registered here. Copy the client key anew, letter by letter; or the"
        " client was removed, or the application means another server.",
        fix_kind=FixKind.CLIENTS,
    ),
    "client-id-missing": Explanation(
        "The request names no client", "Enter the client key as client_id in the application's settings."
    ),
    "client-id-differs": Explanation(
        "Two clients are named in one request",
        "client_id in the request differs from the client that authenticated itself. Use one client's key in both places.",
    ),
    "redirect-uri-not-registered": Explanation(
        "The redirect URI is not registered",
        "Addresses are compared letter by letter. Add the one that the application sends, if it is the application's own;"
        " or correct it in the application.",
        Compare.URIS,
        FixKind.ADD_URI,
    ),
    "redirect-uri-missing": Explanation(
        "The request has no redirect URI",
        "Set the redirect URI in the application. It may be left out only by an OAuth 2.0 client with exactly one.",
    ),
    "post-logout-redirect-uri-not-registered": Explanation(
        "The address to return to after signing out is not registered",
        "The person was signed out, but not sent back. Register the address if it is the application's own.",
        Compare.URIS,
        FixKind.SIGN_OUT,
    ),
    "post-logout-client-missing": Explanation(
        "A sign-out names an address to return to, but no application",
        "The person was signed out, but not sent back: an address is good for the application that registered it. Let the"
        " application send id_token_hint with the ID token that it got; client_id alone makes a link of the address.",
    ),
    "grant-type-not-registered": Explanation(
        "The client is not registered for the grant type",
        "Tick the grant type if the application shall use it; otherwise switch it off in the application.",
        Compare.WORDS,
        FixKind.GRANT_TYPES,
    ),
    "response-type-not-registered": Explanation(
        "The client is not registered for the response type",
        "Set the application to the response type code. Register another one only for old applications that need it.",
        Compare.TEXT,
        FixKind.RESPONSE_TYPES,
    ),
    "scope-not-registered": Explanation(
        "The client is not registered for a scope",
        "Add the scope if the application may have it; otherwise take it out of the application's settings.",
        Compare.WORDS,
        FixKind.SCOPES,
    ),
    "resource-not-registered": Explanation(
        "The client may not ask for this resource",
        "Add the resource to the client if its tokens may be used there.",
        Compare.WORDS,
        FixKind.TOKENS,
    ),
    "resource-malformed": Explanation(
        "The name of a resource cannot be one",
        "A resource is an absolute URI without a fragment. Correct it in the application.",
    ),
    "resource-too-many": Explanation(
        "Too many resources are named", "Let the application ask for fewer at once."
    ),
    "resource-exceeds-grant": Explanation(
        "The resource was not granted",
        "A token can be narrowed to resources that were asked for at the sign-in, not widened. Ask for it there.",
        Compare.WORDS,
    ),
}

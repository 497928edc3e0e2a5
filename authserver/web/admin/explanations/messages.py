"""Causes that lie in how the request is written."""

from authserver.web.admin.explanations.explanation import Compare, Explanation, FixKind

_APPLICATION = "This is a mistake in the application's program or library, not in the client's settings here."

EXPLANATIONS = {
    "parameter-repeated": Explanation("A parameter is repeated", f"Each may be sent once. {_APPLICATION}"),
    "parameters-in-query": Explanation(
        "Credentials were sent in the address",
        f"Addresses end up in logs: send them in the body, and replace what was sent. {_APPLICATION}",
    ),
    "method-not-post": Explanation(
        "The request is not a POST", f"Send it with the method POST. {_APPLICATION}"
    ),
    "content-type": Explanation("The request's body has another format", f"Send a form. {_APPLICATION}"),
    "grant-type-missing": Explanation("The request has no grant_type", _APPLICATION),
    "grant-type-unsupported": Explanation(
        "The grant type is unknown",
        "Look for a spelling mistake in the application; see the discovery document.",
        Compare.WORDS,
    ),
    "grant-type-misprinted": Explanation(
        "The grant type begins with urb: in place of urn:",
        "An old page misprints the device grant. Correct the application: urn:ietf:params:oauth:grant-type:device_code.",
    ),
    "scope-malformed": Explanation(
        "The scope cannot be read", f"It is a list of words, separated by spaces. {_APPLICATION}"
    ),
    "state-too-long": Explanation("The state of a sign-out is too long", _APPLICATION),
    "response-type-missing": Explanation(
        "The request has no response_type", "Set the application to the response type code."
    ),
    "response-type-unsupported": Explanation(
        "The response type is unknown", "Set the application to the response type code."
    ),
    "response-mode": Explanation(
        "The response mode cannot be used",
        "Leave response_mode out, or use query, fragment or form_post as it suits the response type.",
        Compare.WORDS,
    ),
    "request_not_supported": Explanation(
        "Request objects are not supported", "Switch the request parameter (JAR) off in the application."
    ),
    "request_uri_not_supported": Explanation(
        "Request objects are not supported", "Switch request_uri (JAR, PAR) off in the application."
    ),
    "code-challenge": Explanation(
        "PKCE is missing or wrong",
        "Switch PKCE on in the application, with the method S256. For a confidential client that cannot do it, it can be"
        " made optional; that is less safe.",
        fix_kind=FixKind.PKCE,
    ),
    "openid-scope-missing": Explanation(
        "An ID token was requested without the scope openid", "Add openid to the application's scopes."
    ),
    "nonce-missing": Explanation("An ID token was requested without a nonce", _APPLICATION),
    "claims": Explanation("The claims parameter cannot be read", f"It is a JSON object. {_APPLICATION}"),
    "prompt": Explanation(
        "The prompt parameter cannot be met", "It is none alone, or any of login, consent, select_account."
    ),
    "max-age": Explanation("The max_age parameter is no number", "It is a number of seconds."),
    "id-token-hint": Explanation(
        "The ID token hint is not from this server",
        "The application keeps an ID token of another server or of before the signing keys were replaced. Sign in anew.",
    ),
    "code-missing": Explanation("The request has no code", _APPLICATION),
    "refresh-token-missing": Explanation("The request has no refresh_token", _APPLICATION),
    "device-code-missing": Explanation("The request has no device_code", _APPLICATION),
    "token-missing": Explanation("The request has no token", _APPLICATION),
    "username-missing": Explanation("The request has no username", _APPLICATION),
    "password-missing": Explanation("The request has no password", _APPLICATION),
    "description-malformed": Explanation(
        "The description of a signed request cannot be read",
        "A resource server describes the request that it received in JSON; see the documentation of /oauth/verify.",
    ),
    "scope-exceeds-grant": Explanation(
        "More scope is asked for than was granted",
        "A refresh can narrow the scope, not widen it. The person has to sign in anew and agree.",
        Compare.WORDS,
    ),
}

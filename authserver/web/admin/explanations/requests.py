"""Explanations of malformed requests: method, body, encoding, parameters, and credentials in the wrong place."""

from collections.abc import Mapping

from authserver.domain.diagnostics.causes import Cause
from authserver.web.admin.explanations.explanation import Compare, Explanation, FixKind

_APPLICATION = "The error is in the application or its library, not in the settings of the client here."
_PROXY = "The error is in the application, its library, or a proxy in front of this server."

EXPLANATIONS: Mapping[Cause, Explanation] = {
    Cause.PARAMETER_REPEATED: Explanation(
        "A parameter is repeated", f"Send the parameter only once. {_APPLICATION}"
    ),
    Cause.PARAMETERS_IN_QUERY: Explanation(
        "Parameters were sent in the URL",
        "URLs are written to logs. Send all parameters in the body. If a secret or token was in the URL, replace it."
        f" {_APPLICATION}",
    ),
    Cause.METHOD_NOT_POST: Explanation("The request is not a POST", f"Use the method POST. {_APPLICATION}"),
    Cause.CONTENT_TYPE: Explanation(
        "The body has the wrong content type",
        f"Send the parameters as application/x-www-form-urlencoded. {_APPLICATION}",
    ),
    Cause.GRANT_TYPE_MISSING: Explanation("The request has no grant_type", _APPLICATION),
    Cause.GRANT_TYPE_UNSUPPORTED: Explanation(
        "The grant type is unknown",
        "Check the spelling in the application. The discovery document lists the supported grant types.",
        Compare.WORDS,
    ),
    Cause.GRANT_TYPE_MISSPELLED: Explanation(
        "The grant type starts with urb: instead of urn:",
        "Set the grant type in the application to urn:ietf:params:oauth:grant-type:device_code. The misspelled name comes"
        " from old documentation.",
    ),
    Cause.SCOPE_MALFORMED: Explanation(
        "The scope is malformed", f"It must be a list of names, separated by spaces. {_APPLICATION}"
    ),
    Cause.SCOPE_EXCEEDS_GRANT: Explanation(
        "The request asks for more scopes than were granted",
        "A refresh can narrow the scope, but not extend it. The user has to sign in again and consent.",
        Compare.WORDS,
    ),
    Cause.STATE_TOO_LONG: Explanation("The state of a logout request is too long", _APPLICATION),
    Cause.RESPONSE_TYPE_MISSING: Explanation(
        "The request has no response_type", "Configure the application to use the response type code."
    ),
    Cause.RESPONSE_TYPE_UNSUPPORTED: Explanation(
        "The response type is unknown", "Configure the application to use the response type code."
    ),
    Cause.RESPONSE_MODE: Explanation(
        "The response mode cannot be used",
        "Omit response_mode, or use one of the modes that the response type allows: query, fragment or form_post.",
        Compare.WORDS,
    ),
    Cause.REQUEST_NOT_SUPPORTED: Explanation(
        "Request objects are not supported", "Disable the request parameter (JAR) in the application."
    ),
    Cause.REQUEST_URI_NOT_SUPPORTED: Explanation(
        "Request objects are not supported", "Disable request_uri (JAR, PAR) in the application."
    ),
    Cause.CODE_CHALLENGE: Explanation(
        "PKCE is missing or wrong",
        "Enable PKCE with the method S256 in the application. For a confidential client that does not support PKCE, you"
        " can make it optional, which is less secure.",
        fix_kind=FixKind.PKCE,
    ),
    Cause.OPENID_SCOPE_MISSING: Explanation(
        "The request asks for an ID token without the scope openid", "Add openid to the application's scopes."
    ),
    Cause.NONCE_MISSING: Explanation("The request asks for an ID token without a nonce", _APPLICATION),
    Cause.CLAIMS: Explanation(
        "The claims parameter is malformed", f"It must be a JSON object. {_APPLICATION}"
    ),
    Cause.PROMPT: Explanation(
        "The prompt parameter is not valid",
        "It must be none, or any combination of login, consent and select_account.",
    ),
    Cause.MAX_AGE: Explanation("The max_age parameter is not a number", "It must be a number of seconds."),
    Cause.ID_TOKEN_HINT: Explanation(
        "The ID token hint is not from this server",
        "The ID token is from another server, or was signed with a key that is no longer published. The user has to sign in"
        " again.",
    ),
    Cause.CODE_MISSING: Explanation("The request has no code", _APPLICATION),
    Cause.REFRESH_TOKEN_MISSING: Explanation("The request has no refresh_token", _APPLICATION),
    Cause.DEVICE_CODE_MISSING: Explanation("The request has no device_code", _APPLICATION),
    Cause.TOKEN_MISSING: Explanation("The request has no token", _APPLICATION),
    Cause.USERNAME_MISSING: Explanation("The request has no username", _APPLICATION),
    Cause.PASSWORD_MISSING: Explanation("The request has no password", _APPLICATION),
    Cause.DESCRIPTION_MALFORMED: Explanation(
        "The description of a signed request is malformed",
        "The resource server must send the description as a JSON object. See the documentation of /oauth/verify.",
    ),
    # Access tokens in requests to protected resources.
    Cause.ACCESS_TOKEN_REPEATED: Explanation(
        "The request has several access tokens", f"Send only one. {_APPLICATION}"
    ),
    Cause.ACCESS_TOKEN_IN_TWO_PLACES: Explanation(
        "The access token was sent in two places", f"Send it only in the header. {_APPLICATION}"
    ),
    Cause.ACCESS_TOKEN_IN_QUERY: Explanation(
        "The access token was sent in the URL",
        f"URLs are written to logs. Send the token in the Authorization header. {_APPLICATION}",
    ),
    # Path, method, sender, size and encoding.
    Cause.METHOD_NOT_ALLOWED: Explanation(
        "The request has the wrong method",
        "If a user opened this URL in a browser, ignore the error: the endpoint is for applications. Otherwise, check that"
        " the application uses the endpoints in the discovery document.",
        Compare.WORDS,
    ),
    Cause.EXTRA_SLASH: Explanation(
        "The URL of the endpoint has an extra slash",
        "Correct the URL in the application. Endpoints have no slash at the end and no repeated slash.",
    ),
    Cause.CROSS_SITE_REQUEST: Explanation(
        "A web page of another site sent the request",
        "Only programs may call this endpoint, but a page told the user's browser to send a request. If you do not know the"
        " origin, it may have been an attack.",
    ),
    Cause.ORIGIN_NOT_REGISTERED: Explanation(
        "The origin of the web page is not registered",
        "Web pages may call this endpoint only from the origin of a redirect URI of an approved client. If you know the"
        " application, register a redirect URI with this origin, or add the origin to the setting AUTHSERVER_CORS_ORIGINS.",
    ),
    Cause.BODY_TOO_LARGE: Explanation(
        "The request is too large",
        "Send a smaller body. The limit is the setting AUTHSERVER_MAX_BODY_BYTES, or 4 kB for a request for a consumer key.",
    ),
    Cause.BODY_BROKEN: Explanation(
        "The request is incomplete", f"The connection was closed early, or Content-Length is wrong. {_PROXY}"
    ),
    Cause.BODY_NOT_UTF_8: Explanation("The request is not UTF-8", f"Encode the body as UTF-8. {_PROXY}"),
    Cause.CONTENT_LENGTH: Explanation("Content-Length is not a number", _PROXY),
    Cause.PARAMETERS_NOT_UTF_8: Explanation(
        "The parameters are not UTF-8", f"Encode them as UTF-8, then percent-encode them. {_PROXY}"
    ),
    Cause.PARAMETERS_TOO_LONG: Explanation(
        "The request is too long",
        "The application must send shorter values. Most often state is too long: it should identify data that the"
        " application stores, instead of containing the data.",
    ),
    Cause.PARAMETERS_TOO_MANY: Explanation("The request has too many parameters", _PROXY),
    Cause.PARAMETER_UNSTORABLE: Explanation(
        "A parameter has characters that cannot be stored",
        f"Remove NUL characters and lone surrogates. {_PROXY}",
    ),
}

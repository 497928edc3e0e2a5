"""Explanations of malformed requests: method, body, encoding, parameters and the place of credentials."""

from collections.abc import Mapping

from authserver.domain.diagnostics.causes import Cause
from authserver.web.admin.explanations.explanation import Compare, Explanation, FixKind

_APPLICATION = "The error is in the application or its library, not in the settings of the client here."
_PROXY = "The error is in the application, its library, or a proxy in front of this server."

EXPLANATIONS: Mapping[Cause, Explanation] = {
    Cause.PARAMETER_REPEATED: Explanation(
        "A parameter is repeated", f"Each parameter may be sent once. {_APPLICATION}"
    ),
    Cause.PARAMETERS_IN_QUERY: Explanation(
        "Credentials were sent in the URL",
        f"URLs are written to logs. Send credentials in the body, and replace those that were sent. {_APPLICATION}",
    ),
    Cause.METHOD_NOT_POST: Explanation(
        "The request is not a POST", f"Send it with the method POST. {_APPLICATION}"
    ),
    Cause.CONTENT_TYPE: Explanation("The body has the wrong content type", f"Send a form. {_APPLICATION}"),
    Cause.GRANT_TYPE_MISSING: Explanation("The request has no grant_type", _APPLICATION),
    Cause.GRANT_TYPE_UNSUPPORTED: Explanation(
        "The grant type is unknown",
        "Check the spelling in the application. The discovery document lists the supported grant types.",
        Compare.WORDS,
    ),
    Cause.GRANT_TYPE_MISSPELLED: Explanation(
        "The grant type starts with urb: instead of urn:",
        "An old page misprints the device grant. Correct the application: urn:ietf:params:oauth:grant-type:device_code.",
    ),
    Cause.SCOPE_MALFORMED: Explanation(
        "The scope is malformed", f"It is a list of names, separated by spaces. {_APPLICATION}"
    ),
    Cause.SCOPE_EXCEEDS_GRANT: Explanation(
        "The request asks for more scopes than were granted",
        "A refresh can narrow the scope, but not extend it. The user has to sign in again and consent.",
        Compare.WORDS,
    ),
    Cause.STATE_TOO_LONG: Explanation("The state of a logout request is too long", _APPLICATION),
    Cause.RESPONSE_TYPE_MISSING: Explanation(
        "The request has no response_type", "Set the application to the response type code."
    ),
    Cause.RESPONSE_TYPE_UNSUPPORTED: Explanation(
        "The response type is unknown", "Set the application to the response type code."
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
    Cause.CLAIMS: Explanation("The claims parameter is malformed", f"It is a JSON object. {_APPLICATION}"),
    Cause.PROMPT: Explanation(
        "The prompt parameter is not valid", "It is none, or any of login, consent and select_account."
    ),
    Cause.MAX_AGE: Explanation("The max_age parameter is not a number", "It is a number of seconds."),
    Cause.ID_TOKEN_HINT: Explanation(
        "The ID token hint is not from this server",
        "The application has an ID token from another server, or one signed with a key that was replaced since. The user has"
        " to sign in again.",
    ),
    Cause.CODE_MISSING: Explanation("The request has no code", _APPLICATION),
    Cause.REFRESH_TOKEN_MISSING: Explanation("The request has no refresh_token", _APPLICATION),
    Cause.DEVICE_CODE_MISSING: Explanation("The request has no device_code", _APPLICATION),
    Cause.TOKEN_MISSING: Explanation("The request has no token", _APPLICATION),
    Cause.USERNAME_MISSING: Explanation("The request has no username", _APPLICATION),
    Cause.PASSWORD_MISSING: Explanation("The request has no password", _APPLICATION),
    Cause.DESCRIPTION_MALFORMED: Explanation(
        "The description of a signed request is malformed",
        "A resource server describes the request that it received in JSON. See the documentation of /oauth/verify.",
    ),
    # Access tokens in requests to protected resources.
    Cause.ACCESS_TOKEN_REPEATED: Explanation(
        "The request has several access tokens", f"Send one. {_APPLICATION}"
    ),
    Cause.ACCESS_TOKEN_IN_TWO_PLACES: Explanation(
        "The access token was sent in two places", f"Send it only in the header. {_APPLICATION}"
    ),
    Cause.ACCESS_TOKEN_IN_QUERY: Explanation(
        "The access token was sent in the URL",
        f"URLs are written to logs. Send the token in the Authorization header. {_APPLICATION}",
    ),
    # Method, size and encoding.
    Cause.METHOD_NOT_ALLOWED: Explanation(
        "The request has the wrong method",
        "Applications send data to this endpoint; a browser that opens it gets an error. Check whether the application uses"
        " the right endpoints of the discovery document.",
        Compare.WORDS,
    ),
    Cause.BODY_TOO_LARGE: Explanation(
        "The request is too large",
        "Send less. The limit is the setting AUTHSERVER_MAX_BODY_BYTES, or 4 kB for requests for consumer keys.",
    ),
    Cause.BODY_BROKEN: Explanation(
        "The request is incomplete", f"The connection broke, or the length is wrong. {_PROXY}"
    ),
    Cause.BODY_NOT_UTF_8: Explanation("The request is not UTF-8", f"Encode the body as UTF-8. {_PROXY}"),
    Cause.CONTENT_LENGTH: Explanation("Content-Length is not a number", _PROXY),
    Cause.PARAMETERS_NOT_UTF_8: Explanation(
        "The parameters are not UTF-8", f"Encode them as UTF-8, then percent-encode them. {_PROXY}"
    ),
    Cause.PARAMETERS_TOO_MANY: Explanation("The request has too many parameters", _PROXY),
    Cause.PARAMETER_UNSTORABLE: Explanation(
        "A parameter has characters that cannot be stored",
        f"Remove NUL characters and lone surrogates. {_PROXY}",
    ),
}

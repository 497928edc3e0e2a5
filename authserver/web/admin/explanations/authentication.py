"""Causes that lie in how the client proves who it is."""

from authserver.web.admin.explanations.explanation import Explanation, FixKind

_SIGNING = "Look at the library that signs the assertion, and at the clock of its machine."

EXPLANATIONS = {
    "client-authentication-missing": Explanation(
        "The client did not say who it is",
        "Enter client key and secret in the application; a public client sends client_id alone.",
    ),
    "client-authentication-method": Explanation(
        "The client authenticates itself in another way than registered",
        "Set the application to the registered way, or register the way that it uses.",
        fix_kind=FixKind.AUTH_METHOD,
    ),
    "client-authentication-scheme": Explanation(
        "The Authorization header is not Basic",
        "Clients authenticate themselves by HTTP Basic or in the body, not with a bearer token.",
    ),
    "two-client-authentications": Explanation(
        "The client authenticated itself in two ways at once",
        "Send the secret in the header or in the body, not in both.",
    ),
    "basic-malformed": Explanation(
        "The Basic credentials cannot be read",
        "They are key and secret, each form-encoded, joined by a colon and encoded with Base64.",
    ),
    "client-secret-wrong": Explanation(
        "The client secret is wrong",
        "Copy the secret anew. If it is lost, or was removed here, add another one and enter that in the application.",
        fix_kind=FixKind.SECRETS,
    ),
    "public-client": Explanation(
        "A client without a secret cannot act for itself",
        "client_credentials is for clients that keep a secret. Let the application keep one, or use another grant type.",
        fix_kind=FixKind.AUTH_METHOD,
    ),
    "introspection-public-client": Explanation(
        "A client without a secret cannot introspect tokens",
        "Give the resource server a client of its own that keeps a secret.",
        fix_kind=FixKind.AUTH_METHOD,
    ),
    "assertion-type": Explanation(
        "The client assertion has an unknown type",
        "client_assertion_type is urn:ietf:params:oauth:client-assertion-type:jwt-bearer.",
    ),
    "assertion-malformed": Explanation("The client assertion is not a signed JWT", _SIGNING),
    "assertion-subject": Explanation(
        "The client assertion names no client", "Its sub and iss are the client key."
    ),
    "assertion-typ": Explanation(
        "The client assertion is another kind of JWT", "Leave typ out of its header, or let it be JWT."
    ),
    "assertion-algorithm": Explanation(
        "The client assertion is signed with another algorithm than registered",
        "Set the application to a registered algorithm, or register the one that it uses.",
        fix_kind=FixKind.TOKENS,
    ),
    "assertion-signature": Explanation(
        "The client assertion's signature is wrong",
        "The application signs with a key or secret that is not registered here. Compare the keys, by their kid too.",
        fix_kind=FixKind.TOKENS,
    ),
    "assertion-audience": Explanation(
        "The client assertion is meant for another server",
        "Its aud is this server's issuer or token endpoint, in exactly this spelling.",
    ),
    "assertion-issuer": Explanation(
        "The client assertion's iss or sub is another's", "Both are the client key."
    ),
    "assertion-expired": Explanation(
        "The client assertion has expired", f"Make a new one each time. {_SIGNING}"
    ),
    "assertion-expires-late": Explanation(
        "The client assertion lives too long", f"Let exp be a few minutes ahead. {_SIGNING}"
    ),
    "assertion-early": Explanation("The client assertion is from the future", _SIGNING),
    "assertion-jti": Explanation(
        "The client assertion has no usable jti", "Give each assertion an id of its own."
    ),
    "assertion-replayed": Explanation(
        "The client assertion was used before", "Make a new one for every request."
    ),
    "client-keys": Explanation(
        "The client's keys cannot be fetched",
        "The server asks the client's jwks_uri for them: see whether that address answers this server, and quickly.",
        fix_kind=FixKind.TOKENS,
    ),
    "may-not-verify": Explanation(
        "The client may not verify signed requests",
        "Allow it in the OAuth 1.0a options if it is a resource server of yours.",
        fix_kind=FixKind.CONSUMER,
    ),
}

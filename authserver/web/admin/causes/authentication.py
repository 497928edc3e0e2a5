"""Causes that lie in how the client proves who it is."""

from authserver.web.admin.causes.words import Remedy, Words

_SIGNING = "Look at the library that signs the assertion, and at the clock of its machine."

WORDS = {
    "client-authentication-missing": Words(
        "The client did not say who it is",
        "Enter client key and secret in the application; a public client sends client_id alone.",
    ),
    "client-authentication-method": Words(
        "The client authenticates itself in another way than registered",
        "Set the application to the registered way, or register the way that it uses.",
        remedy=Remedy.AUTH_METHOD,
    ),
    "client-authentication-scheme": Words(
        "The Authorization header is not Basic",
        "Clients authenticate themselves by HTTP Basic or in the body, not with a bearer token.",
    ),
    "two-client-authentications": Words(
        "The client authenticated itself in two ways at once",
        "Send the secret in the header or in the body, not in both.",
    ),
    "basic-malformed": Words(
        "The Basic credentials cannot be read",
        "They are key and secret, each form-encoded, joined by a colon and encoded with Base64.",
    ),
    "client-secret-wrong": Words(
        "The client secret is wrong",
        "Copy the secret anew. If it is lost, or was removed here, add another one and enter that in the application.",
        remedy=Remedy.SECRETS,
    ),
    "public-client": Words(
        "A client without a secret cannot act for itself",
        "client_credentials is for clients that keep a secret. Let the application keep one, or use another grant type.",
        remedy=Remedy.AUTH_METHOD,
    ),
    "introspection-public-client": Words(
        "A client without a secret cannot introspect tokens",
        "Give the resource server a client of its own that keeps a secret.",
        remedy=Remedy.AUTH_METHOD,
    ),
    "assertion-type": Words(
        "The client assertion has an unknown type",
        "client_assertion_type is urn:ietf:params:oauth:client-assertion-type:jwt-bearer.",
    ),
    "assertion-malformed": Words("The client assertion is not a signed JWT", _SIGNING),
    "assertion-subject": Words("The client assertion names no client", "Its sub and iss are the client key."),
    "assertion-typ": Words(
        "The client assertion is another kind of JWT", "Leave typ out of its header, or let it be JWT."
    ),
    "assertion-algorithm": Words(
        "The client assertion is signed with another algorithm than registered",
        "Set the application to a registered algorithm, or register the one that it uses.",
        remedy=Remedy.TOKENS,
    ),
    "assertion-signature": Words(
        "The client assertion's signature is wrong",
        "The application signs with a key or secret that is not registered here. Compare the keys, by their kid too.",
        remedy=Remedy.TOKENS,
    ),
    "assertion-audience": Words(
        "The client assertion is meant for another server",
        "Its aud is this server's issuer or token endpoint, in exactly this spelling.",
    ),
    "assertion-issuer": Words("The client assertion's iss or sub is another's", "Both are the client key."),
    "assertion-expired": Words("The client assertion has expired", f"Make a new one each time. {_SIGNING}"),
    "assertion-expires-late": Words(
        "The client assertion lives too long", f"Let exp be a few minutes ahead. {_SIGNING}"
    ),
    "assertion-early": Words("The client assertion is from the future", _SIGNING),
    "assertion-jti": Words("The client assertion has no usable jti", "Give each assertion an id of its own."),
    "assertion-replayed": Words("The client assertion was used before", "Make a new one for every request."),
    "client-keys": Words(
        "The client's keys cannot be fetched",
        "The server asks the client's jwks_uri for them: see whether that address answers this server, and quickly.",
        remedy=Remedy.TOKENS,
    ),
    "may-not-verify": Words(
        "The client may not verify signed requests",
        "Allow it in the OAuth 1.0a options if it is a resource server of yours.",
        remedy=Remedy.CONSUMER,
    ),
}

"""The console's labels for kinds of client, statuses, grant types and authentication methods."""

from authserver.domain.clients import client_secrets, response_types
from authserver.domain.oauth1 import consumers
from authserver.vocabulary import AuthMethod, ClientKind, ClientStatus, GrantType
from authserver.web.admin import self_description

KINDS = {ClientKind.OAUTH1: "OAuth 1.0a", ClientKind.OAUTH2: "OAuth 2.0", ClientKind.OIDC: "OpenID Connect"}
STATUSES = {
    ClientStatus.APPROVED: "Approved",
    ClientStatus.PENDING: "Pending approval",
    ClientStatus.DISAPPROVED: "Disapproved",
}
STATUS_ICONS = {
    ClientStatus.APPROVED: "circle-check",
    ClientStatus.PENDING: "clock",
    ClientStatus.DISAPPROVED: "ban",
}
GRANT_TYPES = {
    GrantType.AUTHORIZATION_CODE: "Users sign in with a browser.",
    GrantType.REFRESH_TOKEN: "The application gets new access tokens without another sign-in.",
    GrantType.DEVICE_CODE: "For devices and tools without a browser.",
    GrantType.CLIENT_CREDENTIALS: "The application acts on its own behalf, without a user.",
    GrantType.PASSWORD: "The application handles the user's password.",
}
AUTH_METHODS = {
    AuthMethod.SECRET: "Secret in the header or the body (client_secret_basic or client_secret_post)",
    AuthMethod.BASIC: "Only HTTP Basic (client_secret_basic)",
    AuthMethod.POST: "Only in the request body (client_secret_post)",
    AuthMethod.SECRET_JWT: "JWT signed with the secret (client_secret_jwt)",
    AuthMethod.PRIVATE_KEY_JWT: "JWT signed with a private key (private_key_jwt)",
}
SOURCES = {
    "console": "In the console",
    "command": "On the command line",
    "registration": "Self-registered",
    "requestKey": "Requested by another server",
}


def naming(kind: str) -> dict[str, str]:
    """Return the labels for a client of this kind. OAuth 1.0a calls a client a consumer."""
    noun = "consumer" if kind == ClientKind.OAUTH1 else "client"
    return {"noun": noun, "name": f"{noun.capitalize()} name", "key": f"{noun.capitalize()} key"}


FOR_TEMPLATES: dict[str, object] = {
    "KINDS": KINDS,
    "signs_with_secret": client_secrets.signs_with_secret,
    "consumer_of": lambda client: consumers.options_of(client.details),
    "self_description_of": self_description.self_description_of,
    "STATUSES": STATUSES,
    "STATUS_ICONS": STATUS_ICONS,
    "GRANT_TYPES": GRANT_TYPES,
    "AUTH_METHODS": AUTH_METHODS,
    "RESPONSE_TYPES": response_types.RESPONSE_TYPES,
    "issues_in_browser": response_types.issues_in_browser,
}
"""The additional globals of the templates."""

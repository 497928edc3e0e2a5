"""One token request on its way through the server: Authlib's request object around our strict request value."""

from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload, OAuth2Request

from authserver.context import Actor
from authserver.domain.clients.client_cache import RegisteredClient
from authserver.domain.diagnostics.causes import Cause
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.http import Request, present_values, repeated_names
from authserver.protocol.oauth2 import client_authentication

REPEATABLE = frozenset({"resource"})
NEVER_IN_QUERY = frozenset(
    {
        "grant_type", "code", "code_verifier", "redirect_uri", "refresh_token", "device_code", "username", "password",
        "scope", "client_id", "client_secret", "client_assertion", "client_assertion_type", "token", "token_type_hint",
        "resource",
    }
)  # fmt: skip

# The settings refuse plain http off loopback, so that Authlib's own check, which knows no loopback address but one and
# raises outside its error handling, is given a URL that passes.
_CHECKED_BY_SETTINGS = "https://checked.invalid"


class TokenRequest(OAuth2Request):
    """A request to a machine endpoint that authenticates clients; raises the OAuth error when it is malformed."""

    def __init__(self, message: Request) -> None:
        super().__init__(message.method, _CHECKED_BY_SETTINGS, headers=message.headers)
        self.message = message
        self.parameters = form_parameters(message)
        self.payload = BasicOAuth2Payload(self.parameters)
        self.resources = tuple((name, value) for name, value in message.form or () if name == "resource")
        self.is_assertion_used = False
        self.credentials = client_authentication.parse_credentials(message, self.parameters)

    def required(self, name: str, client_id: int | None = None) -> str:
        """Return a parameter without which there is nothing to answer; raises invalid_request."""
        value = self.parameters.get(name)
        if value is None:
            raise ProtocolError(
                ErrorCode.INVALID_REQUEST,
                Cause(_missing(name)),
                f"{name} is missing.",
                client_id=client_id,
                expected=name,
            )
        return value

    def actor(self, client: RegisteredClient) -> Actor:
        """Return the client as the audit trail names whoever asks."""
        return Actor(client.name, None, self.message.address, "machine", self.message.request_id)


def _missing(name: str) -> str:
    return f"{name.replace('_', '-')}-missing"


def form_parameters(message: Request) -> dict[str, str]:
    """Return the form of a machine request; raises invalid_request when it is none, repeated or in the query (S11)."""
    if message.method != "POST":
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.METHOD_NOT_POST,
            "Use the POST method.",
            received=message.method,
            expected="POST",
        )
    # A request without any parameter needs no body, and a body that is not there needs no type.
    form = () if message.form is None and not message.body else message.form
    if form is None:
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.CONTENT_TYPE,
            "Send the parameters as application/x-www-form-urlencoded.",
            received=message.headers.get("content-type", ""),
            expected="application/x-www-form-urlencoded",
        )
    if misplaced := [name for name in present_values(message.query) if name in NEVER_IN_QUERY]:
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.PARAMETERS_IN_QUERY,
            f"Send {misplaced[0]} in the body, not in the query.",
            received=f"{misplaced[0]} in the address",
            expected=f"{misplaced[0]} in the body",
        )
    for name in repeated_names(form, REPEATABLE):
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.PARAMETER_REPEATED,
            f"The parameter {name[:60]} is repeated.",
            received=name[:200],
            expected=f"each parameter once, but for {', '.join(sorted(REPEATABLE))}",
        )
    return present_values(form)

"""Requests that clients authenticate: the form parameters and the credentials, parsed once.

The token, revocation, introspection and device authorization endpoints accept such requests.
"""

from authserver.context import Actor
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.diagnostics.causes import Cause
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.http import Pairs, Request, present_values, repeated_names
from authserver.protocol.oauth2 import client_authentication, resources

NEVER_IN_QUERY = frozenset(
    {
        "grant_type", "code", "code_verifier", "redirect_uri", "refresh_token", "device_code", "username", "password",
        "scope", "client_id", "client_secret", "client_assertion", "client_assertion_type", "token", "token_type_hint",
        "resource", "audience",
    }
)  # fmt: skip


class ClientRequest:
    """A form request from a client; raises ProtocolError if the form or the credentials are malformed."""

    def __init__(self, http_request: Request) -> None:
        self.http_request = http_request
        self.parameters = _form_parameters(http_request)
        self.resources: Pairs = tuple(
            pair for pair in http_request.form or () if pair[0] in resources.PARAMETERS
        )
        self.credentials = client_authentication.parse_credentials(http_request, self.parameters)
        self.is_assertion_verified = False

    @property
    def client_key(self) -> str:
        """The client key in the credentials."""
        return self.credentials.client_key

    def required(self, name: str, client_id: int | None = None) -> str:
        """Return a required parameter; raises invalid_request."""
        value = self.parameters.get(name)
        if value is None:
            raise ProtocolError(
                ErrorCode.INVALID_REQUEST,
                Cause(f"{name.replace('_', '-')}-missing"),
                f"{name} is missing.",
                client_id=client_id,
                expected=name,
            )
        return value

    def actor(self, client: RegisteredClient) -> Actor:
        """Return the client as the actor of audit events."""
        return Actor(client.name, None, self.http_request.address, "machine", self.http_request.request_id)


def _form_parameters(http_request: Request) -> dict[str, str]:
    """Return the form parameters; raises invalid_request if one is repeated or in the query (S11)."""
    if http_request.method != "POST":
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.METHOD_NOT_POST,
            "Use the POST method.",
            received=http_request.method,
            expected="POST",
        )
    # A request without parameters needs neither a body nor a content type.
    form = () if http_request.form is None and not http_request.body else http_request.form
    if form is None:
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.CONTENT_TYPE,
            "Send the parameters as application/x-www-form-urlencoded.",
            received=http_request.headers.get("content-type", ""),
            expected="application/x-www-form-urlencoded",
        )
    if misplaced := [name for name in present_values(http_request.query) if name in NEVER_IN_QUERY]:
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.PARAMETERS_IN_QUERY,
            f"Send {misplaced[0]} in the body, not in the query.",
            received=f"{misplaced[0]} in the query",
            expected=f"{misplaced[0]} in the body",
        )
    for name in repeated_names(form, resources.PARAMETERS):
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.PARAMETER_REPEATED,
            f"The parameter {name[:60]} is repeated.",
            received=name[:200],
            expected=f"each parameter once, except {', '.join(sorted(resources.PARAMETERS))}",
        )
    return present_values(form)

"""Response modes of the authorization endpoint, and the redirect that returns the response with ``iss`` (RFC 9207)."""

from dataclasses import dataclass
from itertools import chain
from urllib.parse import quote, urlencode

from authserver.domain.clients import response_types
from authserver.protocol.http import Pairs

QUERY, FRAGMENT, FORM_POST = "query", "fragment", "form_post"
RESPONSE_MODES = (QUERY, FRAGMENT, FORM_POST)
# The response types that clients of any kind can be registered for.
RESPONSE_TYPES = tuple(dict.fromkeys(chain.from_iterable(response_types.RESPONSE_TYPES.values())))


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """The parameters to return to a client's redirect URI."""

    redirect_uri: str
    mode: str
    parameters: Pairs

    @property
    def location(self) -> str:
        """The URI to redirect to in the query and fragment modes. The query of the redirect URI is not changed."""
        encoded = urlencode(self.parameters, quote_via=quote)
        if self.mode == FRAGMENT:
            return f"{self.redirect_uri}#{encoded}"
        return f"{self.redirect_uri}{'&' if '?' in self.redirect_uri else '?'}{encoded}"


@dataclass(frozen=True, slots=True)
class ResponseTarget:
    """The destination of the response. It is known only after the client and the redirect URI are checked (S9)."""

    redirect_uri: str
    mode: str
    state: str | None
    issuer: str

    def response(self, *parameters: tuple[str, str]) -> AuthorizationResponse:
        """Return a response with the unchanged state of the request and the issuer (RFC 9207, section 2)."""
        state = () if self.state is None else (("state", self.state),)
        return AuthorizationResponse(
            self.redirect_uri, self.mode, (*parameters, *state, ("iss", self.issuer))
        )


def default_mode(response_type: str) -> str:
    """Return the default response mode of a response type (OAuth 2.0 Multiple Response Types, section 5).

    For an unknown response type, the error is returned in the query (RFC 6749, section 4.1.2.1).
    """
    return FRAGMENT if response_type in RESPONSE_TYPES and response_type != "code" else QUERY


def allowed_modes(response_type: str) -> tuple[str, ...]:
    """Return the response modes that a response type allows."""
    return tuple(mode for mode in RESPONSE_MODES if mode_error(mode, response_type) is None)


def mode_error(mode: str | None, response_type: str) -> str | None:
    """Return the error in a requested response mode, or None."""
    if mode is None:
        return None
    if mode not in RESPONSE_MODES:
        return "response_mode must be query, fragment or form_post."
    if mode == QUERY and default_mode(response_type) != QUERY:
        return "response_mode=query is not allowed for tokens. Use fragment or form_post."
    return None

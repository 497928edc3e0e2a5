"""How the authorization endpoint answers: where to, in which response mode, always with ``iss`` (RFC 9207)."""

from dataclasses import dataclass
from itertools import chain
from urllib.parse import quote, urlencode

from authserver.domain.clients import response_types
from authserver.protocol.http import Pairs

QUERY, FRAGMENT, FORM_POST = "query", "fragment", "form_post"
RESPONSE_MODES = (QUERY, FRAGMENT, FORM_POST)
# What a client of any kind can be registered for.
RESPONSE_TYPES = tuple(dict.fromkeys(chain.from_iterable(response_types.RESPONSE_TYPES.values())))


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """Parameters on their way back to a client's redirect URI."""

    redirect_uri: str
    mode: str
    parameters: Pairs

    @property
    def location(self) -> str:
        """The URI to redirect to, for the query and fragment modes; the registered query is kept as it is."""
        encoded = urlencode(self.parameters, quote_via=quote)
        if self.mode == FRAGMENT:
            return f"{self.redirect_uri}#{encoded}"
        return f"{self.redirect_uri}{'&' if '?' in self.redirect_uri else '?'}{encoded}"


@dataclass(frozen=True, slots=True)
class ResponseTarget:
    """Where the answer to a request goes, known once its client and redirect URI are valid (S9)."""

    redirect_uri: str
    mode: str
    state: str | None
    issuer: str

    def answer(self, *parameters: tuple[str, str]) -> AuthorizationResponse:
        """Return an answer with the request's state, to the letter, and the issuer (RFC 9207, section 2)."""
        state = () if self.state is None else (("state", self.state),)
        return AuthorizationResponse(
            self.redirect_uri, self.mode, (*parameters, *state, ("iss", self.issuer))
        )


def default_mode(response_type: str) -> str:
    """Return the response mode for a response type (OAuth 2.0 Multiple Response Types, section 5).

    One that is not understood is answered with an error only, in the query (RFC 6749, section 4.1.2.1).
    """
    return FRAGMENT if response_type in RESPONSE_TYPES and response_type != "code" else QUERY


def allowed_modes(response_type: str) -> tuple[str, ...]:
    """Return the response modes that a response type can have."""
    return tuple(mode for mode in RESPONSE_MODES if mode_error(mode, response_type) is None)


def mode_error(mode: str | None, response_type: str) -> str | None:
    """Return what is wrong with a requested response mode, or None."""
    if mode is None:
        return None
    if mode not in RESPONSE_MODES:
        return "response_mode must be query, fragment or form_post."
    if mode == QUERY and default_mode(response_type) != QUERY:
        return "response_mode=query cannot carry tokens."
    return None

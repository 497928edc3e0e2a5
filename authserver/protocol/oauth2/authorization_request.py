"""Reading a request to the authorization endpoint (RFC 6749, section 4.1.1; OpenID Connect Core, section 3.1.2.1).

The order matters: until client and redirect URI are valid nothing is ever redirected; after that every error goes back
to the client in the right response mode.
"""

from dataclasses import dataclass, field
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.errors import InvalidRequestError, UnsupportedResponseTypeError

from authserver.domain.clients import redirect_uris
from authserver.domain.clients.client_cache import RegisteredClient
from authserver.domain.clients.registrations import normalize_response_type
from authserver.messages import message
from authserver.protocol.http import Pairs, present_values, repeated_names
from authserver.protocol.oauth2 import (
    authorization_parameters,
    pkce,
    requested_scope,
    resources,
    response_modes,
)
from authserver.protocol.oauth2.errors import oauth_error
from authserver.protocol.oauth2.response_modes import ResponseTarget
from authserver.protocol.oidc import acr
from authserver.protocol.oidc.acr import AcrRequirement
from authserver.protocol.oidc.claims_request import ClaimsRequest
from authserver.settings import Settings
from authserver.vocabulary import ClientKind, ScopeName

_HINT = "id_token_hint"
_READ = (
    "client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce",
    "code_challenge", "code_challenge_method", "prompt", "max_age", "login_hint", "claims", "acr_values", "ui_locales",
)  # fmt: skip
_REPEATABLE = frozenset({"resource"})
_NEVER_REDIRECTED = frozenset({"client_id", "redirect_uri"})


class AuthorizationError(Exception):
    """A request that is refused: to the client where there is an address to return to, else on a page."""

    def __init__(self, error: OAuth2Error, address: ResponseTarget | None = None) -> None:
        self.error = error
        self.address = address
        super().__init__(error.error)


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A valid authorization request."""

    client: RegisteredClient = field(repr=False)
    address: ResponseTarget
    redirect_uri_was_sent: bool
    response_type: str
    scopes: tuple[str, ...]
    nonce: str | None
    code_challenge: str
    prompt: frozenset[str]
    max_age: int | None
    login_hint: str
    claims: ClaimsRequest
    context: AcrRequirement
    subjects: tuple[str, ...] | None
    resources: tuple[str, ...]
    parameters: dict[str, str] = field(repr=False)

    @property
    def words(self) -> frozenset[str]:
        """What the response consists of: code, token, id_token."""
        return frozenset(self.response_type.split())

    @property
    def consent_scopes(self) -> tuple[str, ...]:
        """The scopes that the person is asked for: those requested, and those that cover claims requested by name."""
        return tuple(dict.fromkeys((*self.scopes, *sorted(self.claims.scopes))))

    @property
    def stored(self) -> dict[str, Any]:
        """The parameters as a record keeps them while a person signs in; ``restored`` makes pairs of them again.

        A hint is an ID token, with which a session can be ended: of it only the person's identifier is kept. What this
        endpoint does not read is left out: a client that is mistaken may have put its secret there (S24).
        """
        kept: dict[str, Any] = {name: self.parameters[name] for name in _READ if name in self.parameters}
        if _HINT in self.parameters and self.subjects is not None:
            kept["claims"] = self.claims.insisting_on(self.subjects)
        return kept | ({"resource": list(self.resources)} if self.resources else {})


def restore_pairs(stored: dict[str, Any]) -> Pairs:
    """Return the pairs of a request that was stored."""
    values = {name: value if isinstance(value, list) else [value] for name, value in stored.items()}
    return tuple((name, value) for name, listed in values.items() for value in listed)


def client_key(pairs: Pairs) -> str:
    """Return which client the request says it is from; raises a failure that is shown on a page."""
    for name in _NEVER_REDIRECTED.intersection(repeated_names(pairs)):
        raise AuthorizationError(_repeated(name))
    key = present_values(pairs).get("client_id")
    if key is None:
        raise AuthorizationError(
            oauth_error(
                InvalidRequestError,
                message("client_id is missing."),
                "client-id-missing",
                expected="client_id",
            )
        )
    return key


def parse_authorization_request(
    pairs: Pairs, client: RegisteredClient, settings: Settings
) -> AuthorizationRequest:
    """Return the request of a known client; raises AuthorizationFailure."""
    parameters = present_values(pairs)
    redirect_uri = _redirect_uri(parameters, client)
    response_type = normalize_response_type(parameters.get("response_type", ""))
    wanted_mode = parameters.get("response_mode")
    mode_is_usable = wanted_mode is not None and response_modes.mode_error(wanted_mode, response_type) is None
    mode = wanted_mode if wanted_mode and mode_is_usable else response_modes.default_mode(response_type)
    repeated = repeated_names(pairs, _REPEATABLE)
    state = None if "state" in repeated else parameters.get("state")
    address = ResponseTarget(redirect_uri, mode, state, settings.issuer)
    try:
        if repeated:
            raise _repeated(repeated[0], client)
        wanted = resources.requested_resources(pairs, client, settings)
        return _read_rest(parameters, client, address, response_type, wanted)
    except OAuth2Error as error:
        raise AuthorizationError(error, address) from error


def _repeated(name: str, client: RegisteredClient | None = None) -> OAuth2Error:
    return oauth_error(
        InvalidRequestError,
        message("%(name)s is repeated.", name=name[:60]),
        "parameter-repeated",
        received=name,
        expected="each parameter once, but for resource",
        client_id=client.id if client else None,
    )


def _redirect_uri(parameters: dict[str, str], client: RegisteredClient) -> str:
    asked = parameters.get("redirect_uri")
    if asked is None:
        is_openid = client.kind == ClientKind.OIDC or ScopeName.OPENID in parameters.get("scope", "").split()
        # RFC 6749, section 3.1.2.3: it can be left out where one alone is registered; OpenID Connect always wants it.
        if len(client.redirect_uris) == 1 and not is_openid:
            return client.redirect_uris[0]
        error = oauth_error(
            InvalidRequestError,
            message("redirect_uri is missing."),
            "redirect-uri-missing",
            expected="\n".join(client.redirect_uris),
            client_id=client.id,
        )
        raise AuthorizationError(error)
    if not redirect_uris.is_registered(asked, client.redirect_uris):
        raise AuthorizationError(
            oauth_error(
                InvalidRequestError,
                message("redirect_uri is not registered for this client."),
                "redirect-uri-not-registered",
                received=asked,
                expected="\n".join(client.redirect_uris),
                client_id=client.id,
            )
        )
    return asked


def _read_rest(
    parameters: dict[str, str],
    client: RegisteredClient,
    address: ResponseTarget,
    response_type: str,
    wanted: tuple[str, ...],
) -> AuthorizationRequest:
    # First, as everything else may be in it (Core, section 6.1): what is missed then is not what is wrong.
    _check_request_object(parameters, client)
    _check_response_type(response_type, parameters, client)
    scopes = _scopes(parameters.get("scope"), client, with_code="code" in response_type.split())
    _check_openid(response_type, scopes, parameters, client)
    challenge = parameters.get("code_challenge")
    if "code" in response_type.split():
        fault = pkce.check_challenge(
            challenge, parameters.get("code_challenge_method"), is_required=client.is_pkce_required
        )
        if fault:
            raise oauth_error(
                InvalidRequestError,
                fault.sentence,
                "code-challenge",
                received=fault.received,
                expected=fault.expected,
                client_id=client.id,
            )
    claims = authorization_parameters.parse_claims(parameters, scopes, client)
    return AuthorizationRequest(
        client=client,
        address=address,
        redirect_uri_was_sent="redirect_uri" in parameters,
        response_type=response_type,
        scopes=scopes,
        nonce=parameters.get("nonce"),
        code_challenge=challenge or "",
        prompt=authorization_parameters.parse_prompt(parameters.get("prompt", ""), client),
        max_age=authorization_parameters.parse_max_age(parameters.get("max_age"), client),
        login_hint=parameters.get("login_hint", "")[:200],
        claims=claims,
        context=acr.acr_requirement(
            parameters.get("acr_values", ""), claims, tuple(client.details.get("default_acr_values", ()))
        ),
        subjects=None,
        resources=wanted,
        parameters=parameters,
    )


def _check_request_object(parameters: dict[str, str], client: RegisteredClient) -> None:
    for name, kind in (("request", "request_not_supported"), ("request_uri", "request_uri_not_supported")):
        if name in parameters:
            error = oauth_error(
                InvalidRequestError,
                f"{name} is not supported.",
                kind,
                client_id=client.id,
                received=name,
                expected="the parameters themselves",
            )
            error.error = kind
            raise error


def _check_response_type(response_type: str, parameters: dict[str, str], client: RegisteredClient) -> None:
    if not response_type:
        raise oauth_error(
            InvalidRequestError,
            "response_type is missing.",
            "response-type-missing",
            client_id=client.id,
            expected="\n".join(sorted(client.response_types)),
        )
    if response_type not in response_modes.RESPONSE_TYPES:
        error = UnsupportedResponseTypeError(response_type)
        error.cause, error.client_id, error.received = "response-type-unsupported", client.id, response_type
        error.expected = "\n".join(sorted(client.response_types))
        raise error
    if fault := response_modes.mode_error(parameters.get("response_mode"), response_type):
        raise oauth_error(
            InvalidRequestError,
            fault,
            "response-mode",
            received=f"{parameters['response_mode']}",
            expected=" ".join(response_modes.allowed_modes(response_type)),
            client_id=client.id,
        )


def _scopes(requested: str | None, client: RegisteredClient, *, with_code: bool) -> tuple[str, ...]:
    if requested is None:
        return requested_scope.default_scopes(client)
    scopes = requested_scope.parse_scope(requested, client)
    if ScopeName.OPENID in scopes:
        # OpenID Connect Core, section 3.1.2.1: scopes that are not understood are ignored.
        scopes = tuple(scope for scope in scopes if scope in client.scopes or scope in set(ScopeName))
        if not with_code:
            # Section 11: offline access is ignored unless there will be a code, and so a refresh token.
            scopes = tuple(scope for scope in scopes if scope != ScopeName.OFFLINE_ACCESS)
    requested_scope.check_registered(scopes, requested, client)
    return scopes


def _check_openid(
    response_type: str, scopes: tuple[str, ...], parameters: dict[str, str], client: RegisteredClient
) -> None:
    if "id_token" not in response_type.split():
        return
    if ScopeName.OPENID not in scopes:
        fault = "A response type with id_token needs the scope openid."
        raise oauth_error(
            InvalidRequestError,
            fault,
            "openid-scope-missing",
            client_id=client.id,
            received=" ".join(scopes),
            expected=ScopeName.OPENID,
        )
    # OpenID Connect Core, sections 3.2.2.1 and 3.3.2.11: the ID token from this endpoint must carry a nonce.
    if "nonce" not in parameters:
        fault = "A response type with id_token needs a nonce."
        raise oauth_error(
            InvalidRequestError,
            fault,
            "nonce-missing",
            client_id=client.id,
            expected=f"nonce, because of response_type={response_type}",
        )

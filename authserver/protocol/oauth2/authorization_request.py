"""Parses requests to the authorization endpoint (RFC 6749, section 4.1.1; OpenID Connect Core, section 3.1.2.1).

The order matters: an error in the client or the redirect URI is shown on a page and never sent to the client. All later
errors are returned to the client in the requested response mode.
"""

from dataclasses import dataclass, field
from typing import Any

from authserver.domain.client_cache import RegisteredClient
from authserver.domain.clients import redirect_uris
from authserver.domain.clients.response_types import normalize_response_type
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.diagnostics.error_log import ErrorDetails
from authserver.domain.users import user_names
from authserver.messages import message
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.http import Pairs, present_values, repeated_names
from authserver.protocol.oauth2 import (
    authorization_parameters,
    pkce,
    requested_scope,
    resources,
    response_modes,
)
from authserver.protocol.oauth2.response_modes import ResponseTarget
from authserver.protocol.oidc import acr
from authserver.protocol.oidc.acr import AcrRequirement
from authserver.protocol.oidc.claims_request import ClaimsRequest
from authserver.settings import Settings
from authserver.vocabulary import ClientKind, ScopeName

MAX_BYTES = 16_000
"""The maximum size of all names and values of an authorization request, in UTF-8."""

_HINT = "id_token_hint"
_STORED_PARAMETERS = (
    "client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce",
    "code_challenge", "code_challenge_method", "prompt", "max_age", "login_hint", "claims", "acr_values", "ui_locales",
)  # fmt: skip
_UNSUPPORTED_PARAMETERS = (
    ("request", ErrorCode.REQUEST_NOT_SUPPORTED, Cause.REQUEST_NOT_SUPPORTED),
    ("request_uri", ErrorCode.REQUEST_URI_NOT_SUPPORTED, Cause.REQUEST_URI_NOT_SUPPORTED),
)
_NOT_REGISTERED = message("redirect_uri is not registered for this client.")
_ENCODED_TWICE = message("redirect_uri is percent-encoded twice. The application must encode it once.")
_NEVER_REDIRECTED = frozenset({"client_id", "redirect_uri"})


class AuthorizationError(ProtocolError):
    """An error of the authorization endpoint: sent to the client at ``target``, or shown on a page if that is None."""

    def __init__(self, error: ProtocolError, target: ResponseTarget | None = None) -> None:
        details = error.details
        super().__init__(
            details.error,
            details.cause,
            details.description,
            received=details.received,
            expected=details.expected,
            client_id=details.client_id,
        )
        self.target = target


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A valid authorization request."""

    client: RegisteredClient = field(repr=False)
    target: ResponseTarget
    redirect_uri_was_sent: bool
    response_type: str
    scopes: tuple[str, ...]
    nonce: str | None
    code_challenge: str
    prompt: frozenset[str]
    max_age: int | None
    login_hint: str
    claims: ClaimsRequest
    acr_requirement: AcrRequirement
    subjects: tuple[str, ...] | None
    resources: tuple[str, ...]
    parameters: dict[str, str] = field(repr=False)

    @property
    def response_type_values(self) -> frozenset[str]:
        """The parts of the response type: code, token, id_token."""
        return frozenset(self.response_type.split())

    @property
    def consent_scopes(self) -> tuple[str, ...]:
        """The scopes on the consent page: those requested, and those that cover claims requested by name."""
        return tuple(dict.fromkeys((*self.scopes, *sorted(self.claims.scopes))))

    @property
    def ignored_scopes(self) -> ErrorDetails | None:
        """The scopes that were ignored because the client is not registered for them, to record; None if there are none."""
        requested = self.parameters.get("scope")
        if requested is None:
            return None
        ignored = requested_scope.ignored_scopes(
            requested_scope.parse_scope(requested, self.client), self.client
        )
        if not ignored:
            return None
        return ErrorDetails(
            error="",
            cause=Cause.SCOPE_IGNORED,
            description="The request was accepted, but without scopes that the client is not registered for.",
            received=" ".join(ignored),
            expected=" ".join(sorted(self.client.scopes)),
            client_id=self.client.id,
        )

    @property
    def stored(self) -> dict[str, Any]:
        """The parameters to store while the user signs in; ``restore_pairs`` reverses this.

        Only the subject identifier of an ID token hint is stored, because the hint itself could be used to end the
        session. Parameters that this endpoint does not use are omitted, because a client may send its secret by
        mistake (S24).
        """
        kept: dict[str, Any] = {
            name: self.parameters[name] for name in _STORED_PARAMETERS if name in self.parameters
        }
        if _HINT in self.parameters and self.subjects is not None:
            kept["claims"] = self.claims.parameter_requiring(self.subjects)
        return kept | ({"resource": list(self.resources)} if self.resources else {})


def restore_pairs(stored: dict[str, Any]) -> Pairs:
    """Return the pairs of a stored request."""
    values = {name: value if isinstance(value, list) else [value] for name, value in stored.items()}
    return tuple((name, value) for name, listed in values.items() for value in listed)


def client_key(pairs: Pairs) -> str:
    """Return the client_id; raises an AuthorizationError that is shown on a page."""
    for name in _NEVER_REDIRECTED.intersection(repeated_names(pairs)):
        raise AuthorizationError(_repeated(name))
    key = present_values(pairs).get("client_id")
    if key is None:
        raise AuthorizationError(
            ProtocolError(
                ErrorCode.INVALID_REQUEST,
                Cause.CLIENT_ID_MISSING,
                message("client_id is missing."),
                expected="client_id",
            )
        )
    return key


def parse_authorization_request(
    pairs: Pairs, client: RegisteredClient, settings: Settings
) -> AuthorizationRequest:
    """Return the request of a registered client; raises AuthorizationError.

    The request is limited to ``MAX_BYTES``, because it is stored while the user signs in (S28).
    """
    if (size := sum(len((name + value).encode()) for name, value in pairs)) > MAX_BYTES:
        raise AuthorizationError(_too_long(size, client))
    parameters = present_values(pairs)
    redirect_uri = _redirect_uri(parameters, client)
    response_type = normalize_response_type(parameters.get("response_type", ""))
    wanted_mode = parameters.get("response_mode")
    mode_is_usable = wanted_mode is not None and response_modes.mode_error(wanted_mode, response_type) is None
    mode = wanted_mode if wanted_mode and mode_is_usable else response_modes.default_mode(response_type)
    repeated = repeated_names(pairs, resources.PARAMETERS)
    state = None if "state" in repeated else parameters.get("state")
    target = ResponseTarget(redirect_uri, mode, state, settings.issuer)
    try:
        if repeated:
            raise _repeated(repeated[0], client)
        wanted = resources.requested_resources(pairs, client, settings)
        return _read_rest(parameters, client, settings, target, response_type, wanted)
    except ProtocolError as error:
        raise AuthorizationError(error, target) from error


def _too_long(size: int, client: RegisteredClient) -> ProtocolError:
    return ProtocolError(
        ErrorCode.INVALID_REQUEST,
        Cause.PARAMETERS_TOO_LONG,
        message("The parameters can have at most %(count)s bytes.", count=MAX_BYTES),
        received=f"{size} bytes",
        expected=f"at most {MAX_BYTES} bytes",
        client_id=client.id,
    )


def _repeated(name: str, client: RegisteredClient | None = None) -> ProtocolError:
    return ProtocolError(
        ErrorCode.INVALID_REQUEST,
        Cause.PARAMETER_REPEATED,
        message("%(name)s is repeated.", name=name[:60]),
        received=name,
        expected="each parameter once, except audience and resource",
        client_id=client.id if client else None,
    )


def _redirect_uri(parameters: dict[str, str], client: RegisteredClient) -> str:
    requested = parameters.get("redirect_uri")
    if requested is None:
        is_openid = client.kind == ClientKind.OIDC or ScopeName.OPENID in parameters.get("scope", "").split()
        # RFC 6749, section 3.1.2.3: redirect_uri is optional if the client has registered only one. OpenID Connect
        # always requires it.
        if len(client.redirect_uris) == 1 and not is_openid:
            return client.redirect_uris[0]
        error = ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.REDIRECT_URI_MISSING,
            message("redirect_uri is missing."),
            expected="\n".join(client.redirect_uris),
            client_id=client.id,
        )
        raise AuthorizationError(error)
    if not redirect_uris.is_registered(requested, client.redirect_uris):
        cause, problem = Cause.REDIRECT_URI_NOT_REGISTERED, _NOT_REGISTERED
        if redirect_uris.is_encoded_twice(requested, client.redirect_uris):
            cause, problem = Cause.REDIRECT_URI_ENCODED_TWICE, _ENCODED_TWICE
        raise AuthorizationError(
            ProtocolError(
                ErrorCode.INVALID_REQUEST,
                cause,
                problem,
                received=requested,
                expected="\n".join(client.redirect_uris),
                client_id=client.id,
            )
        )
    return requested


def _read_rest(
    parameters: dict[str, str],
    client: RegisteredClient,
    settings: Settings,
    target: ResponseTarget,
    response_type: str,
    wanted: tuple[str, ...],
) -> AuthorizationRequest:
    # Check this first: a request object may contain the other parameters (Core, section 6.1), which then seem missing.
    _check_request_object(parameters, client)
    _check_response_type(response_type, parameters, client)
    scopes = _scopes(
        parameters.get("scope"), client, wanted, settings, with_code="code" in response_type.split()
    )
    _check_openid(response_type, scopes, parameters, client)
    challenge = parameters.get("code_challenge")
    if "code" in response_type.split():
        error = pkce.check_challenge(
            challenge, parameters.get("code_challenge_method"), is_required=client.is_pkce_required
        )
        if error:
            raise ProtocolError(
                ErrorCode.INVALID_REQUEST,
                Cause.CODE_CHALLENGE,
                error.description,
                received=error.received,
                expected=error.expected,
                client_id=client.id,
            )
    claims = authorization_parameters.parse_claims(parameters, scopes, client)
    return AuthorizationRequest(
        client=client,
        target=target,
        redirect_uri_was_sent="redirect_uri" in parameters,
        response_type=response_type,
        scopes=scopes,
        nonce=parameters.get("nonce"),
        code_challenge=challenge or "",
        prompt=authorization_parameters.parse_prompt(parameters.get("prompt", ""), client),
        max_age=authorization_parameters.parse_max_age(parameters.get("max_age"), client),
        login_hint=parameters.get("login_hint", "")[: user_names.EMAIL_LENGTH],
        claims=claims,
        acr_requirement=acr.acr_requirement(
            parameters.get("acr_values", ""), claims, tuple(client.details.get("default_acr_values", ()))
        ),
        subjects=None,
        resources=wanted,
        parameters=parameters,
    )


def _check_request_object(parameters: dict[str, str], client: RegisteredClient) -> None:
    for name, error, cause in _UNSUPPORTED_PARAMETERS:
        if name in parameters:
            raise ProtocolError(
                error,
                cause,
                f"{name} is not supported.",
                received=name,
                expected="the parameters in the request itself",
                client_id=client.id,
            )


def _check_response_type(response_type: str, parameters: dict[str, str], client: RegisteredClient) -> None:
    if not response_type:
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.RESPONSE_TYPE_MISSING,
            "response_type is missing.",
            client_id=client.id,
            expected="\n".join(sorted(client.response_types)),
        )
    if response_type not in response_modes.RESPONSE_TYPES:
        raise ProtocolError(
            ErrorCode.UNSUPPORTED_RESPONSE_TYPE,
            Cause.RESPONSE_TYPE_UNSUPPORTED,
            f"response_type={response_type} is not supported.",
            received=response_type,
            expected="\n".join(sorted(client.response_types)),
            client_id=client.id,
        )
    if description := response_modes.mode_error(parameters.get("response_mode"), response_type):
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.RESPONSE_MODE,
            description,
            received=f"{parameters['response_mode']}",
            expected=" ".join(response_modes.allowed_modes(response_type)),
            client_id=client.id,
        )


def _scopes(
    requested: str | None,
    client: RegisteredClient,
    named: tuple[str, ...],
    settings: Settings,
    *,
    with_code: bool,
) -> tuple[str, ...]:
    if requested is None:
        scopes = requested_scope.default_scopes(client)
        audience = resources.audience_of(named, client, settings, scopes)
        return requested_scope.scopes_for(audience, scopes, client)
    scopes = requested_scope.parse_scope(requested, client)
    ignored = set(requested_scope.ignored_scopes(scopes, client))
    if ScopeName.OPENID in scopes and not with_code:
        # Section 11: ignore offline_access if the response has no code, because no refresh token can be issued.
        ignored.add(ScopeName.OFFLINE_ACCESS)
    scopes = tuple(scope for scope in scopes if scope not in ignored)
    requested_scope.check_registered(scopes, requested, client)
    requested_scope.check_resources(
        resources.audience_of(named, client, settings, scopes), scopes, requested, client
    )
    return scopes


def _check_openid(
    response_type: str, scopes: tuple[str, ...], parameters: dict[str, str], client: RegisteredClient
) -> None:
    if "id_token" not in response_type.split():
        return
    if ScopeName.OPENID not in scopes:
        description = "A response type with id_token requires the scope openid."
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.OPENID_SCOPE_MISSING,
            description,
            client_id=client.id,
            received=" ".join(scopes),
            expected=ScopeName.OPENID,
        )
    # OpenID Connect Core, sections 3.2.2.1 and 3.3.2.11: the ID token from this endpoint must have a nonce.
    if "nonce" not in parameters:
        description = "A response type with id_token requires a nonce."
        raise ProtocolError(
            ErrorCode.INVALID_REQUEST,
            Cause.NONCE_MISSING,
            description,
            client_id=client.id,
            expected=f"nonce, because of response_type={response_type}",
        )

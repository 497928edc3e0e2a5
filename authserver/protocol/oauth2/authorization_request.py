"""Reading a request to the authorization endpoint (RFC 6749, section 4.1.1; OpenID Connect Core, section 3.1.2.1).

The order matters: until client and redirect URI are valid nothing is ever redirected; after that every error goes back
to the client in the right response mode.
"""

from dataclasses import dataclass, field
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.errors import InvalidRequestError, UnsupportedResponseTypeError

from authserver.domain import redirect_uris
from authserver.domain.policies import Policy
from authserver.domain.registrations import normal_response_type
from authserver.protocol.messages import Pairs, present, repeated
from authserver.protocol.oauth2 import authorization_values, pkce, requested_scope, resources, responses
from authserver.protocol.oauth2.errors import refusal
from authserver.protocol.oauth2.responses import ReturnAddress
from authserver.protocol.oidc import context_classes
from authserver.protocol.oidc.claims_request import ClaimsRequest
from authserver.protocol.oidc.context_classes import Demand
from authserver.settings import Settings
from authserver.terms import Kind, Scope

_HINT = "id_token_hint"
_READ = (
    "client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce",
    "code_challenge", "code_challenge_method", "prompt", "max_age", "login_hint", "claims", "acr_values", "ui_locales",
)  # fmt: skip
_REPEATABLE = frozenset({"resource"})
_NEVER_REDIRECTED = frozenset({"client_id", "redirect_uri"})


class AuthorizationFailure(Exception):
    """A request that is refused: to the client where there is an address to return to, else on a page."""

    def __init__(self, error: OAuth2Error, address: ReturnAddress | None = None) -> None:
        self.error = error
        self.address = address
        super().__init__(error.error)


@dataclass(frozen=True, slots=True)
class Ask:
    """A valid authorization request."""

    policy: Policy = field(repr=False)
    address: ReturnAddress
    redirect_uri_was_sent: bool
    response_type: str
    scopes: tuple[str, ...]
    nonce: str | None
    code_challenge: str
    prompt: frozenset[str]
    max_age: int | None
    login_hint: str
    claims: ClaimsRequest
    context: Demand
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


def restored(stored: dict[str, Any]) -> Pairs:
    """Return the pairs of a request that was stored."""
    values = {name: value if isinstance(value, list) else [value] for name, value in stored.items()}
    return tuple((name, value) for name, listed in values.items() for value in listed)


def client_key(pairs: Pairs) -> str:
    """Return which client the request says it is from; raises a failure that is shown on a page."""
    for name in _NEVER_REDIRECTED.intersection(repeated(pairs)):
        raise AuthorizationFailure(_repeated(name))
    key = present(pairs).get("client_id")
    if key is None:
        raise AuthorizationFailure(
            refusal(InvalidRequestError, "client_id is missing.", "client-id-missing", expected="client_id")
        )
    return key


def read(pairs: Pairs, policy: Policy, settings: Settings) -> Ask:
    """Return the request of a known client; raises AuthorizationFailure."""
    parameters = present(pairs)
    redirect_uri = _redirect_uri(parameters, policy)
    response_type = normal_response_type(parameters.get("response_type", ""))
    wanted_mode = parameters.get("response_mode")
    mode_is_usable = wanted_mode is not None and responses.mode_fault(wanted_mode, response_type) is None
    mode = wanted_mode if wanted_mode and mode_is_usable else responses.default_mode(response_type)
    repeated_names = repeated(pairs, _REPEATABLE)
    state = None if "state" in repeated_names else parameters.get("state")
    address = ReturnAddress(redirect_uri, mode, state, settings.issuer)
    try:
        if repeated_names:
            raise _repeated(repeated_names[0], policy)
        wanted = resources.requested(pairs, policy, settings)
        return _read_rest(parameters, policy, address, response_type, wanted)
    except OAuth2Error as error:
        raise AuthorizationFailure(error, address) from error


def _repeated(name: str, policy: Policy | None = None) -> OAuth2Error:
    return refusal(
        InvalidRequestError,
        f"{name[:60]} is repeated.",
        "parameter-repeated",
        received=name,
        expected="each parameter once, but for resource",
        client_id=policy.id if policy else None,
    )


def _redirect_uri(parameters: dict[str, str], policy: Policy) -> str:
    asked = parameters.get("redirect_uri")
    if asked is None:
        is_openid = policy.kind == Kind.OIDC or Scope.OPENID in parameters.get("scope", "").split()
        # RFC 6749, section 3.1.2.3: it can be left out where one alone is registered; OpenID Connect always wants it.
        if len(policy.redirect_uris) == 1 and not is_openid:
            return policy.redirect_uris[0]
        error = refusal(
            InvalidRequestError,
            "redirect_uri is missing.",
            "redirect-uri-missing",
            expected="\n".join(policy.redirect_uris),
            client_id=policy.id,
        )
        raise AuthorizationFailure(error)
    if not redirect_uris.is_registered(asked, policy.redirect_uris):
        raise AuthorizationFailure(
            refusal(
                InvalidRequestError,
                "redirect_uri is not registered for this client.",
                "redirect-uri-not-registered",
                received=asked,
                expected="\n".join(policy.redirect_uris),
                client_id=policy.id,
            )
        )
    return asked


def _read_rest(
    parameters: dict[str, str],
    policy: Policy,
    address: ReturnAddress,
    response_type: str,
    wanted: tuple[str, ...],
) -> Ask:
    # First, as everything else may be in it (Core, section 6.1): what is missed then is not what is wrong.
    _check_request_object(parameters, policy)
    _check_response_type(response_type, parameters, policy)
    scopes = _scopes(parameters.get("scope"), policy, with_code="code" in response_type.split())
    _check_openid(response_type, scopes, parameters, policy)
    challenge = parameters.get("code_challenge")
    if "code" in response_type.split():
        fault = pkce.check_challenge(
            challenge, parameters.get("code_challenge_method"), is_required=policy.is_pkce_required
        )
        if fault:
            raise refusal(
                InvalidRequestError,
                fault.sentence,
                "code-challenge",
                received=fault.received,
                expected=fault.expected,
                client_id=policy.id,
            )
    claims = authorization_values.claims(parameters, scopes, policy)
    return Ask(
        policy=policy,
        address=address,
        redirect_uri_was_sent="redirect_uri" in parameters,
        response_type=response_type,
        scopes=scopes,
        nonce=parameters.get("nonce"),
        code_challenge=challenge or "",
        prompt=authorization_values.prompt(parameters.get("prompt", ""), policy),
        max_age=authorization_values.max_age(parameters.get("max_age"), policy),
        login_hint=parameters.get("login_hint", "")[:200],
        claims=claims,
        context=context_classes.demanded(
            parameters.get("acr_values", ""), claims, tuple(policy.details.get("default_acr_values", ()))
        ),
        subjects=None,
        resources=wanted,
        parameters=parameters,
    )


def _check_request_object(parameters: dict[str, str], policy: Policy) -> None:
    for name, kind in (("request", "request_not_supported"), ("request_uri", "request_uri_not_supported")):
        if name in parameters:
            error = refusal(
                InvalidRequestError,
                f"{name} is not supported.",
                kind,
                client_id=policy.id,
                received=name,
                expected="the parameters themselves",
            )
            error.error = kind
            raise error


def _check_response_type(response_type: str, parameters: dict[str, str], policy: Policy) -> None:
    if not response_type:
        raise refusal(
            InvalidRequestError,
            "response_type is missing.",
            "response-type-missing",
            client_id=policy.id,
            expected="\n".join(sorted(policy.response_types)),
        )
    if response_type not in responses.RESPONSE_TYPES:
        error = UnsupportedResponseTypeError(response_type)
        error.cause, error.client_id, error.received = "response-type-unsupported", policy.id, response_type
        error.expected = "\n".join(sorted(policy.response_types))
        raise error
    if fault := responses.mode_fault(parameters.get("response_mode"), response_type):
        raise refusal(
            InvalidRequestError,
            fault,
            "response-mode",
            received=f"{parameters['response_mode']}",
            expected=" ".join(responses.modes(response_type)),
            client_id=policy.id,
        )


def _scopes(requested: str | None, policy: Policy, *, with_code: bool) -> tuple[str, ...]:
    if requested is None:
        return requested_scope.default(policy)
    scopes = requested_scope.words(requested, policy)
    if Scope.OPENID in scopes:
        # OpenID Connect Core, section 3.1.2.1: scopes that are not understood are ignored.
        scopes = tuple(scope for scope in scopes if scope in policy.scopes or scope in set(Scope))
        if not with_code:
            # Section 11: offline access is ignored unless there will be a code, and so a refresh token.
            scopes = tuple(scope for scope in scopes if scope != Scope.OFFLINE_ACCESS)
    requested_scope.check_registered(scopes, requested, policy)
    return scopes


def _check_openid(
    response_type: str, scopes: tuple[str, ...], parameters: dict[str, str], policy: Policy
) -> None:
    if "id_token" not in response_type.split():
        return
    if Scope.OPENID not in scopes:
        fault = "A response type with id_token needs the scope openid."
        raise refusal(
            InvalidRequestError,
            fault,
            "openid-scope-missing",
            client_id=policy.id,
            received=" ".join(scopes),
            expected=Scope.OPENID,
        )
    # OpenID Connect Core, sections 3.2.2.1 and 3.3.2.11: the ID token from this endpoint must carry a nonce.
    if "nonce" not in parameters:
        fault = "A response type with id_token needs a nonce."
        raise refusal(
            InvalidRequestError,
            fault,
            "nonce-missing",
            client_id=policy.id,
            expected=f"nonce, because of response_type={response_type}",
        )

"""Client authentication with a signed assertion: client_secret_jwt and private_key_jwt.

See RFC 7523 and OpenID Connect Core, section 9.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc.jwk import OctKey

from authserver import clock
from authserver.domain import text_rules
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.clients import client_secrets, used_assertions
from authserver.domain.diagnostics.causes import Cause
from authserver.domain.fetcher import FetchFailed
from authserver.domain.orm import Database
from authserver.domain.vault import Vault
from authserver.protocol import algorithms, received_jwts
from authserver.protocol.client_keys import ClientKeySets
from authserver.protocol.errors import ErrorCode, ProtocolError
from authserver.protocol.received_jwts import ReceivedJwt
from authserver.settings import Settings
from authserver.vocabulary import AuthMethod, EndpointPath, LegacyPath

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_JWT_TYPES = {"jwt", "client-authentication+jwt"}
_MAX_LENGTH = 8000
_MAX_JTI_LENGTH = 500
_SKEW = timedelta(seconds=30)
_KEY_TYPES = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}


class ClientAssertion(ReceivedJwt):
    """A parsed assertion; its signature and claims are not verified yet."""

    @property
    def method(self) -> AuthMethod:
        """The authentication method, which depends on whether the algorithm is symmetric."""
        is_symmetric = str(self.header.get("alg", "")).startswith("HS")
        return AuthMethod.SECRET_JWT if is_symmetric else AuthMethod.PRIVATE_KEY_JWT


def parse_assertion(assertion_type: str | None, text: str) -> ClientAssertion:
    """Return the parsed assertion; raises invalid_client if it is malformed."""
    if assertion_type != ASSERTION_TYPE:
        raise _error(
            f"client_assertion_type must be {ASSERTION_TYPE}.",
            Cause.ASSERTION_TYPE,
            received=assertion_type or "",
            expected=ASSERTION_TYPE,
        )
    try:
        assertion = ClientAssertion(*received_jwts.parse_jwt(text if len(text) <= _MAX_LENGTH else ""))
    except ValueError as error:
        raise _error(
            "client_assertion is not a signed JWT.",
            Cause.ASSERTION_MALFORMED,
            received=f"{len(text)} characters",
            expected=f"a signed JWT of at most {_MAX_LENGTH} characters",
        ) from error
    if not isinstance(assertion.claims.get("sub"), str):
        raise _error(
            "The sub of client_assertion must be the client_id.",
            Cause.ASSERTION_SUBJECT,
            expected="the client_id as sub",
        )
    return assertion


class AssertionVerifier:
    """Verifies the assertions that clients send."""

    def __init__(self, settings: Settings, database: Database, vault: Vault, keys: ClientKeySets) -> None:
        self._settings = settings
        self._database = database
        self._vault = vault
        self._keys = keys

    def verify(self, assertion: ClientAssertion, client: RegisteredClient, path: str) -> None:
        """Verify an assertion that was sent to the endpoint ``path``, and consume it; raises invalid_client."""
        self._check_signature(assertion, client)
        self._check_audience(assertion.claims.get("aud"), client, path)
        expires_at = self._check_claims(assertion.claims, client)
        self._consume(assertion.claims.get("jti"), client, expires_at)

    def _check_signature(self, assertion: ClientAssertion, client: RegisteredClient) -> None:
        typ, algorithm = assertion.header.get("typ"), assertion.header.get("alg")
        if typ is not None and str(typ).lower().removeprefix("application/") not in _JWT_TYPES:
            raise _error(
                "The typ of the assertion must be JWT or client-authentication+jwt.",
                Cause.ASSERTION_TYP,
                client,
                received=_storable(typ),
                expected=" ".join(sorted(_JWT_TYPES)),
            )
        allowed = _allowed(client)
        if not isinstance(algorithm, str) or algorithm not in allowed:
            raise _error(
                "The client is not registered for the signature algorithm of the assertion.",
                Cause.ASSERTION_ALGORITHM,
                client,
                received=str(algorithm),
                expected=" ".join(allowed),
            )
        candidates = self._candidates(assertion, client, algorithm)
        if not any(assertion.is_signed_with(key, algorithm) for key in candidates):
            raise _error("The signature of the assertion is not valid.", Cause.ASSERTION_SIGNATURE, client)

    def _candidates(
        self, assertion: ClientAssertion, client: RegisteredClient, algorithm: str
    ) -> Iterable[Any]:
        if client.auth_method == AuthMethod.SECRET_JWT:
            return self._secrets(client)
        try:
            return self._keys.find(client, assertion.header.get("kid"), _KEY_TYPES[algorithm])
        except FetchFailed as error:
            raise _error(
                "The keys of the client cannot be fetched.",
                Cause.CLIENT_KEYS,
                client,
                received=str(error),
                expected="a JWK set at the jwks_uri",
            ) from error

    def _secrets(self, client: RegisteredClient) -> list[OctKey]:
        secrets = [secret.encode() for secret in client_secrets.reveal_all(self._vault, client.secrets)]
        return [
            OctKey.import_key(secret)
            for secret in secrets
            if len(secret) >= client_secrets.SIGNING_MIN_LENGTH
        ]

    def _check_audience(self, audience: Any, client: RegisteredClient, path: str) -> None:
        if client.details.get("client_assertion_audience") == "issuer":
            # FAPI 2.0, section 5.3.2.1: the audience must be the issuer alone, as a string.
            is_ours = audience == self._settings.issuer
        else:
            named = audience if isinstance(audience, list) else [audience]
            paths = (path, EndpointPath.TOKEN, LegacyPath.OAUTH2_TOKEN, LegacyPath.OIDC_TOKEN)
            ours = {self._settings.issuer, *(self._settings.url(name) for name in paths)}
            is_ours = any(isinstance(name, str) and name in ours for name in named)
        if not is_ours:
            expected = f"{self._settings.issuer}\n{self._settings.url(EndpointPath.TOKEN)}"
            raise _error(
                "The audience of the assertion is not this server.",
                Cause.ASSERTION_AUDIENCE,
                client,
                received=_storable(audience),
                expected=expected,
            )

    def _check_claims(self, claims: dict[str, Any], client: RegisteredClient) -> datetime:
        if claims.get("iss") != client.client_key or claims.get("sub") != client.client_key:
            raise _error(
                "The iss and sub of the assertion must be the client_id.",
                Cause.ASSERTION_ISSUER,
                client,
                received=f"iss {_storable(claims.get('iss'))}, sub {_storable(claims.get('sub'))}",
                expected=client.client_key,
            )
        now = clock.now()
        expires_at = _instant(claims.get("exp"))
        if expires_at is None or expires_at <= now:
            received = "no exp" if expires_at is None else "an exp in the past"
            description = "The assertion has expired or has no exp."
            raise _error(
                description,
                Cause.ASSERTION_EXPIRED,
                client,
                received=received,
                expected="an exp in the future",
            )
        if expires_at > now + self._settings.client_assertion_lifetime + _SKEW:
            limit = f"at most {self._settings.client_assertion_lifetime.total_seconds():.0f} s in the future"
            description = "The exp of the assertion is too far in the future."
            raise _error(description, Cause.ASSERTION_EXPIRES_LATE, client, expected=limit)
        for name in ("nbf", "iat"):
            begins_at = _instant(claims.get(name))
            if name in claims and (begins_at is None or begins_at > now + _SKEW):
                description = f"The {name} of the assertion must be a number that is not in the future."
                raise _error(description, Cause.ASSERTION_EARLY, client)
        return expires_at

    def _consume(self, jti: Any, client: RegisteredClient, expires_at: datetime) -> None:
        if (
            not isinstance(jti, str)
            or not 1 <= len(jti) <= _MAX_JTI_LENGTH
            or not text_rules.is_storable(jti)
        ):
            expected = f"a string of 1 to {_MAX_JTI_LENGTH} characters"
            description = f"The jti of the assertion must be {expected}."
            raise _error(description, Cause.ASSERTION_JTI, client, expected=expected)
        with self._database.consuming() as connection:
            is_first = used_assertions.claim(connection, client.id, jti, expires_at)
        if not is_first:
            raise _error("The assertion was already used.", Cause.ASSERTION_REPLAYED, client)


def _allowed(client: RegisteredClient) -> tuple[str, ...]:
    registered = client.details.get("token_endpoint_auth_signing_alg")
    if registered is not None:
        return (registered,)
    return algorithms.SYMMETRIC if client.auth_method == AuthMethod.SECRET_JWT else algorithms.ASYMMETRIC


def _storable(value: Any) -> str:
    return str(value) if text_rules.is_storable(str(value)) else ""


def _instant(value: Any) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 32503680000:
        return None
    return datetime.fromtimestamp(value, UTC)


def _error(
    description: str,
    cause: Cause,
    client: RegisteredClient | None = None,
    *,
    received: str = "",
    expected: str = "",
) -> ProtocolError:
    return ProtocolError(
        ErrorCode.INVALID_CLIENT,
        cause,
        description,
        received=received,
        expected=expected,
        client_id=client.id if client else None,
    )

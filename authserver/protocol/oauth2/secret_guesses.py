"""Limits wrong guesses at client secrets, per client and network (RFC 6749, section 2.3.1).

Guesses at generated secrets are not limited, because these have 256 random bits. For secrets that an administrator
entered, the client itself must not be locked out by others on its network, nor by an outdated secret:

- Different wrong secrets are counted. The same wrong secret counts once.
- The correct secret is recognized by its hint (see ``client_secrets``) although the limit is reached. Guesses with the
  same hint have a limit of the same size. One in 4,096 guesses counts there.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from authserver.domain import throttles
from authserver.domain.client_cache import RegisteredClient
from authserver.domain.clients import client_secrets
from authserver.domain.clients.secret_verifier import Plausibility
from authserver.domain.throttles import Bucket, Charge
from authserver.errors import AuthserverError
from authserver.protocol.errors import ProtocolError
from authserver.protocol.oauth2 import client_authentication
from authserver.protocol.oauth2.client_authentication import Credentials
from authserver.protocol.services import Services

_PRECEDENCE = (Plausibility.KNOWN, Plausibility.HINTED, Plausibility.OPEN, Plausibility.WRONG)


@contextmanager
def counted(
    services: Services, credentials: Credentials, client: RegisteredClient | None, address: str
) -> Iterator[None]:
    """Count one guess unless the block, which verifies the secret, accepts it; raises Throttled after too many guesses."""
    found = Plausibility.KNOWN if client is None else _assess(services, credentials, client)
    if client is None or found is Plausibility.KNOWN:
        yield
        return
    bucket = _bucket(services, client, address, has_hint=found is Plausibility.HINTED)
    mark = throttles.mark(services.vault, bucket, *_sent(credentials))
    with services.database.transaction() as db:
        if found is Plausibility.WRONG:
            throttles.charge_once(db, bucket, mark)
            charges = []
        else:
            charges = throttles.charge(db, [bucket])
    try:
        yield
    except ProtocolError:
        if charges:
            with services.database.transaction() as db:
                throttles.keep_once(db, charges, mark)
        raise
    except AuthserverError:
        # The process is at capacity, and the secret was not checked.
        with services.database.transaction() as db:
            throttles.refund(db, charges)
        raise
    _accept(services, client, credentials.secret, charges)


def _accept(services: Services, client: RegisteredClient, secret: str, charges: list[Charge]) -> None:
    without_hint = services.secret_verifier.find_without_hint(client.secrets, client.revision, secret)
    with services.database.transaction() as db:
        throttles.refund(db, charges)
        if without_hint is not None:
            client_secrets.store_hint(db, services.vault, without_hint, secret)


def _bucket(services: Services, client: RegisteredClient, address: str, *, has_hint: bool) -> Bucket:
    return throttles.bucket(
        services.vault,
        "client-secret",
        "hinted" if has_hint else "any",
        str(client.id),
        throttles.network_of(address),
        limit=services.settings.client_secret_attempts,
        window=services.settings.sign_in_window,
    )


def _assess(services: Services, credentials: Credentials, client: RegisteredClient) -> Plausibility:
    if credentials.method not in client_authentication.accepted_methods(client.auth_method):
        return Plausibility.KNOWN
    found = [
        services.secret_verifier.assess(client.secrets, client.revision, secret)
        for secret in _sent(credentials)
    ]
    return min(found, key=_PRECEDENCE.index, default=Plausibility.KNOWN)


def _sent(credentials: Credentials) -> list[str]:
    """Return the secret, decoded and as it was sent."""
    return [secret for secret in (credentials.secret, credentials.sent_secret) if secret]

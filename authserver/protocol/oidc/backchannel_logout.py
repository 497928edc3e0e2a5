"""Back-channel logout (OpenID Connect Back-Channel Logout 1.0): notifies applications of the end of a session.

``domain.logout_notices`` stores the notices. In every server process, a thread polls for due notices every second,
posts them in parallel and records the results. Tests call ``deliver`` directly.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from sqlalchemy import select

from authserver import clock, logs
from authserver.domain import client_cache, logout_notices
from authserver.domain.background import Worker
from authserver.domain.client_cache import ClientCache, RegisteredClient
from authserver.domain.clients.clients import Client
from authserver.domain.fetcher import Fetcher, FetchFailed
from authserver.domain.keys.key_ring import KeyRing
from authserver.domain.keys.signing_keys import DEFAULT_ALGORITHM
from authserver.domain.logout_notices import ClaimedNotice
from authserver.domain.orm import Database
from authserver.domain.users.users import User
from authserver.protocol import issued_jwts
from authserver.protocol.oidc import subjects
from authserver.settings import Settings
from authserver.vocabulary import ClientStatus

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYPE = "logout+jwt"
_LIFETIME_SECONDS = 120
_BATCH_SIZE = 16
_POLL_SECONDS = 1.0

log = logs.get("logout")


class _LogoutRequest(NamedTuple):
    """A notice with the logout token to post."""

    notice: ClaimedNotice
    uri: str
    token: str


class LogoutNotifier:
    """Delivers logout notices."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        key_ring: KeyRing,
        client_cache: ClientCache,
        fetcher: Fetcher,
    ) -> None:
        self._settings = settings
        self._database = database
        self._key_ring = key_ring
        self._client_cache = client_cache
        self._fetcher = fetcher
        self._worker = Worker("logout-notices", self._deliver_all, _POLL_SECONDS)

    def start(self) -> None:
        """Start the thread that delivers notices, unless it is running. Call this after forking."""
        self._worker.start()

    def wake(self) -> None:
        """Make the thread deliver new notices immediately."""
        self._worker.wake()

    def deliver(self) -> int:
        """Post the due notices and return the number of attempts."""
        self._key_ring.refresh()
        with self._database.reading() as connection:
            due = logout_notices.due_notices(connection, _BATCH_SIZE)
        if not due:
            return 0
        with self._database.connection() as connection:
            claimed = logout_notices.claim(connection, due)
        if claimed:
            with ThreadPoolExecutor(len(claimed)) as pool:
                list(pool.map(self._deliver_one, claimed))
        return len(claimed)

    def _deliver_all(self) -> None:
        # If this fails, nothing is lost: a notice stays due until its result is recorded.
        while self.deliver() == _BATCH_SIZE:
            pass

    def _deliver_one(self, notice: ClaimedNotice) -> None:
        request = self._request(notice)
        if request is None:
            self._record_failure(notice, "The client no longer receives logout notices.", is_final=True)
        else:
            self._post(request)

    def _request(self, notice: ClaimedNotice) -> _LogoutRequest | None:
        """Return the request for a notice, or None if the client is no longer approved or has no URI for notices.

        Call this for each notice immediately before its request, so that a disapproved client gets no request (S4).
        """
        with self._database.reading() as connection:
            found = connection.execute(
                select(Client.status, client_cache.revision_of(Client).label("revision")).where(
                    Client.id == notice.client_id
                )
            ).one_or_none()
            if found is None or found.status != ClientStatus.APPROVED:
                return None
            client = self._client_cache.get(connection, notice.client_id, found.revision)
            subject = connection.execute(select(User.subject).where(User.id == notice.user_id)).scalar_one()
        uri = client.details.get("backchannel_logout_uri")
        if not uri:
            return None
        return _LogoutRequest(notice, uri, self._token(client, notice, subject))

    def _token(self, client: RegisteredClient, notice: ClaimedNotice, subject: str) -> str:
        """Return the signed logout token (section 2.4), which must not have a nonce."""
        now = clock.timestamp(clock.now())
        claims: dict[str, Any] = {
            "iss": self._settings.issuer,
            "sub": subjects.subject_of(client, subject),
            "aud": client.client_key,
            "iat": now,
            "exp": now + _LIFETIME_SECONDS,
            "jti": notice.jti,
            "events": {EVENT: {}},
        }
        if notice.sid:
            claims["sid"] = notice.sid
        algorithm = client.details.get("id_token_signed_response_alg", DEFAULT_ALGORITHM)
        return issued_jwts.sign_jwt(self._key_ring, algorithm, TYPE, claims)

    def _post(self, request: _LogoutRequest) -> None:
        try:
            status = self._fetcher.post(request.uri, {"logout_token": request.token})
        except FetchFailed as error:
            self._record_failure(request.notice, str(error))
            return
        if 200 <= status < 300:
            with self._database.connection() as connection:
                logout_notices.mark_delivered(connection, request.notice)
            log.info("logout delivered", client=request.notice.client_id, tries=request.notice.attempts)
            return
        # Section 2.8: 400 means that the logout failed in the application; retrying does not help.
        self._record_failure(
            request.notice, f"The application responded with status {status}.", is_final=status == 400
        )

    def _record_failure(self, notice: ClaimedNotice, error: str, *, is_final: bool = False) -> None:
        with self._database.connection() as connection:
            logout_notices.mark_failed(connection, notice, error, is_final=is_final)
        log.warning("logout not delivered", client=notice.client_id, tries=notice.attempts, reason=error)

"""Back-channel logout (OpenID Connect Back-Channel Logout 1.0): tells applications that a session is over.

What is to be told lies in ``domain.outbox``. A small thread in every serving process looks there each second, posts
what is due in parallel, and notes the outcome; tests call ``deliver`` instead.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock, Thread
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from authserver import clock, logs
from authserver.domain.clients import client_cache
from authserver.domain.clients.client_cache import ClientCache, RegisteredClient
from authserver.domain.clients.clients import Client
from authserver.domain.fetcher import Fetcher, FetchFailed
from authserver.domain.keys.key_ring import KeyRing
from authserver.domain.keys.signing_keys import DEFAULT_ALGORITHM
from authserver.domain.orm import Database
from authserver.domain.sessions import logout_notices
from authserver.domain.sessions.logout_notices import ClaimedNotice
from authserver.domain.users.users import User
from authserver.errors import AuthserverError
from authserver.protocol import issued_jwts
from authserver.protocol.oidc import subjects
from authserver.settings import Settings
from authserver.vocabulary import ClientStatus

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYPE = "logout+jwt"
_LIFETIME_SECONDS = 120
_AT_ONCE = 16
_LOOK_EVERY_SECONDS = 1.0

log = logs.get("logout")


class _Letter(NamedTuple):
    """A notice ready to be posted."""

    notice: ClaimedNotice
    uri: str
    token: str


class LogoutNotifier:
    """Delivers the notices of one installation."""

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
        self._wanted = Event()
        self._starting = Lock()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Deliver from now on in a thread of this process; to be called after forking, as often as one likes."""
        if self._thread is not None and self._thread.is_alive():
            return
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._run, name="logout-notices", daemon=True)
                self._thread.start()

    def wake(self) -> None:
        """Have the thread look at once, because there is something new."""
        self._wanted.set()

    def deliver(self) -> int:
        """Post what is due and return how many notices were tried."""
        self._key_ring.tend()
        with self._database.reading() as connection:
            due = logout_notices.due_notices(connection, _AT_ONCE)
        if not due:
            return 0
        with self._database.connection() as connection:
            claimed = logout_notices.claim(connection, due)
        letters = list(self._letters(claimed))
        if letters:
            with ThreadPoolExecutor(len(letters)) as pool:
                list(pool.map(self._post, letters))
        return len(claimed)

    def _run(self) -> None:
        while True:
            try:
                is_more = self.deliver() == _AT_ONCE
            except (SQLAlchemyError, AuthserverError) as error:
                # Nothing is lost: a notice stays due until its outcome is noted.
                log.warning("logout notices wait", error=type(error).__name__)
                is_more = False
            if not is_more:
                self._wanted.wait(_LOOK_EVERY_SECONDS)
                self._wanted.clear()

    def _letters(self, claimed: list[ClaimedNotice]) -> Iterator[_Letter]:
        for notice in claimed:
            letter = self._write(notice)
            if letter is not None:
                yield letter
            else:
                self._note(notice, "The client is not to be told any more.", is_final=True)

    def _write(self, notice: ClaimedNotice) -> _Letter | None:
        with self._database.reading() as connection:
            client = connection.execute(
                select(Client.status, client_cache.revision_of(Client).label("revision")).where(
                    Client.id == notice.client_id
                )
            ).one_or_none()
            if client is None or client.status != ClientStatus.APPROVED:
                return None
            policy = self._client_cache.get(connection, notice.client_id, client.revision)
            subject = connection.execute(select(User.subject).where(User.id == notice.user_id)).scalar_one()
        uri = policy.details.get("backchannel_logout_uri")
        if not uri:
            return None
        return _Letter(notice, uri, self._token(policy, notice, subject))

    def _token(self, client: RegisteredClient, notice: ClaimedNotice, subject: str) -> str:
        """Return the signed logout token (Back-Channel Logout, section 2.4); it never has a nonce."""
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

    def _post(self, letter: _Letter) -> None:
        try:
            status = self._fetcher.post(letter.uri, {"logout_token": letter.token})
        except FetchFailed as error:
            self._note(letter.notice, str(error))
            return
        if 200 <= status < 300:
            with self._database.connection() as connection:
                logout_notices.mark_delivered(connection, letter.notice)
            log.info("logout delivered", client=letter.notice.client_id, tries=letter.notice.attempts)
            return
        # Section 2.8: with 400 the application says that it cannot log out; asking again would not change that.
        self._note(letter.notice, f"The application answered {status}.", is_final=status == 400)

    def _note(self, notice: ClaimedNotice, error: str, *, is_final: bool = False) -> None:
        with self._database.connection() as connection:
            logout_notices.mark_failed(connection, notice, error, is_final=is_final)
        log.warning("logout not delivered", client=notice.client_id, tries=notice.attempts, reason=error)

"""The limits on attempts to sign in: their buckets, their state, and how an administrator lifts them (S20).

A limit must stop guesses without locking out other people. Sign-ins in browsers and with the password grant have separate
buckets, so that neither can use up the attempts of the other.

- Browsers: each known browser has its own bucket. All other browsers share the buckets of the account and the network.
- Password grant: attempts count for the client and the account, and for a public client also for the network. They also
  count for the account at all clients. A confidential client that the user has used before is exempt from that, so that
  guesses at one application do not block the others. The network of a confidential client is that of its server, which
  all its users share, so it does not count. The network of a public client counts for accounts that have not used the
  client before.
- A code of the second factor has six digits, so all unknown browsers share one small bucket per account.
- A sign-in with password and code although a limit is reached (see ``limited_sign_in``): wrong codes of the app count for
  the account. Wrong codes also count for the network, but a correct recovery code is accepted in any case. Only a correct
  code leads to the password, with a small limit for the account.

``user_names.canonical_username`` of the account's name identifies the account, or of the typed name if there is no account.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from authserver import clock
from authserver.context import Actor
from authserver.domain import audit, throttles
from authserver.domain.audit import Event
from authserver.domain.orm import ROW_LOCK
from authserver.domain.throttles import Bucket, Throttle
from authserver.domain.users import user_names
from authserver.domain.users.users import User
from authserver.domain.vault import Vault
from authserver.settings import Settings

_PURPOSE = "sign-in"
_ACCOUNT_PURPOSE = "account with a throttle"


@dataclass(frozen=True, slots=True)
class LimitState:
    """The sign-in limits of an account that are reached.

    ``until`` is the time when the last of them ends, or None if none is reached. ``is_general`` is True if the limit
    applies to all browsers in which the user has not signed in before, and False if it applies to some networks,
    browsers or applications.
    """

    until: datetime | None = None
    is_general: bool = False


@dataclass(frozen=True, slots=True)
class GrantClient:
    """A client that sends a user's password (password grant).

    ``is_used_by`` returns whether the user with an id has used the client before.
    """

    id: int
    is_confidential: bool
    is_used_by: Callable[[Session, int], bool]


class SignInLimits:
    """Creates the buckets. Each list starts with the narrowest bucket."""

    def __init__(self, settings: Settings, vault: Vault) -> None:
        self._settings = settings
        self._vault = vault

    def of_browser(self, name: str, address: str, known_browser: str | None) -> list[Bucket]:
        """Return the buckets of a password that was entered on a page. ``known_browser`` is the id of a known browser."""
        settings, network = self._settings, throttles.network_of(address)
        if known_browser is not None:
            return [self._bucket("browser", known_browser, limit=settings.sign_in_attempts, account=name)]
        return [
            self._bucket("account and network", name, network, limit=settings.sign_in_attempts, account=name),
            self._bucket("network", network, limit=settings.sign_in_attempts_per_network),
            self._of_account(name),
        ]

    def of_grant(self, name: str, address: str, client: GrantClient, *, is_used: bool) -> list[Bucket]:
        """Return the buckets of a password grant. ``is_used`` says whether the user has used the client before."""
        settings, network = self._settings, throttles.network_of(address)
        where = () if client.is_confidential else (network,)
        names = ("grant", str(client.id), name, *where)
        buckets = [self._bucket(*names, limit=settings.sign_in_attempts, account=name)]
        if not client.is_confidential and not is_used:
            names = ("grants from network", str(client.id), network)
            buckets.append(self._bucket(*names, limit=settings.sign_in_attempts_per_network))
        if not client.is_confidential or not is_used:
            buckets.append(self._of_account_at_all_clients(name))
        return buckets

    def of_unknown_names(self, client: GrantClient) -> Bucket:
        """Return the bucket of password grants with unknown user names, which limits what a confidential client stores."""
        limit = self._settings.sign_in_attempts_per_network
        return self._bucket("grants with unknown names", str(client.id), limit=limit)

    def of_app_code(self, user_id: int, known_browser: str | None) -> Bucket:
        """Return the bucket of a code of the app that was entered after the password."""
        names = ("browser", known_browser) if known_browser else ("account", str(user_id))
        bucket = self._bucket("code", *names, limit=self._settings.sign_in_attempts)
        return replace(bucket, account=self._account("id", str(user_id)))

    def of_codes(self, address: str) -> Bucket:
        """Return the bucket of wrong recovery codes that were entered after the password."""
        network = throttles.network_of(address)
        return self._bucket("codes", network, limit=self._settings.sign_in_attempts_per_network)

    def of_app_code_first(self, name: str) -> Bucket:
        """Return the bucket of a code of the app that is checked before the password.

        It differs from that of a code after the password, so that strangers cannot use up the attempts of the user.
        """
        return self._bucket("app code first", name, limit=self._settings.sign_in_attempts, account=name)

    def of_codes_first(self, address: str) -> Bucket:
        """Return the bucket of the wrong codes of a network that are checked before the password."""
        network = throttles.network_of(address)
        return self._bucket("codes first", network, limit=self._settings.sign_in_attempts_per_network)

    def of_password_after_code(self, name: str) -> Bucket:
        """Return the bucket of a password that is checked after a correct code."""
        return self._bucket("password after code", name, limit=self._settings.sign_in_attempts, account=name)

    def state(self, db: Session, user: User) -> LimitState:
        """Return which limits of an account are reached."""
        name, settings = user_names.canonical_username(user.username), self._settings
        general = self._of_account(name)
        limits = {one.key: one.limit for one in (general, self._of_account_at_all_clients(name))}
        rows = db.execute(
            select(Throttle.key, Throttle.window_started_at, Throttle.count.label("attempts")).where(
                *self._is_current(user)
            )
        )
        full = {
            row.key: row.window_started_at + settings.sign_in_window
            for row in rows
            if row.attempts >= limits.get(row.key, settings.sign_in_attempts)
        }
        return LimitState(max(full.values(), default=None), is_general=general.key in full)

    def lift(self, db: Session, actor: Actor, user: User) -> bool:
        """Delete the counted attempts of an account if a limit is reached. Return whether one was reached."""
        db.get_one(User, user.id, with_for_update=ROW_LOCK)
        state = self.state(db, user)
        if state.until is None:
            return False
        name = user_names.canonical_username(user.username)
        wide = [self._of_account(name).key, self._of_account_at_all_clients(name).key]
        # Attempts lock narrow buckets before wide ones.
        for is_wide in (False, True):
            condition = Throttle.key.in_(wide) if is_wide else Throttle.key.not_in(wide)
            db.execute(
                delete(Throttle)
                .where(*self._is_current(user), condition)
                .execution_options(synchronize_session=False)
            )
        audit.record(
            db, actor, Event.USER_LIFT_LIMIT, subject=user, before={"until": state.until.isoformat()}
        )
        return True

    def _of_account(self, name: str) -> Bucket:
        limit = self._settings.sign_in_attempts_per_account
        return self._bucket("account", name, limit=limit, account=name)

    def _of_account_at_all_clients(self, name: str) -> Bucket:
        limit = self._settings.sign_in_attempts_per_account
        return self._bucket("grants of account", name, limit=limit, account=name)

    def _is_current(self, user: User) -> Sequence[ColumnElement[bool]]:
        """Return the conditions for the buckets of an account whose window has not ended."""
        name = user_names.canonical_username(user.username)
        accounts = [self._account("name", name), self._account("id", str(user.id))]
        since = clock.now() - self._settings.sign_in_window
        return Throttle.account.in_(accounts), Throttle.window_started_at > since

    def _account(self, *names: str) -> bytes:
        return self._vault.mac(_ACCOUNT_PURPOSE, "\0".join(names).encode("utf-8", "surrogatepass"))

    def _bucket(self, *names: str, limit: int, account: str | None = None) -> Bucket:
        return throttles.bucket(
            self._vault,
            _PURPOSE,
            *names,
            limit=limit,
            window=self._settings.sign_in_window,
            account=None if account is None else self._account("name", account),
        )

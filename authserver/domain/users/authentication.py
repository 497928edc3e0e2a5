"""Authenticates users by password and second factor, with rate limits and uniform errors and timing (S19, S20).

``PasswordAuthenticator.check`` hashes the password. Hashing is slow, so this method opens separate, short transactions
and must be called outside any other transaction. ``complete_sign_in`` is called in the transaction that starts a
session or issues tokens. If the user has a second factor, a correct password leads only to a ``PendingSecondFactor``,
and ``complete_second_factor`` completes the sign-in. ``sign_in_limits`` defines the limits. If one is reached, users can
still sign in with password and code together (``check_with_code``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from authserver.context import Actor
from authserver.domain import audit, throttles
from authserver.domain.audit import Event
from authserver.domain.orm import ROW_LOCK, Database
from authserver.domain.passwords import PasswordHasher
from authserver.domain.recent_values import RecentValues
from authserver.domain.throttles import Bucket, Charge
from authserver.domain.users import known_browsers, second_factors, user_names, users
from authserver.domain.users.sign_in_limits import GrantClient, SignInLimits
from authserver.domain.users.users import User
from authserver.domain.vault import Vault
from authserver.errors import Forbidden, Throttled
from authserver.messages import message
from authserver.settings import Settings


class WrongCredentials(Forbidden):
    """The sign-in failed. An unknown name, a wrong or empty password and a disabled account raise this same error."""

    def __init__(self) -> None:
        super().__init__(message("The user name or password is wrong."))


class WrongPasswordOrCode(WrongCredentials):
    """The sign-in with password and code failed. All causes raise this same error."""

    def __init__(self) -> None:
        Forbidden.__init__(self, message("The user name, the password or the code is wrong."))


class SecondFactorRequired(Forbidden):
    """The password is correct, but the account has a second factor."""

    def __init__(self) -> None:
        super().__init__("This account requires a second factor.")


class WrongSecondFactor(Forbidden):
    """The second factor was rejected. A wrong, an expired and an already used code raise this same error."""

    def __init__(self) -> None:
        super().__init__(
            message(
                "This code is wrong or has already been used. Enter the current code or an unused recovery code."
            )
        )


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """The submitted credentials, with the known-browser cookie or the client that sent them (password grant).

    ``username`` can also be an e-mail address.
    """

    username: str
    password: str
    browser_cookie: str = ""
    client: GrantClient | None = None


@dataclass(frozen=True, slots=True)
class VerifiedPassword:
    """The user whose password was verified. Valid while the account is active and has the same epoch."""

    user_id: int
    user_epoch: int
    username: str
    old_hash: str
    new_hash: str | None


@dataclass(frozen=True, slots=True)
class PendingSecondFactor:
    """A user who must still enter a second factor. Valid while the account is active and has the same epoch."""

    user_id: int
    user_epoch: int


_UNKNOWN = "no such user"


@dataclass(frozen=True, slots=True)
class _Account:
    id: int
    epoch: int
    username: str
    is_active: bool
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class _Attempt:
    """An attempt that was charged.

    ``memory`` and ``mark`` identify the password of a password grant, so that a repetition of it does not count.
    """

    account: _Account | None
    charges: tuple[Charge, ...]
    is_recorded: bool = True
    memory: tuple[object, ...] = ()
    mark: Bucket | None = None


@dataclass(frozen=True, slots=True)
class CodeAttempt:
    """A code that was entered after the password, the known-browser cookie and the IP address."""

    code: str
    browser_cookie: str
    address: str


class PasswordAuthenticator:
    """Authenticates users by password."""

    def __init__(
        self, settings: Settings, database: Database, vault: Vault, passwords: PasswordHasher
    ) -> None:
        self._database = database
        self._vault = vault
        self._passwords = passwords
        self._limits = SignInLimits(settings, vault)
        self._wrong = RecentValues()

    def check(self, actor: Actor, attempt: SignInAttempt) -> VerifiedPassword:
        """Refund the attempt and return the verified password; raises WrongCredentials or Throttled."""
        with self._database.transaction() as db:
            account = _find(db, attempt.username)
            start = self._start_grant if attempt.client is not None else self._start_sign_in
            started = start(db, actor, attempt, account)
        return self._verify(actor, started, attempt.password)

    def check_with_code(self, actor: Actor, attempt: SignInAttempt, code: str) -> VerifiedPassword:
        """Return the verified password of a user who has also sent a correct code of the second factor.

        The limits of ``check`` do not apply. Redeem the code with ``complete_with_code``. Raises WrongPasswordOrCode or
        Throttled.
        """
        with self._database.transaction() as db:
            account = _find(db, attempt.username)
            started = self._start_with_code(db, actor, attempt, account, code)
        if started is None:
            self._reject_code(actor, account, attempt.password)
            raise WrongPasswordOrCode
        try:
            return self._verify(actor, started, attempt.password)
        except WrongCredentials as error:
            raise WrongPasswordOrCode from error

    def _start_sign_in(
        self, db: Session, actor: Actor, attempt: SignInAttempt, account: _Account | None
    ) -> _Attempt:
        known = known_browsers.find_browser_id(
            self._vault, attempt.browser_cookie, account.id if account else 0, account.epoch if account else 0
        )
        buckets = self._limits.of_browser(_name(attempt, account), actor.address, known)
        return _Attempt(account, tuple(throttles.charge(db, buckets)))

    def _start_grant(
        self, db: Session, actor: Actor, attempt: SignInAttempt, account: _Account | None
    ) -> _Attempt:
        client = attempt.client
        assert client is not None
        is_used = account is not None and client.is_used_by(db, account.id)
        buckets = self._limits.of_grant(_name(attempt, account), actor.address, client, is_used=is_used)
        state = (account.id, account.epoch, account.is_active) if account is not None else ()
        memory = (buckets[0].key, state, attempt.password)
        if self._wrong.contains(*memory):
            raise WrongCredentials
        if account is None and client.is_confidential:
            unknown = self._limits.of_unknown_names(client)
            if throttles.is_full(db, unknown):
                return _Attempt(account, (), is_recorded=False)
            buckets.insert(1, unknown)
        mark = throttles.mark(self._vault, buckets[0], *map(str, state), attempt.password)
        return _Attempt(account, tuple(throttles.charge(db, buckets)), memory=memory, mark=mark)

    def _start_with_code(
        self, db: Session, actor: Actor, attempt: SignInAttempt, account: _Account | None, code: str
    ) -> _Attempt | None:
        """Check the code. Return the attempt at the password, or None if the code is wrong, which was counted."""
        name = _name(attempt, account)
        buckets = [self._limits.of_app_code_first(name)] if second_factors.is_app_code(code) else []
        if account is None:
            throttles.charge(db, [*buckets, self._limits.of_codes_first(actor.address)])
            return None
        charges = throttles.charge(db, buckets)
        if not second_factors.is_valid(db, self._vault, account.id, code):
            return None
        throttles.refund(db, charges)
        return _Attempt(account, tuple(throttles.charge(db, [self._limits.of_password_after_code(name)])))

    def _reject_code(self, actor: Actor, account: _Account | None, password: str) -> None:
        if account is not None:
            # A full bucket of the network must not undo the charge of the account, so this is another transaction.
            with self._database.transaction() as db:
                throttles.charge(db, [self._limits.of_codes_first(actor.address)])
        self._passwords.verify(None, password)
        with self._database.transaction() as db:
            _record(db, actor, account, "wrong code" if account is not None else _UNKNOWN)

    def _verify(self, actor: Actor, started: _Attempt, password: str) -> VerifiedPassword:
        account = started.account
        matches = self._matches(started, password)
        if account is None or not matches or not account.is_active or account.password_hash is None:
            if started.memory:
                self._wrong.add(*started.memory)
            self._record_failure(actor, started, matches)
            raise WrongCredentials
        # The refund has a separate transaction: a sign-in that fails after this point must not count as a guess, and the
        # row of the network, which all its users share, must not stay locked until the sign-in is complete.
        with self._database.transaction() as db:
            throttles.refund(db, started.charges)
        new_hash = self._rehash(account.password_hash, password)
        return VerifiedPassword(account.id, account.epoch, account.username, account.password_hash, new_hash)

    def charge_code(self, pending: PendingSecondFactor, attempt: CodeAttempt) -> tuple[Charge, ...]:
        """Charge an attempt for a second factor, in a separate transaction; raises Throttled.

        A code of the app has only six digits, so all unknown browsers share one small limit per account. A browser in
        which the user has used this second factor before has its own limit (S20). Wrong recovery codes have only a limit
        per network, because they cannot be guessed, and a correct one is accepted in any case.
        """
        with self._database.transaction() as db:
            if not second_factors.is_app_code(attempt.code):
                is_valid = second_factors.is_valid(db, self._vault, pending.user_id, attempt.code)
                buckets = [] if is_valid else [self._limits.of_codes(attempt.address)]
                return tuple(throttles.charge(db, buckets))
            factor = second_factors.enrollment_id(db, pending.user_id)
            known = known_browsers.find_browser_id(
                self._vault, attempt.browser_cookie, pending.user_id, pending.user_epoch, factor
            )
            bucket = self._limits.of_app_code(pending.user_id, known if factor else None)
            return tuple(throttles.charge(db, [bucket]))

    def _matches(self, started: _Attempt, password: str) -> bool:
        account = started.account
        try:
            return self._passwords.verify(account.password_hash if account else None, password)
        except Throttled:
            # The process is at capacity, and the password was not checked.
            with self._database.transaction() as db:
                throttles.refund(db, started.charges)
            raise

    def _rehash(self, stored: str, password: str) -> str | None:
        if not self._passwords.needs_rehash(stored):
            return None
        try:
            return self._passwords.hash(password)
        except Throttled:
            return None  # The next sign-in computes the new hash.

    def _record_failure(self, actor: Actor, started: _Attempt, matches: bool) -> None:
        account = started.account
        reason = _UNKNOWN if account is None else "account disabled" if matches else "wrong password"
        with self._database.transaction() as db:
            is_repeated = started.mark is not None and not throttles.keep_once(
                db, started.charges, started.mark
            )
            if started.is_recorded and not is_repeated:
                _record(db, actor, account, reason, started.charges)


def _name(attempt: SignInAttempt, account: _Account | None) -> str:
    """Return the name of the account that the limits refer to, or the typed name if there is no account."""
    return user_names.canonical_username(account.username if account is not None else attempt.username)


def _record(
    db: Session, actor: Actor, account: _Account | None, reason: str, charges: Sequence[Charge] = ()
) -> None:
    # Unknown user names are not recorded, because users sometimes type their password into that field.
    audit.record(
        db,
        actor,
        Event.SESSION_REFUSE,
        subject_name=account.username if account else "",
        user_id=account.id if account else None,
        after={"reason": reason} | ({"throttled": True} if any(one.is_last for one in charges) else {}),
    )


def complete_sign_in(db: Session, verified: VerifiedPassword) -> User:
    """Return the user.

    Raises WrongCredentials if the account has changed since the check, and SecondFactorRequired if the account has a
    second factor.
    """
    user = confirm_password(db, verified)
    if second_factors.is_enrolled(db, user.id):
        raise SecondFactorRequired
    return user


def confirm_password(db: Session, verified: VerifiedPassword) -> User:
    """Return the user without requiring a second factor; raises WrongCredentials.

    Use this for users who are already signed in, and for the first step of a sign-in.
    """
    user = _unchanged_user(db, verified)
    if verified.new_hash is not None and user.password_hash == verified.old_hash:
        users.store_rehashed(db, user, verified.new_hash)
    return user


def complete_with_code(db: Session, vault: Vault, verified: VerifiedPassword, code: str) -> tuple[User, str]:
    """Redeem the code that ``check_with_code`` has checked; return the user and the kind of code.

    Raises WrongPasswordOrCode if the code was used or the account has changed since then.
    """
    try:
        user = confirm_password(db, verified)
    except WrongCredentials as error:
        raise WrongPasswordOrCode from error
    kind = second_factors.redeem(db, vault, user.id, code)
    if kind is None:
        raise WrongPasswordOrCode
    return user, kind


def complete_second_factor(
    db: Session, vault: Vault, pending: PendingSecondFactor, code: str, charges: tuple[Charge, ...]
) -> tuple[User, str]:
    """Redeem the code; return the user and the kind of code.

    Raises WrongSecondFactor, which the caller records with ``record_wrong_code``. Raises WrongCredentials if the
    account has changed.
    """
    user = _unchanged_user(db, pending)
    kind = second_factors.redeem(db, vault, user.id, code)
    if kind is None:
        raise WrongSecondFactor
    throttles.refund(db, charges)
    return user, kind


def record_wrong_code(
    db: Session, actor: Actor, pending: PendingSecondFactor, charges: tuple[Charge, ...]
) -> None:
    """Record a wrong second factor."""
    details = {"reason": "wrong code"} | ({"throttled": True} if any(one.is_last for one in charges) else {})
    user = users.get(db, pending.user_id)
    audit.record(db, actor, Event.SESSION_REFUSE, subject_name=user.username, user_id=user.id, after=details)


def _unchanged_user(db: Session, proof: VerifiedPassword | PendingSecondFactor) -> User:
    user = db.get(User, proof.user_id, with_for_update=ROW_LOCK)
    if user is None or not user.is_active or user.epoch != proof.user_epoch:
        raise WrongCredentials
    return user


def _find(db: Session, typed: str) -> _Account | None:
    user = users.find_for_sign_in(db, typed)
    if user is None:
        return None
    return _Account(user.id, user.epoch, user.username, user.is_active, user.password_hash)

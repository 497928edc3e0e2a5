"""Authenticates users by password and second factor, with rate limits and uniform errors and timing (S19, S20).

``PasswordAuthenticator.check`` hashes the password. Hashing is slow, so this method opens separate, short transactions
and must be called outside any other transaction. ``complete_sign_in`` is called in the transaction that starts a
session or issues tokens. If the user has a second factor, a correct password leads only to a ``PendingSecondFactor``,
and ``complete_second_factor`` completes the sign-in.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from authserver.context import Actor
from authserver.domain import audit, throttles
from authserver.domain.audit import Event
from authserver.domain.orm import ROW_LOCK, Database
from authserver.domain.passwords import PasswordHasher
from authserver.domain.throttles import Bucket, Charge
from authserver.domain.users import known_browsers, second_factors, users
from authserver.domain.users.users import User
from authserver.domain.vault import Vault
from authserver.errors import Forbidden, Throttled
from authserver.messages import message
from authserver.settings import Settings


class WrongCredentials(Forbidden):
    """The sign-in failed. An unknown name, a wrong or empty password and a disabled account raise this same error."""

    def __init__(self) -> None:
        super().__init__(message("The user name or password is wrong."))


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
    """The submitted credentials and the known-browser cookie. ``username`` can also be an e-mail address."""

    username: str
    password: str
    browser_cookie: str = ""


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


@dataclass(frozen=True, slots=True)
class _Account:
    id: int
    epoch: int
    username: str
    is_active: bool
    password_hash: str | None


class PasswordAuthenticator:
    """Authenticates users by password."""

    def __init__(
        self, settings: Settings, database: Database, vault: Vault, passwords: PasswordHasher
    ) -> None:
        self._settings = settings
        self._database = database
        self._vault = vault
        self._passwords = passwords

    def check(self, actor: Actor, attempt: SignInAttempt) -> VerifiedPassword:
        """Refund the attempt and return the verified password; raises WrongCredentials or Throttled."""
        with self._database.transaction() as db:
            account = _find(db, attempt.username)
            charges = tuple(throttles.charge(db, self._buckets(actor.address, attempt, account)))
        matches = self._verify(account, attempt.password, charges)
        if account is None or not matches or not account.is_active or account.password_hash is None:
            self._record_failure(actor, account, matches, charges)
            raise WrongCredentials
        # The refund has a separate transaction: a sign-in that fails after this point must not count as a guess, and the
        # row of the network, which all its users share, must not stay locked until the sign-in is complete.
        with self._database.transaction() as db:
            throttles.refund(db, charges)
        new_hash = self._rehash(account.password_hash, attempt.password)
        return VerifiedPassword(account.id, account.epoch, account.username, account.password_hash, new_hash)

    def _buckets(self, address: str, attempt: SignInAttempt, account: _Account | None) -> list[Bucket]:
        """Return the buckets to charge, narrowest first.

        A known browser has its own bucket. All other browsers share the buckets of the account and the network.
        """
        settings = self._settings
        # The buckets are the same whether the name or the address of the account was typed.
        name = users.canonical_username(account.username if account else attempt.username)
        network = throttles.network_of(address)
        known = known_browsers.find_browser_id(
            self._vault, attempt.browser_cookie, account.id if account else 0, account.epoch if account else 0
        )
        if known is not None:
            return [self._bucket("browser", known, limit=settings.sign_in_attempts)]
        return [
            self._bucket("account and network", name, network, limit=settings.sign_in_attempts),
            self._bucket("network", network, limit=settings.sign_in_attempts_per_network),
            self._bucket("account", name, limit=settings.sign_in_attempts_per_account),
        ]

    def charge_code(self, pending: PendingSecondFactor, browser_cookie: str) -> tuple[Charge, ...]:
        """Charge an attempt for a second factor, in a separate transaction; raises Throttled.

        A code has only six digits, so all unknown browsers share one small limit per account. A browser in which the
        user has used this second factor before has its own limit (S20).
        """
        with self._database.transaction() as db:
            factor = second_factors.enrollment_id(db, pending.user_id)
            known = known_browsers.find_browser_id(
                self._vault, browser_cookie, pending.user_id, pending.user_epoch, factor
            )
            names = ("browser", known) if factor and known else ("account", str(pending.user_id))
            budget = self._bucket("code", *names, limit=self._settings.sign_in_attempts)
            return tuple(throttles.charge(db, [budget]))

    def _bucket(self, *names: str, limit: int) -> Bucket:
        return throttles.bucket(
            self._vault, "sign-in", *names, limit=limit, window=self._settings.sign_in_window
        )

    def _verify(self, account: _Account | None, password: str, charges: tuple[Charge, ...]) -> bool:
        try:
            return self._passwords.verify(account.password_hash if account else None, password)
        except Throttled:
            # The process is at capacity, and the password was not checked.
            with self._database.transaction() as db:
                throttles.refund(db, charges)
            raise

    def _rehash(self, stored: str, password: str) -> str | None:
        if not self._passwords.needs_rehash(stored):
            return None
        try:
            return self._passwords.hash(password)
        except Throttled:
            return None  # The next sign-in computes the new hash.

    def _record_failure(
        self, actor: Actor, account: _Account | None, matches: bool, charges: tuple[Charge, ...]
    ) -> None:
        # Unknown user names are not recorded, because users sometimes type their password into that field.
        reason = "no such user" if account is None else "account disabled" if matches else "wrong password"
        details = {"reason": reason} | ({"throttled": True} if any(one.is_last for one in charges) else {})
        with self._database.transaction() as db:
            audit.record(
                db,
                actor,
                Event.SESSION_REFUSE,
                subject_name=account.username if account else "",
                user_id=account.id if account else None,
                after=details,
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

"""Proving who somebody is: throttled before the work, and the same work and answer in every case (S19, S20).

``check`` hashes a password, which takes long, and so opens short transactions of its own and must be called outside any
other; ``confirm`` is called in the transaction that starts a session or issues tokens. Who has a second factor is not
let in by ``confirm``: the password gives a ``Half``, and ``confirm_second`` makes it whole.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from authserver.context import Actor
from authserver.domain import audit, throttles
from authserver.domain.audit import Event
from authserver.domain.keys.vault import Vault
from authserver.domain.orm import Database
from authserver.domain.sessions import known_browsers
from authserver.domain.throttles import Bucket, Charge
from authserver.domain.users import second_factors, users
from authserver.domain.users.passwords import PasswordHasher
from authserver.domain.users.users import User
from authserver.errors import Forbidden, Throttled
from authserver.settings import Settings


class WrongCredentials(Forbidden):
    """The one answer to an unknown name, a wrong or empty password and a disabled account."""

    def __init__(self) -> None:
        super().__init__("The user name or the password is wrong.")


class SecondFactorRequired(Forbidden):
    """The password is right, and not enough: the account has a second factor."""

    def __init__(self) -> None:
        super().__init__("This account signs in with a second factor.")


class WrongSecondFactor(Forbidden):
    """The one answer to a code that is wrong, over, or used already."""

    def __init__(self) -> None:
        super().__init__("This code is wrong, or was used already.")


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """What somebody typed, and what their browser carries to be recognised."""

    username: str
    password: str
    carried: str = ""


@dataclass(frozen=True, slots=True)
class VerifiedPassword:
    """Who somebody has proved to be; it holds while the account is active and has the same epoch."""

    user_id: int
    user_epoch: int
    username: str
    charges: tuple[Charge, ...]
    old_hash: str
    new_hash: str | None


@dataclass(frozen=True, slots=True)
class PendingSecondFactor:
    """Who has proved their password and has a second factor to prove; it holds as a ``Proof`` does."""

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
    """Checks passwords with what one process is made of."""

    def __init__(
        self, settings: Settings, database: Database, vault: Vault, passwords: PasswordHasher
    ) -> None:
        self._settings = settings
        self._database = database
        self._vault = vault
        self._passwords = passwords

    def check(self, actor: Actor, attempt: SignInAttempt) -> VerifiedPassword:
        """Return the proof; raises WrongCredentials, or Throttled when it was tried too often."""
        with self._database.transaction() as db:
            account = _find(db, attempt.username)
            charges = tuple(throttles.charge(db, self._buckets(actor.address, attempt, account)))
        matches = self._verify(account, attempt.password, charges)
        if account is None or not matches or not account.is_active or account.password_hash is None:
            self._record_refusal(actor, account, matches, charges)
            raise WrongCredentials
        new_hash = self._rehash(account.password_hash, attempt.password)
        return VerifiedPassword(
            account.id, account.epoch, account.username, charges, account.password_hash, new_hash
        )

    def _buckets(self, address: str, attempt: SignInAttempt, account: _Account | None) -> list[Bucket]:
        """Return what the try is charged to, the narrow first: a known browser alone, or account and network."""
        settings = self._settings
        name, network = users.canonical_username(attempt.username), throttles.network_of(address)
        known = known_browsers.recognise(
            self._vault, attempt.carried, account.id if account else 0, account.epoch if account else 0
        )
        if known is not None:
            return [self._bucket("browser", known, limit=settings.sign_in_attempts)]
        return [
            self._bucket("account and network", name, network, limit=settings.sign_in_attempts),
            self._bucket("network", network, limit=settings.sign_in_attempts_per_network),
            self._bucket("account", name, limit=settings.sign_in_attempts_per_account),
        ]

    def charge_code(self, half: PendingSecondFactor, carried: str) -> tuple[Charge, ...]:
        """Count a try of a second factor, in a transaction of its own; raises Throttled.

        A code has six digits only, so that strangers who know the password share one small budget for the account;
        a browser in which the person has proved this second factor before has its own (S20).
        """
        with self._database.transaction() as db:
            factor = second_factors.enrolment(db, half.user_id)
            known = known_browsers.recognise(self._vault, carried, half.user_id, half.user_epoch, factor)
            who = ("browser", known) if factor and known else ("account", str(half.user_id))
            budget = self._bucket("code", *who, limit=self._settings.sign_in_attempts)
            return tuple(throttles.charge(db, [budget]))

    def _bucket(self, *names: str, limit: int) -> Bucket:
        return throttles.bucket(
            self._vault, "sign-in", *names, limit=limit, window=self._settings.sign_in_window
        )

    def _verify(self, account: _Account | None, password: str, charges: tuple[Charge, ...]) -> bool:
        try:
            return self._passwords.verify(account.password_hash if account else None, password)
        except Throttled:
            # The process was busy; the password was not tried.
            with self._database.transaction() as db:
                throttles.refund(db, charges)
            raise

    def _rehash(self, stored: str, password: str) -> str | None:
        if not self._passwords.needs_rehash(stored):
            return None
        try:
            return self._passwords.hash(password)
        except Throttled:
            return None  # The next sign-in will do.

    def _record_refusal(
        self, actor: Actor, account: _Account | None, matches: bool, charges: tuple[Charge, ...]
    ) -> None:
        # A name that no account has is not kept: people type passwords into the wrong field.
        reason = "no such user" if account is None else "account disabled" if matches else "wrong password"
        facts = {"reason": reason} | ({"throttled": True} if any(one.is_last for one in charges) else {})
        with self._database.transaction() as db:
            audit.record(
                db,
                actor,
                Event.SESSION_REFUSE,
                subject_name=account.username if account else "",
                user_id=account.id if account else None,
                after=facts,
            )


def complete_sign_in(db: Session, proof: VerifiedPassword) -> User:
    """Return the person, and give the try back.

    Raises WrongCredentials when the account changed since the check, SecondFactorRequired when the password is only
    half of the proof.
    """
    user = confirm_password(db, proof)
    if second_factors.is_enrolled(db, user.id):
        raise SecondFactorRequired
    return user


def confirm_password(db: Session, proof: VerifiedPassword) -> User:
    """Return the person whose password it is, and give the try back; raises WrongCredentials as ``confirm`` does.

    For those who are signed in already, and for the first half of a sign-in.
    """
    user = _standing_user(db, proof)
    throttles.refund(db, proof.charges)
    if proof.new_hash is not None and user.password_hash == proof.old_hash:
        users.store_rehashed(db, user, proof.new_hash)
    return user


def complete_second_factor(
    db: Session, vault: Vault, half: PendingSecondFactor, typed: str, charges: tuple[Charge, ...]
) -> tuple[User, str]:
    """Take the code that makes a half proof whole; return the person and which kind of code it was.

    Raises WrongCode, which the caller records with ``refuse_code``, and WrongCredentials when the account changed.
    """
    user = _standing_user(db, half)
    kind = second_factors.redeem(db, vault, user.id, typed)
    if kind is None:
        raise WrongSecondFactor
    throttles.refund(db, charges)
    return user, kind


def record_wrong_code(
    db: Session, actor: Actor, half: PendingSecondFactor, charges: tuple[Charge, ...]
) -> None:
    """Record that a second factor was refused."""
    facts = {"reason": "wrong code"} | ({"throttled": True} if any(one.is_last for one in charges) else {})
    user = users.get(db, half.user_id)
    audit.record(db, actor, Event.SESSION_REFUSE, subject_name=user.username, user_id=user.id, after=facts)


def _standing_user(db: Session, proof: VerifiedPassword | PendingSecondFactor) -> User:
    user = db.get(User, proof.user_id, with_for_update=True)
    if user is None or not user.is_active or user.epoch != proof.user_epoch:
        raise WrongCredentials
    return user


def _find(db: Session, username: str) -> _Account | None:
    user = users.find(db, username)
    if user is None:
        return None
    return _Account(user.id, user.epoch, user.username, user.is_active, user.password_hash)

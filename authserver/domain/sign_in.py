"""Proving who somebody is by a password: throttled before the work, and the same work and answer in every case (S19, S20).

``check`` hashes, which takes long, and so opens short transactions of its own and must be called outside any other;
``confirm`` is called in the transaction that starts a session or issues tokens.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from authserver.context import Actor
from authserver.domain import audit, known_browsers, throttles, users
from authserver.domain.db import Database
from authserver.domain.passwords import Passwords
from authserver.domain.throttles import Bucket, Charge
from authserver.domain.users import User
from authserver.domain.vault import Vault
from authserver.errors import Refused, Throttled
from authserver.settings import Settings


class WrongCredentials(Refused):
    """The one answer to an unknown name, a wrong or empty password and a disabled account."""

    def __init__(self) -> None:
        super().__init__("The user name or the password is wrong.")


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody typed, and what their browser carries to be recognised."""

    username: str
    password: str
    carried: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """Who somebody has proved to be; it holds while the account is active and has the same epoch."""

    user_id: int
    user_epoch: int
    username: str
    charges: tuple[Charge, ...]
    old_hash: str
    new_hash: str | None


@dataclass(frozen=True, slots=True)
class _Account:
    id: int
    epoch: int
    username: str
    is_active: bool
    password_hash: str | None


class Desk:
    """Checks passwords with what one process is made of."""

    def __init__(self, settings: Settings, database: Database, vault: Vault, passwords: Passwords) -> None:
        self._settings = settings
        self._database = database
        self._vault = vault
        self._passwords = passwords

    def check(self, actor: Actor, claim: Claim) -> Proof:
        """Return the proof; raises WrongCredentials, or Throttled when it was tried too often."""
        with self._database.transaction() as session:
            account = _find(session, claim.username)
            charges = tuple(throttles.charge(session, self._buckets(actor.address, claim, account)))
        matches = self._verify(account, claim.password, charges)
        if account is None or not matches or not account.is_active or account.password_hash is None:
            self._record_refusal(actor, account, matches, charges)
            raise WrongCredentials
        new_hash = self._rehash(account.password_hash, claim.password)
        return Proof(account.id, account.epoch, account.username, charges, account.password_hash, new_hash)

    def _buckets(self, address: str, claim: Claim, account: _Account | None) -> list[Bucket]:
        """Return what the try is charged to, the narrow first: a known browser alone, or account and network."""
        settings, name, network = (
            self._settings,
            users.canonical(claim.username),
            throttles.network_of(address),
        )
        known = known_browsers.recognise(
            self._vault, claim.carried, account.id if account else 0, account.epoch if account else 0
        )
        if known is not None:
            return [self._bucket("browser", known, limit=settings.sign_in_attempts)]
        return [
            self._bucket("account and network", name, network, limit=settings.sign_in_attempts),
            self._bucket("network", network, limit=settings.sign_in_attempts_per_network),
            self._bucket("account", name, limit=settings.sign_in_attempts_per_account),
        ]

    def _bucket(self, *names: str, limit: int) -> Bucket:
        return throttles.bucket(
            self._vault, "sign-in", *names, limit=limit, window=self._settings.sign_in_window
        )

    def _verify(self, account: _Account | None, password: str, charges: tuple[Charge, ...]) -> bool:
        try:
            return self._passwords.verify(account.password_hash if account else None, password)
        except Throttled:
            # The process was busy; the password was not tried.
            with self._database.transaction() as session:
                throttles.refund(session, charges)
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
        with self._database.transaction() as session:
            audit.record(
                session,
                actor,
                "session:refuse",
                subject_name=account.username if account else "",
                user_id=account.id if account else None,
                after=facts,
            )


def confirm(session: Session, proof: Proof) -> User:
    """Return the person, and give the try back; raises WrongCredentials when the account changed since the check."""
    user = session.get(User, proof.user_id, with_for_update=True)
    if user is None or not user.is_active or user.epoch != proof.user_epoch:
        raise WrongCredentials
    throttles.refund(session, proof.charges)
    if proof.new_hash is not None and user.password_hash == proof.old_hash:
        users.keep_rehashed(session, user, proof.new_hash)
    return user


def _find(session: Session, username: str) -> _Account | None:
    user = users.find(session, username)
    if user is None:
        return None
    return _Account(user.id, user.epoch, user.username, user.is_active, user.password_hash)

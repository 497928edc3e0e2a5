"""Client secrets. A client can have several valid secrets, so that one can be replaced without an interruption.

A generated secret has 256 bits and is stored as an HMAC, which is cheap to check on every token request. A secret that
an administrator entered is stored as an argon2id hash, together with a *hint*: 12 bits of a keyed digest. A presented
secret whose hint differs is certainly wrong, so most wrong secrets need no hash, and the correct secret can be recognized
although there were too many guesses. ``SecretVerifier`` verifies secrets. Secrets that sign requests (OAuth 1.0a,
client_secret_jwt) are stored encrypted ("sealed").
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.context import Actor
from authserver.domain import audit, opaque_tokens, passwords, text_rules
from authserver.domain.audit import Event
from authserver.domain.clients import clients
from authserver.domain.clients.clients import Client
from authserver.domain.orm import NEVER_REUSE_IDS, Base, Id
from authserver.domain.passwords import PasswordHasher
from authserver.domain.vault import Vault
from authserver.errors import Conflict, InvalidInput, NotFound
from authserver.vocabulary import AuthMethod, ClientKind

ENTERED_MIN_LENGTH = 12
ENTERED_MAX_LENGTH = 256
SIGNING_MIN_LENGTH = 32
PURPOSE = "client-secret"
_HINT_PURPOSE = "client-secret-hint"
_HINT_DIGITS = 3  # hexadecimal
_METHODS = {AuthMethod.SECRET, AuthMethod.BASIC, AuthMethod.POST, AuthMethod.SECRET_JWT}
_UNUSED = "This client authenticates without a secret. Choose an authentication method that uses one first."


class ClientSecret(Base):
    """One secret. ``form`` is the form in which it is stored: hmac, argon2 or sealed (encrypted).

    ``hint`` belongs to an argon2id hash. It is None in rows of older versions, until the secret is next verified.
    """

    __tablename__ = "client_secrets"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    form: Mapped[str] = mapped_column(String(8))
    pepper_id: Mapped[str] = mapped_column(String(64), default="")
    stored: Mapped[str] = mapped_column(String(1000))
    hint: Mapped[str | None] = mapped_column(String(_HINT_DIGITS))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class StoredSecret(NamedTuple):
    """A secret in a cached registration."""

    id: int
    form: str
    pepper_id: str
    stored: str
    hint: str | None
    expires_at: datetime | None


@dataclass(frozen=True)
class EnteredSecret:
    """A secret that an administrator entered, and its argon2id hash."""

    secret: str = field(repr=False)
    hashed: str = field(repr=False)


def are_used(kind: str, auth_method: str) -> bool:
    """Return whether a client of this kind with this authentication method uses a secret."""
    return kind == ClientKind.OAUTH1 or auth_method in _METHODS


def generate(db: Session, actor: Actor, vault: Vault, client: Client) -> str:
    """Add a random secret of 256 bits and return it. It cannot be shown again later."""
    secret = opaque_tokens.new_secret()
    store_generated(db, actor, vault, client, secret)
    return secret


def store_generated(db: Session, actor: Actor, vault: Vault, client: Client, secret: str) -> None:
    """Add a secret that has already been generated."""
    if signs_with_secret(client):
        _add(db, actor, client, "sealed", vault.seal(PURPOSE, secret.encode()))
    else:
        _add(db, actor, client, "hmac", vault.mac(PURPOSE, secret.encode()).hex(), vault.pepper_id)


def has_usable(db: Session, client: Client, auth_method: str) -> bool:
    """Return whether one of the client's secrets works with an authentication method."""
    forms = {row.form for row in secrets_of_client(db, client)}
    return bool(forms & {"sealed"} if auth_method == AuthMethod.SECRET_JWT else forms)


def hash_entered_secret(hasher: PasswordHasher, secret: str) -> EnteredSecret:
    """Check and hash an entered secret; raises InvalidInput. Hashing is slow: call this outside a transaction."""
    check_entered(secret)
    return EnteredSecret(secret, hasher.hash(secret))


def add_entered(db: Session, actor: Actor, vault: Vault, client: Client, chosen: EnteredSecret) -> None:
    """Add an entered secret; raises InvalidInput if it is too short for signing assertions."""
    secret = chosen.secret.encode()
    if client.auth_method == AuthMethod.SECRET_JWT and len(secret) < SIGNING_MIN_LENGTH:
        raise InvalidInput(
            {
                "secret": f"Enter {SIGNING_MIN_LENGTH} characters or more, because this secret signs assertions."
            }
        )
    if signs_with_secret(client):
        _add(db, actor, client, "sealed", vault.seal(PURPOSE, secret))
    else:
        hint = hint_of(vault, chosen.hashed, chosen.secret, vault.pepper_id)
        _add(db, actor, client, "argon2", chosen.hashed, vault.pepper_id, hint)


def add_requested(db: Session, actor: Actor, vault: Vault, client: Client, secret: str) -> None:
    """Add the secret that an application sent with its request for a consumer key; raises InvalidInput."""
    if (
        not 1 <= len(secret) <= ENTERED_MAX_LENGTH
        or not text_rules.is_storable(secret)
        or not secret.isprintable()
    ):
        raise InvalidInput({"secret": f"The secret must be 1 to {ENTERED_MAX_LENGTH} printable characters."})
    _add(db, actor, client, "sealed", vault.seal(PURPOSE, secret.encode()))


def is_unexpired(secret: ClientSecret | StoredSecret, now: datetime) -> bool:
    """Return whether a secret is valid at a time."""
    return secret.expires_at is None or secret.expires_at > now


def signs_with_secret(client: Client) -> bool:
    """Return whether the client signs with its secret, so that the server stores the secret itself (encrypted)."""
    return client.kind == ClientKind.OAUTH1 or client.auth_method == AuthMethod.SECRET_JWT


def check_entered(secret: str) -> None:
    """Raise InvalidInput if an entered secret is too short, too long or contains unprintable characters."""
    if not ENTERED_MIN_LENGTH <= len(secret) <= ENTERED_MAX_LENGTH:
        raise InvalidInput(
            {
                "secret": f"Enter {ENTERED_MIN_LENGTH} to {ENTERED_MAX_LENGTH} characters, or generate a secret."
            }
        )
    if not text_rules.is_storable(secret) or not secret.isprintable():
        raise InvalidInput(
            {"secret": "The secret contains unprintable characters. Use printable characters only."}
        )


def secrets_of_client(db: Session, client: Client) -> list[ClientSecret]:
    """Return the unexpired secrets of a client, oldest first."""
    now = clock.now()
    rows = db.scalars(
        select(ClientSecret).where(ClientSecret.client_id == client.id).order_by(ClientSecret.id)
    )
    return [row for row in rows if is_unexpired(row, now)]


def expire_others(db: Session, actor: Actor, client: Client, *, after: timedelta) -> None:
    """Set the expiration of every secret except the newest to the time ``after`` from now.

    Zero expires the secrets immediately. A secret that expires earlier keeps its expiration.
    """
    ends_at = clock.now() + after
    for row in secrets_of_client(db, client)[:-1]:
        if row.expires_at is None or row.expires_at > ends_at:
            row.expires_at = ends_at
            audit.record(
                db, actor, Event.CLIENT_REMOVE_SECRET, subject=client, after={"ends_at": ends_at.isoformat()}
            )
    clients.touch(client)


def get(db: Session, client: Client, secret_id: int) -> ClientSecret:
    """Return one secret of a client; raises NotFound."""
    row = db.get(ClientSecret, secret_id)
    if row is None or row.client_id != client.id:
        raise NotFound("This secret does not exist.")
    return row


def remove(db: Session, actor: Actor, client: Client, secret_id: int) -> None:
    """Delete one secret; raises NotFound, or Conflict for the client's only secret."""
    row = get(db, client, secret_id)
    is_only = [other.id for other in secrets_of_client(db, client)] == [row.id]
    if is_only and are_used(client.kind, client.auth_method):
        raise Conflict("This is the client's only secret. Add another one first.")
    db.delete(row)
    clients.touch(client)
    clients.save(db)
    audit.record(db, actor, Event.CLIENT_REMOVE_SECRET, subject=client, before={"secret": secret_id})


def reveal(vault: Vault, secret: ClientSecret | StoredSecret) -> str:
    """Return an encrypted secret in clear text, for verifying signatures."""
    return vault.open(PURPOSE, secret.stored).decode()


def reveal_all(vault: Vault, secrets: Iterable[ClientSecret | StoredSecret]) -> list[str]:
    """Return the unexpired secrets that the client can sign with, in clear text."""
    now = clock.now()
    return [reveal(vault, row) for row in secrets if row.form == "sealed" and is_unexpired(row, now)]


def hint_of(vault: Vault, hashed: str, secret: str, pepper_id: str) -> str:
    """Return the hint of a secret. It also depends on the salt of the hash, so that equal secrets have different hints."""
    message = f"{hashed}\0{passwords.normalize(secret)}".encode()
    return vault.mac(_HINT_PURPOSE, message, pepper_id).hex()[:_HINT_DIGITS]


def store_hint(db: Session, vault: Vault, secret: StoredSecret, presented: str) -> None:
    """Add the hint to a secret that an older version has stored and that has just been verified."""
    hint = hint_of(vault, secret.stored, presented, vault.pepper_id)
    db.execute(
        update(ClientSecret)
        .where(ClientSecret.id == secret.id, ClientSecret.stored == secret.stored)
        .values(hint=hint, pepper_id=vault.pepper_id)
        .execution_options(synchronize_session=False)
    )


def _add(
    db: Session,
    actor: Actor,
    client: Client,
    form: str,
    stored: str,
    pepper_id: str = "",
    hint: str | None = None,
) -> None:
    if not are_used(client.kind, client.auth_method):
        raise InvalidInput({"secret": _UNUSED})
    row = ClientSecret(
        client_id=client.id,
        form=form,
        pepper_id=pepper_id,
        stored=stored,
        hint=hint,
        created_at=clock.now(),
        expires_at=None,
    )
    db.add(row)
    clients.touch(client)
    clients.save(db)
    audit.record(db, actor, Event.CLIENT_ADD_SECRET, subject=client, after={"secret": row.id, "form": form})

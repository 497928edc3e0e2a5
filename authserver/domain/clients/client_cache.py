"""What the hot paths know of a client: an immutable snapshot, kept in the process under the revision it was read at.

The statement that serves a request returns the policy's revision; a snapshot of another revision is never used, so
that an edit or a disapproval on another node counts at once. It rises with the client's own and with every change of
the scopes that administrators define, since these decide what every client may ask for.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, select
from sqlalchemy.orm import Session

from authserver.domain import scopes
from authserver.domain.clients import subject_salt
from authserver.domain.clients.client_secrets import ClientSecret, StoredSecret
from authserver.domain.clients.clients import Client
from authserver.domain.clients.registrations import normalize_response_type
from authserver.domain.keys.vault import Vault
from authserver.domain.scopes import DefinedScope

_KEPT = 5000


def revision_of(client: Any) -> ColumnElement[int]:
    """Return the revision of a client's policy, for a statement that reads the client, its table or an alias of it."""
    revision: ColumnElement[int] = client.revision + scopes.REVISION
    return revision


_CLIENT = select(Client.__table__, revision_of(Client).label("policy_revision")).where(
    Client.id == bindparam("client_id")
)
_SECRETS = (
    select(
        ClientSecret.id,
        ClientSecret.form,
        ClientSecret.pepper_id,
        ClientSecret.stored,
        ClientSecret.expires_at,
    )
    .where(ClientSecret.client_id == bindparam("client_id"))
    .order_by(ClientSecret.id.desc())
)
_OPEN_SCOPES = select(DefinedScope.name).where(DefinedScope.is_open)


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    """The registration of one client at one revision; standing (status, epoch) is read afresh each time, not kept.

    ``scopes`` are those that it may ask for: its ``own_scopes``, for which it is registered, and those open to all.
    """

    id: int
    client_key: str
    revision: int
    kind: str
    name: str
    redirect_uris: tuple[str, ...]
    grant_types: frozenset[str]
    response_types: frozenset[str]
    own_scopes: frozenset[str]
    scopes: frozenset[str]
    auth_method: str
    is_pkce_required: bool
    is_trusted: bool
    details: Mapping[str, Any]
    secrets: tuple[StoredSecret, ...] = field(repr=False)
    pairwise_key: bytes = field(default=b"", repr=False)


class ClientCache:
    """The snapshots of one process."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._kept: OrderedDict[int, RegisteredClient] = OrderedDict()
        self._guard = Lock()

    def get(self, connection: Connection, client_id: int, revision: int) -> RegisteredClient:
        """Return the snapshot of a client at the revision of its policy that the caller has just read."""
        kept = self.kept(client_id, revision)
        if kept is not None:
            return kept
        client = _read(connection, self._vault, client_id)
        with self._guard:
            self._kept[client_id] = client
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return client

    def kept(self, client_id: int, revision: int) -> RegisteredClient | None:
        """Return the snapshot at that revision if this process has it."""
        client = self._kept.get(client_id)
        return client if client is not None and client.revision == revision else None

    def of(self, db: Session, client: Client) -> RegisteredClient:
        """Return the snapshot of a client whose record has been read already."""
        return self.get(db.connection(), client.id, current_revision(db, client))


def current_revision(db: Session, client: Client) -> int:
    """Return the revision of the policy of a client whose record has been read already."""
    return client.revision + int(db.scalar(select(scopes.REVISION)) or 0)


def _pairwise_key(connection: Connection, vault: Vault, client: Row[Any]) -> bytes:
    if client.details.get("subject_type") != "pairwise":
        return b""
    salt = subject_salt.ensure(connection, vault)
    return subject_salt.key_of_sector(salt, subject_salt.sector_of(client))


def _read(connection: Connection, vault: Vault, client_id: int) -> RegisteredClient:
    row = connection.execute(_CLIENT, {"client_id": client_id}).one()
    secrets = tuple(
        StoredSecret(*secret) for secret in connection.execute(_SECRETS, {"client_id": client_id})
    )
    return RegisteredClient(
        id=row.id,
        client_key=row.client_key,
        revision=row.policy_revision,
        kind=row.kind,
        name=row.name,
        redirect_uris=tuple(row.redirect_uris),
        grant_types=frozenset(row.grant_types),
        response_types=frozenset(normalize_response_type(value) for value in row.response_types),
        own_scopes=frozenset(row.scopes),
        scopes=frozenset(row.scopes).union(connection.scalars(_OPEN_SCOPES)),
        auth_method=row.auth_method,
        is_pkce_required=row.is_pkce_required,
        is_trusted=row.is_trusted,
        details=row.details,
        secrets=secrets,
        pairwise_key=_pairwise_key(connection, vault, row),
    )

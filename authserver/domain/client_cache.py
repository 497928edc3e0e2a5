"""Per-process cache of client registrations, keyed by revision.

The statement that serves a request returns the current revision, and a cached registration of another revision is never
used. An edit on another node therefore takes effect immediately. The cached revision is the sum of the client's own
revision and the number of changes to the defined scopes and resources, because these also determine what a client may
request.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, select
from sqlalchemy.orm import Session

from authserver.domain import scopes
from authserver.domain.clients.client_secrets import ClientSecret, StoredSecret
from authserver.domain.clients.clients import Client
from authserver.domain.clients.response_types import normalize_response_type
from authserver.domain.keys import subject_salt
from authserver.domain.resources import DefinedResource
from authserver.domain.scopes import DefinedScope
from authserver.domain.vault import Vault

_MAX_CLIENTS = 5000


def revision_of(client: Any) -> ColumnElement[int]:
    """Return the SQL expression for the revision of a registration. ``client`` is a record, the table or an alias."""
    revision: ColumnElement[int] = client.revision + scopes.REVISION
    return revision


_CLIENT = select(Client.__table__, revision_of(Client).label("registration_revision")).where(
    Client.id == bindparam("client_id")
)
_SECRETS = (
    select(
        ClientSecret.id,
        ClientSecret.form,
        ClientSecret.pepper_id,
        ClientSecret.stored,
        ClientSecret.hint,
        ClientSecret.expires_at,
    )
    .where(ClientSecret.client_id == bindparam("client_id"))
    .order_by(ClientSecret.id.desc())
)
_DEFINED_SCOPES = select(DefinedScope.name, DefinedScope.is_open, DefinedScope.claims)
_RESOURCES = select(DefinedResource.identifier, DefinedResource.scopes, DefinedResource.is_open)


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    """The registration of one client at one revision, without its status and epoch, which every request reads again.

    ``scopes`` are all scopes that the client may request: its registered ``own_scopes``, the open scopes, and those of
    the resources that it may request. ``scopes_anywhere`` are those that do not need a resource. ``resources`` are the
    resources that the client is registered for. ``scope_resources`` are the resources that a scope belongs to.
    ``claims_of_scopes`` maps those scopes that have custom claims to the sources of the claims.
    ``pairwise_key`` is the key for its pairwise subject identifiers, or empty if it uses public ones.
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
    scopes_anywhere: frozenset[str]
    resources: tuple[str, ...]
    open_resources: frozenset[str]
    scope_resources: Mapping[str, frozenset[str]]
    auth_method: str
    is_pkce_required: bool
    is_trusted: bool
    details: Mapping[str, Any]
    secrets: tuple[StoredSecret, ...] = field(repr=False)
    claims_of_scopes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    pairwise_key: bytes = field(default=b"", repr=False)


class ClientCache:
    """The cached registrations of one process."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._cached: OrderedDict[int, RegisteredClient] = OrderedDict()
        self._guard = Lock()

    def get(self, connection: Connection, client_id: int, revision: int) -> RegisteredClient:
        """Return the registration of a client at the revision that the caller has just read."""
        cached = self.find_cached(client_id, revision)
        if cached is not None:
            return cached
        client = _read(connection, self._vault, client_id)
        with self._guard:
            self._cached[client_id] = client
            while len(self._cached) > _MAX_CLIENTS:
                self._cached.popitem(last=False)
        return client

    def find_cached(self, client_id: int, revision: int) -> RegisteredClient | None:
        """Return the cached registration at a revision, or None."""
        client = self._cached.get(client_id)
        return client if client is not None and client.revision == revision else None

    def of(self, db: Session, client: Client) -> RegisteredClient:
        """Return the current registration of a client whose record is already loaded."""
        return self.get(db.connection(), client.id, current_revision(db, client))


def current_revision(db: Session, client: Client) -> int:
    """Return the current revision of the registration of a client whose record is already loaded."""
    return client.revision + int(db.scalar(select(scopes.REVISION)) or 0)


def _pairwise_key(connection: Connection, vault: Vault, client: Row[Any]) -> bytes:
    if client.details.get("subject_type") != "pairwise":
        return b""
    salt = subject_salt.ensure(connection, vault)
    return subject_salt.key_of_sector(salt, subject_salt.sector_of(client))


def _scope_resources(scopes: frozenset[str], defined: Iterable[Any]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for resource in defined:
        for scope in scopes.intersection(resource.scopes):
            found.setdefault(scope, set()).add(resource.identifier)
    return {scope: frozenset(resources) for scope, resources in found.items()}


def _read(connection: Connection, vault: Vault, client_id: int) -> RegisteredClient:
    row = connection.execute(_CLIENT, {"client_id": client_id}).one()
    secrets = tuple(
        StoredSecret(*secret) for secret in connection.execute(_SECRETS, {"client_id": client_id})
    )
    own_scopes = frozenset(row.scopes)
    defined_scopes = connection.execute(_DEFINED_SCOPES).all()
    scopes_anywhere = own_scopes.union(scope.name for scope in defined_scopes if scope.is_open)
    defined = connection.execute(_RESOURCES).all()
    resources = tuple(row.details.get("resources") or ())
    open_resources = frozenset(resource.identifier for resource in defined if resource.is_open)
    usable = open_resources.union(resources)
    all_scopes = scopes_anywhere.union(
        *(resource.scopes for resource in defined if resource.identifier in usable)
    )
    return RegisteredClient(
        id=row.id,
        client_key=row.client_key,
        revision=row.registration_revision,
        kind=row.kind,
        name=row.name,
        redirect_uris=tuple(row.redirect_uris),
        grant_types=frozenset(row.grant_types),
        response_types=frozenset(normalize_response_type(value) for value in row.response_types),
        own_scopes=own_scopes,
        scopes=all_scopes,
        scopes_anywhere=scopes_anywhere,
        resources=resources,
        open_resources=open_resources,
        scope_resources=_scope_resources(all_scopes, defined),
        auth_method=row.auth_method,
        is_pkce_required=row.is_pkce_required,
        is_trusted=row.is_trusted,
        details=row.details,
        secrets=secrets,
        claims_of_scopes={
            scope.name: scope.claims for scope in defined_scopes if scope.claims and scope.name in all_scopes
        },
        pairwise_key=_pairwise_key(connection, vault, row),
    )

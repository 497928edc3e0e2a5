"""Scopes that administrators define: a name, a description for the consent page, which clients may request it, claims.

The scopes of OpenID Connect are fixed (``vocabulary.ScopeName``). A scope without a definition can still be registered
for a client; the consent page then shows its name.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, NamedTuple

from sqlalchemy import String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.context import Actor
from authserver.domain import audit, custom_claims, revisions, text_rules
from authserver.domain.audit import Event
from authserver.domain.authorizations import consents
from authserver.domain.orm import NEVER_REUSE_IDS, Base, Database, Id, lock
from authserver.errors import InvalidInput, NotFound
from authserver.messages import message
from authserver.vocabulary import ScopeName as StandardScope

WORDS_LENGTH = 200
_CHANGED = message("Someone else changed this scope. Review the current version before you decide.")


class DefinedScope(Base):
    """One scope. ``words`` is its description on the consent page.

    If ``is_open``, every client may request the scope, otherwise only clients that are registered for it. ``claims`` maps
    the custom claims of the scope to their sources (``custom_claims``).
    """

    __tablename__ = "scopes"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(text_rules.SCOPE_NAME_LENGTH), unique=True)
    words: Mapped[str] = mapped_column(String(WORDS_LENGTH))
    is_open: Mapped[bool]
    claims: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(default=1)

    # The mapper increments the revision with every change.
    __mapper_args__ = {"version_id_col": revision}


class ScopeRevision(Base):
    """The single row that counts changes to scopes and resources, so that caches can detect that they are stale."""

    __tablename__ = "scope_revisions"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    revision: Mapped[int]


REVISION = select(ScopeRevision.revision).scalar_subquery()
"""The SQL subquery for the number of changes to scopes and resources, which the statement of a request includes."""

_LISTED = select(DefinedScope.name, DefinedScope.claims).order_by(DefinedScope.name)
_REREAD_AFTER = timedelta(seconds=1)


class ListedScopes(NamedTuple):
    """The names of all defined scopes and of their claims, sorted."""

    names: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()


class ScopeCache:
    """The names of all scopes and claims for the discovery documents, read at most once a second.

    The names can be out of date, so decisions about requests must not use them. These use ``RegisteredClient.scopes``,
    which ``REVISION`` keeps up to date.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._guard = Lock()
        self._listed = ListedScopes()
        self._read_at = clock.now() - 2 * _REREAD_AFTER

    def listed(self) -> ListedScopes:
        """Return the names of all defined scopes and of their claims."""
        if self._is_stale():
            with self._guard:
                if self._is_stale():
                    with self._database.reading() as connection:
                        rows = connection.execute(_LISTED).all()
                    names = tuple(row.name for row in rows)
                    self._listed = ListedScopes(
                        names, tuple(sorted({one for row in rows for one in row.claims}))
                    )
                    self._read_at = clock.now()
        return self._listed

    def _is_stale(self) -> bool:
        return abs(clock.now() - self._read_at) >= _REREAD_AFTER


def all_scopes(db: Session) -> list[DefinedScope]:
    """Return the defined scopes, sorted by name."""
    return list(db.scalars(select(DefinedScope).order_by(DefinedScope.name)))


def find(db: Session, name: str) -> DefinedScope | None:
    """Return the scope with a name, or None."""
    if not text_rules.is_scope_name(name):
        return None
    return db.scalars(select(DefinedScope).where(DefinedScope.name == name)).one_or_none()


def get(db: Session, name: str) -> DefinedScope:
    """Return the scope with a name; raises NotFound."""
    row = find(db, name)
    if row is None:
        raise NotFound("This scope does not exist.")
    return row


def add(
    db: Session,
    actor: Actor,
    *,
    name: str,
    words: str,
    is_open: bool = False,
    claims: Mapping[str, str] | None = None,
) -> DefinedScope:
    """Define a scope; raises InvalidInput if a value is invalid or the name is taken."""
    if not text_rules.is_scope_name(name):
        raise InvalidInput(
            {"name": message("The name is invalid. Enter %(rule)s.", rule=text_rules.SCOPE_NAME_RULE)}
        )
    if name in set(StandardScope):
        raise InvalidInput({"name": message("OpenID Connect defines this scope. Choose another name.")})
    words = _clean_words(words)
    lock(db, "scopes")
    if find(db, name) is not None:
        raise InvalidInput(
            {"name": message("This scope is already defined. Edit it, or choose another name.")}
        )
    claims = _clean_claims(db, claims or {}, name)
    now = clock.now()
    row = DefinedScope(name=name, words=words, is_open=is_open, claims=claims, created_at=now, updated_at=now)
    db.add(row)
    db.flush()
    increment_revision(db)
    audit.record(db, actor, Event.SCOPE_ADD, subject=row, after=describe(row))
    return row


def edit(
    db: Session,
    actor: Actor,
    row: DefinedScope,
    *,
    words: str,
    is_open: bool,
    revision: int,
    claims: Mapping[str, str] | None = None,
) -> None:
    """Change a scope; raises InvalidInput or Conflict. Without ``claims``, its claims stay unchanged.

    If the scope gets a claim or a claim gets another source, the consents to the scope are removed, because users did not
    consent to these claims.
    """
    lock(db, "scopes")
    revisions.check_revision(row, revision, _CHANGED)
    words = _clean_words(words)
    claims = row.claims if claims is None else _clean_claims(db, claims, row.name)
    before, had = describe(row), set(row.claims.items())
    row.words, row.is_open, row.claims, row.updated_at = words, is_open, dict(claims), clock.now()
    revisions.save_revision(db, _CHANGED)
    increment_revision(db)
    if not had.issuperset(claims.items()):
        consents.remove_scope(db, row.name)
    audit.record(db, actor, Event.SCOPE_EDIT, subject=row, before=before, after=describe(row))


def remove(db: Session, actor: Actor, row: DefinedScope) -> None:
    """Remove the definition of a scope. Clients that are registered for the scope keep their registration.

    Consents to the scope are removed, because a new definition can have another meaning.
    """
    audit.record(db, actor, Event.SCOPE_REMOVE, subject=row, before=describe(row))
    db.delete(row)
    db.flush()
    increment_revision(db)
    consents.remove_scope(db, row.name)


def describe(row: DefinedScope) -> dict[str, object]:
    """Return the values of a scope for the audit trail."""
    return {
        "name": row.name,
        "words": row.words,
        "open": row.is_open,
        "claims": custom_claims.format_claims(row.claims),
    }


def scope_labels(db: Session) -> dict[str, str]:
    """Return the description of each defined scope, by name."""
    return {row.name: row.words for row in db.execute(select(DefinedScope.name, DefinedScope.words))}


def has_closed(db: Session, names: Collection[str]) -> bool:
    """Return whether one of the names is a scope that is not open to every client."""
    closed = select(DefinedScope.id).where(DefinedScope.name.in_(names), DefinedScope.is_open.is_(False))
    return db.scalars(closed.limit(1)).first() is not None


def _clean_words(words: str) -> str:
    label = message("description for the consent page")
    return text_rules.clean_line("words", label, words, length=WORDS_LENGTH)


def _clean_claims(db: Session, claims: Mapping[str, str], scope: str) -> dict[str, str]:
    claims = custom_claims.clean_claims(claims)
    for other in all_scopes(db):
        # A claim of two scopes could have two sources.
        if other.name != scope and (shared := sorted(set(other.claims) & set(claims))):
            raise InvalidInput({"claims": f"The scope {other.name} already has the claim {shared[0]}."})
    return claims


def increment_revision(db: Session) -> None:
    """Record a change of a scope or a resource, so that all processes read the registrations of clients again."""
    db.execute(
        update(ScopeRevision)
        .values(revision=ScopeRevision.revision + 1)
        .execution_options(synchronize_session=False)
    )

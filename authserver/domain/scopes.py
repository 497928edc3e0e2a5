"""Scopes that administrators define: a name, a description for the consent page, and which clients may request it.

The scopes of OpenID Connect are fixed (``vocabulary.ScopeName``). A scope without a definition can still be registered
for a client; the consent page then shows its name.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.context import Actor
from authserver.domain import audit, revisions, text_rules
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

    If ``is_open``, every client may request the scope, otherwise only clients that are registered for it.
    """

    __tablename__ = "scopes"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(text_rules.SCOPE_NAME_LENGTH), unique=True)
    words: Mapped[str] = mapped_column(String(WORDS_LENGTH))
    is_open: Mapped[bool]
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

_NAMES = select(DefinedScope.name).order_by(DefinedScope.name)
_REREAD_AFTER = timedelta(seconds=1)


class ScopeCache:
    """The names of all scopes for the discovery documents, read at most once a second.

    The names can be out of date, so decisions about requests must not use them. These use ``RegisteredClient.scopes``,
    which ``REVISION`` keeps up to date.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._guard = Lock()
        self._names: tuple[str, ...] = ()
        self._read_at = clock.now() - 2 * _REREAD_AFTER

    def names(self) -> tuple[str, ...]:
        """Return the names of all defined scopes, sorted."""
        if self._is_stale():
            with self._guard:
                if self._is_stale():
                    with self._database.reading() as connection:
                        self._names = tuple(connection.scalars(_NAMES))
                    self._read_at = clock.now()
        return self._names

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


def add(db: Session, actor: Actor, *, name: str, words: str, is_open: bool = False) -> DefinedScope:
    """Define a scope; raises InvalidInput if the name is invalid or taken, or the description is missing."""
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
    now = clock.now()
    row = DefinedScope(name=name, words=words, is_open=is_open, created_at=now, updated_at=now)
    db.add(row)
    db.flush()
    increment_revision(db)
    audit.record(db, actor, Event.SCOPE_ADD, subject=row, after=describe(row))
    return row


def edit(db: Session, actor: Actor, row: DefinedScope, *, words: str, is_open: bool, revision: int) -> None:
    """Change a scope's description and which clients may request it; raises InvalidInput or Conflict."""
    revisions.check_revision(row, revision, _CHANGED)
    words = _clean_words(words)
    before = describe(row)
    row.words, row.is_open, row.updated_at = words, is_open, clock.now()
    revisions.save_revision(db, _CHANGED)
    increment_revision(db)
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
    return {"name": row.name, "words": row.words, "open": row.is_open}


def scope_labels(db: Session) -> dict[str, str]:
    """Return the description of each defined scope, by name."""
    return {row.name: row.words for row in db.execute(select(DefinedScope.name, DefinedScope.words))}


def has_closed(db: Session, names: Collection[str]) -> bool:
    """Return whether one of the names is a scope that is not open to every client."""
    closed = select(DefinedScope.id).where(DefinedScope.name.in_(names), DefinedScope.is_open.is_(False))
    return db.scalars(closed.limit(1)).first() is not None


def increment_revision(db: Session) -> None:
    """Record a change of a scope or a resource, so that all processes read the registrations of clients again."""
    db.execute(
        update(ScopeRevision)
        .values(revision=ScopeRevision.revision + 1)
        .execution_options(synchronize_session=False)
    )


def _clean_words(words: str) -> str:
    label = message("description for the consent page")
    return text_rules.clean_line("words", label, words, length=WORDS_LENGTH)

"""Scopes that administrators define: a name, the words for the consent page, and which clients may ask.

The scopes of OpenID Connect are fixed (``terms.Scope``). A scope that nobody has defined can still be registered for a
client; people then see its bare name.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.context import Actor
from authserver.domain import audit, revisions, scope_names, text_rules
from authserver.domain.audit import Event
from authserver.domain.authorizations import consents
from authserver.domain.orm import NEVER_REUSE_IDS, Base, Id, lock
from authserver.errors import InvalidInput, NotFound
from authserver.vocabulary import ScopeName as StandardScope

WORDS_LENGTH = 200
_CHANGED = "Somebody changed this scope meanwhile. Look at it again before you decide."


class DefinedScope(Base):
    """One scope; ``is_open`` lets every client ask for it, else only clients that are registered for it may."""

    __tablename__ = "scopes"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(scope_names.LENGTH), unique=True)
    words: Mapped[str] = mapped_column(String(WORDS_LENGTH))
    is_open: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(default=1)

    # As with clients: the mapper raises the revision with every change.
    __mapper_args__ = {"version_id_col": revision}


class ScopeRevision(Base):
    """The one row that counts the changes of all scopes: whoever remembers some of them sees by it that they are old."""

    __tablename__ = "scope_revisions"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    revision: Mapped[int]


REVISION = select(ScopeRevision.revision).scalar_subquery()
"""How often scopes were changed, to be read by the statement that serves a request."""


def all_scopes(db: Session) -> list[DefinedScope]:
    """Return the defined scopes by name."""
    return list(db.scalars(select(DefinedScope).order_by(DefinedScope.name)))


def find(db: Session, name: str) -> DefinedScope | None:
    """Return the scope of that name."""
    if name_error(name) is not None:
        return None
    return db.scalars(select(DefinedScope).where(DefinedScope.name == name)).one_or_none()


def get(db: Session, name: str) -> DefinedScope:
    """Return the scope of that name; raises NotFound."""
    row = find(db, name)
    if row is None:
        raise NotFound("There is no such scope.")
    return row


def add(db: Session, actor: Actor, *, name: str, words: str, is_open: bool = False) -> DefinedScope:
    """Define a scope; raises InvalidInput when the name cannot be one, is taken, or there are no words."""
    if fault := name_error(name):
        raise InvalidInput({"name": fault})
    if name in set(StandardScope):
        raise InvalidInput({"name": "This scope is defined by OpenID Connect."})
    words = text_rules.clean_line("words", "words for the consent page", words, length=WORDS_LENGTH)
    lock(db, "scopes")
    if find(db, name) is not None:
        raise InvalidInput({"name": "This scope is defined already."})
    now = clock.now()
    row = DefinedScope(name=name, words=words, is_open=is_open, created_at=now, updated_at=now)
    db.add(row)
    db.flush()
    _count(db)
    audit.record(db, actor, Event.SCOPE_ADD, subject=row, after=describe(row))
    return row


def edit(db: Session, actor: Actor, row: DefinedScope, *, words: str, is_open: bool, revision: int) -> None:
    """Change the words of a scope and who may ask; raises InvalidInput, or Conflict for a stale revision."""
    revisions.check_revision(row, revision, _CHANGED)
    words = text_rules.clean_line("words", "words for the consent page", words, length=WORDS_LENGTH)
    before = describe(row)
    row.words, row.is_open, row.updated_at = words, is_open, clock.now()
    revisions.save_revision(db, _CHANGED)
    _count(db)
    audit.record(db, actor, Event.SCOPE_EDIT, subject=row, before=before, after=describe(row))


def remove(db: Session, actor: Actor, row: DefinedScope) -> None:
    """Forget a scope; clients that are registered for it by name keep it.

    People are asked again before a client uses that name once more: its words may be others by then.
    """
    audit.record(db, actor, Event.SCOPE_REMOVE, subject=row, before=describe(row))
    db.delete(row)
    db.flush()
    _count(db)
    consents.forget_scope(db, row.name)


def describe(row: DefinedScope) -> dict[str, object]:
    """Return what the audit trail says of a scope."""
    return {"name": row.name, "words": row.words, "open": row.is_open}


def scope_labels(db: Session) -> dict[str, str]:
    """Return what the defined scopes allow, by name."""
    return {row.name: row.words for row in db.execute(select(DefinedScope.name, DefinedScope.words))}


def has_closed(db: Session, names: Collection[str]) -> bool:
    """Return whether one of the names is a scope for which an administrator decides who may ask."""
    closed = select(DefinedScope.id).where(DefinedScope.name.in_(names), DefinedScope.is_open.is_(False))
    return db.scalars(closed.limit(1)).first() is not None


def name_error(name: str) -> str | None:
    """Return what is wrong with the name of a scope (RFC 6749, section 3.3), or None."""
    if len(name) <= scope_names.LENGTH and scope_names.is_name(name):
        return None
    return f"Enter up to {scope_names.LENGTH} printable ASCII letters without quotes, backslashes and spaces."


def _count(db: Session) -> None:
    db.execute(
        update(ScopeRevision)
        .values(revision=ScopeRevision.revision + 1)
        .execution_options(synchronize_session=False)
    )

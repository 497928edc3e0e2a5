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
from authserver.domain import audit, consents, revisions, scope_names, texts
from authserver.domain.db import COUNTED, Base, Id, lock
from authserver.errors import InvalidInput, NotFound
from authserver.terms import Scope as StandardScope

WORDS_LENGTH = 200
_CHANGED = "Somebody changed this scope meanwhile. Look at it again before you decide."


class Scope(Base):
    """One scope; ``is_open`` lets every client ask for it, else only clients that are registered for it may."""

    __tablename__ = "scopes"
    __table_args__ = COUNTED

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


def all_scopes(session: Session) -> list[Scope]:
    """Return the defined scopes by name."""
    return list(session.scalars(select(Scope).order_by(Scope.name)))


def find(session: Session, name: str) -> Scope | None:
    """Return the scope of that name."""
    if fault_of_name(name) is not None:
        return None
    return session.scalars(select(Scope).where(Scope.name == name)).one_or_none()


def get(session: Session, name: str) -> Scope:
    """Return the scope of that name; raises NotFound."""
    row = find(session, name)
    if row is None:
        raise NotFound("There is no such scope.")
    return row


def add(session: Session, actor: Actor, *, name: str, words: str, is_open: bool = False) -> Scope:
    """Define a scope; raises InvalidInput when the name cannot be one, is taken, or there are no words."""
    if fault := fault_of_name(name):
        raise InvalidInput({"name": fault})
    if name in set(StandardScope):
        raise InvalidInput({"name": "This scope is defined by OpenID Connect."})
    words = texts.clean("words", "words for the consent page", words, length=WORDS_LENGTH)
    lock(session, "scopes")
    if find(session, name) is not None:
        raise InvalidInput({"name": "This scope is defined already."})
    now = clock.now()
    row = Scope(name=name, words=words, is_open=is_open, created_at=now, updated_at=now)
    session.add(row)
    session.flush()
    _count(session)
    audit.record(session, actor, "scope:add", subject=row, after=describe(row))
    return row


def edit(session: Session, actor: Actor, row: Scope, *, words: str, is_open: bool, revision: int) -> None:
    """Change the words of a scope and who may ask; raises InvalidInput, or Conflict for a stale revision."""
    revisions.check(row, revision, _CHANGED)
    words = texts.clean("words", "words for the consent page", words, length=WORDS_LENGTH)
    before = describe(row)
    row.words, row.is_open, row.updated_at = words, is_open, clock.now()
    revisions.save(session, _CHANGED)
    _count(session)
    audit.record(session, actor, "scope:edit", subject=row, before=before, after=describe(row))


def remove(session: Session, actor: Actor, row: Scope) -> None:
    """Forget a scope; clients that are registered for it by name keep it.

    People are asked again before a client uses that name once more: its words may be others by then.
    """
    audit.record(session, actor, "scope:remove", subject=row, before=describe(row))
    session.delete(row)
    session.flush()
    _count(session)
    consents.forget_scope(session, row.name)


def describe(row: Scope) -> dict[str, object]:
    """Return what the audit trail says of a scope."""
    return {"name": row.name, "words": row.words, "open": row.is_open}


def words(session: Session) -> dict[str, str]:
    """Return what the defined scopes allow, by name."""
    return {row.name: row.words for row in session.execute(select(Scope.name, Scope.words))}


def has_closed(session: Session, names: Collection[str]) -> bool:
    """Return whether one of the names is a scope for which an administrator decides who may ask."""
    closed = select(Scope.id).where(Scope.name.in_(names), Scope.is_open.is_(False))
    return session.scalars(closed.limit(1)).first() is not None


def fault_of_name(name: str) -> str | None:
    """Return what is wrong with the name of a scope (RFC 6749, section 3.3), or None."""
    if len(name) <= scope_names.LENGTH and scope_names.is_name(name):
        return None
    return f"Enter up to {scope_names.LENGTH} printable ASCII letters without quotes, backslashes and spaces."


def _count(session: Session) -> None:
    session.execute(
        update(ScopeRevision)
        .values(revision=ScopeRevision.revision + 1)
        .execution_options(synchronize_session=False)
    )

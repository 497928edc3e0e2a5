"""Resources that administrators define: resource servers (RFC 8707) with an identifier, a name and their scopes.

A client may request an open resource, or one that it is registered for. It may then also request the scopes of the
resource. A client can be registered for a resource without a definition; its pages then show the identifier.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from authserver import clock
from authserver.context import Actor
from authserver.domain import audit, revisions, scopes, text_rules
from authserver.domain.audit import Event
from authserver.domain.clients.basic_metadata import MAX_SCOPE_LENGTH, MAX_SCOPES
from authserver.domain.clients.metadata_types import MAX_URL_LENGTH, resource_error
from authserver.domain.orm import NEVER_REUSE_IDS, Base, Id, lock
from authserver.errors import InvalidInput, NotFound
from authserver.vocabulary import ScopeName as StandardScope

_CHANGED = "Someone else changed this resource. Review the current version before you decide."


class DefinedResource(Base):
    """One resource. ``scopes`` are granted only for tokens whose audience includes the resource.

    If ``is_open``, every client may request the resource, otherwise only clients that are registered for it.
    """

    __tablename__ = "resources"
    __table_args__ = NEVER_REUSE_IDS

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    identifier: Mapped[str] = mapped_column(String(MAX_URL_LENGTH), unique=True)
    name: Mapped[str] = mapped_column(String(text_rules.NAME_LENGTH))
    scopes: Mapped[list[str]]
    is_open: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(default=1)

    # The mapper increments the revision with every change.
    __mapper_args__ = {"version_id_col": revision}


def all_resources(db: Session) -> list[DefinedResource]:
    """Return the defined resources, sorted by name."""
    return list(
        db.scalars(select(DefinedResource).order_by(DefinedResource.name, DefinedResource.identifier))
    )


def find(db: Session, identifier: str) -> DefinedResource | None:
    """Return the resource with an identifier, or None."""
    if not text_rules.is_storable(identifier):
        return None
    return db.scalars(select(DefinedResource).where(DefinedResource.identifier == identifier)).one_or_none()


def get(db: Session, identifier: str) -> DefinedResource:
    """Return the resource with an identifier; raises NotFound."""
    row = find(db, identifier)
    if row is None:
        raise NotFound("This resource does not exist.")
    return row


def names_of(db: Session, identifiers: Collection[str]) -> list[str]:
    """Return the name of each resource, or its identifier if it is not defined, in the order of the identifiers."""
    if not identifiers:
        return []
    wanted = select(DefinedResource.identifier, DefinedResource.name).where(
        DefinedResource.identifier.in_(identifiers)
    )
    names = {row.identifier: row.name for row in db.execute(wanted)}
    return [names.get(identifier, identifier) for identifier in identifiers]


def add(
    db: Session,
    actor: Actor,
    *,
    identifier: str,
    name: str,
    scope_names: Iterable[str] = (),
    is_open: bool = False,
) -> DefinedResource:
    """Define a resource; raises InvalidInput with all invalid fields."""
    errors: dict[str, str] = {}
    if not identifier or resource_error(identifier):
        errors["identifier"] = (
            f"Enter an absolute URI without a fragment, with at most {MAX_URL_LENGTH} characters."
        )
    name, listed = _clean(name, scope_names, errors)
    lock(db, "resources")
    if find(db, identifier) is not None:
        raise InvalidInput(
            {"identifier": "This resource is already defined. Edit it, or choose another identifier."}
        )
    now = clock.now()
    row = DefinedResource(
        identifier=identifier, name=name, scopes=listed, is_open=is_open, created_at=now, updated_at=now
    )
    db.add(row)
    db.flush()
    scopes.increment_revision(db)
    audit.record(db, actor, Event.RESOURCE_ADD, subject=row, after=describe(row))
    return row


def edit(
    db: Session,
    actor: Actor,
    row: DefinedResource,
    *,
    name: str,
    scope_names: Iterable[str],
    is_open: bool,
    revision: int,
) -> None:
    """Change a resource's name, scopes and availability; raises InvalidInput or Conflict. The identifier stays."""
    revisions.check_revision(row, revision, _CHANGED)
    name, listed = _clean(name, scope_names, {})
    before = describe(row)
    row.name, row.scopes, row.is_open, row.updated_at = name, listed, is_open, clock.now()
    revisions.save_revision(db, _CHANGED)
    scopes.increment_revision(db)
    audit.record(db, actor, Event.RESOURCE_EDIT, subject=row, before=before, after=describe(row))


def remove(db: Session, actor: Actor, row: DefinedResource) -> None:
    """Remove the definition of a resource. Clients that are registered for the resource keep their registration."""
    audit.record(db, actor, Event.RESOURCE_REMOVE, subject=row, before=describe(row))
    db.delete(row)
    db.flush()
    scopes.increment_revision(db)


def describe(row: DefinedResource) -> dict[str, object]:
    """Return the values of a resource for the audit trail."""
    return {"identifier": row.identifier, "name": row.name, "scopes": list(row.scopes), "open": row.is_open}


def _clean(name: str, scope_names: Iterable[str], errors: dict[str, str]) -> tuple[str, list[str]]:
    """Return the name and the scopes in normal form; raises InvalidInput with these and the earlier errors."""
    try:
        name = text_rules.clean_line("name", "name", name)
    except InvalidInput as error:
        errors |= error.fields
    listed = list(dict.fromkeys(scope_names))
    if sentence := _scope_error(listed):
        errors["scopes"] = sentence
    if errors:
        raise InvalidInput(errors)
    return name, listed


def _scope_error(names: list[str]) -> str | None:
    if len(names) > MAX_SCOPES or len(" ".join(names)) > MAX_SCOPE_LENGTH:
        return f"A resource can have at most {MAX_SCOPES} scopes with {MAX_SCOPE_LENGTH} characters in total."
    if not all(map(text_rules.is_scope_name, names)):
        return f"A scope is invalid. Use {text_rules.SCOPE_NAME_RULE} for each scope."
    if standard := set(names) & set(StandardScope):
        return f"OpenID Connect defines the scope {min(standard)}. It cannot belong to a resource."
    return None

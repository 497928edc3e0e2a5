"""The Alembic environment. Every Alembic command runs this module to set tables, connection and column types.

`authserver database migrate` passes a connection. `flask --app wsgi db …`, which creates revisions, passes none. For
that command, this module opens a connection of the application with the same locks and timeouts.
"""

import importlib
import importlib.util
import pkgutil
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from alembic import context
from sqlalchemy import Connection

from authserver import domain
from authserver.domain import schema
from authserver.domain.clients import redirect_uris
from authserver.domain.orm import Base, Instant


def frozen(name: str) -> ModuleType:
    """Load a module from this directory that preserves an old version of some code."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# Revision 0015 imports two modules by the names that they had when the revision was written.
domain.client_origins = SimpleNamespace(of=redirect_uris.web_origins_of)
domain.skeletons = SimpleNamespace(of=frozen("skeletons_0015").skeleton_of)

for module in pkgutil.walk_packages(domain.__path__, "authserver.domain."):
    importlib.import_module(module.name)

attributes = context.config.attributes


def opened() -> Any:
    """Return the connection that the command passed, or else a new one from the application."""
    if "connection" in attributes:
        return nullcontext(attributes["connection"])
    from flask import current_app

    return schema.rebuilding(current_app.extensions["authserver"].database)


def render(kind: str, item: Any, _autogenerate: Any) -> str | bool:
    """Render custom column types as SQLAlchemy types, so that a revision does not depend on the application's code."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Instant) else False


def on_revision(*, step: Any, **_: Any) -> None:
    """Report an applied revision to the caller of the migration."""
    if "on_revision" in attributes:
        script = step.up_revision
        attributes["on_revision"](script.revision, script.doc)


def run(connection: Connection) -> None:
    """Run the migrations or the comparison on one connection. The caller owns the transaction."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        render_as_batch=True,
        render_item=render,
        on_version_apply=on_revision,
    )
    with context.begin_transaction():
        context.run_migrations()


with opened() as given:
    run(given)

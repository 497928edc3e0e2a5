"""What Alembic runs for every command: it gives it our tables, one connection, and how our types are written.

`authserver database migrate` hands a connection over; `flask --app wsgi db …` (for making revisions) has none, and gets
one with the same guards from the application.
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
    """Load a module beside this one that keeps code of the past as it was."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# Revision 0015 imports two modules under the names that they had when it was written.
domain.client_origins = SimpleNamespace(of=redirect_uris.web_origins_of)
domain.skeletons = SimpleNamespace(of=frozen("skeletons_0015").skeleton_of)

for module in pkgutil.walk_packages(domain.__path__, "authserver.domain."):
    importlib.import_module(module.name)

attributes = context.config.attributes


def opened() -> Any:
    """The connection that was handed over, else a new one from the application."""
    if "connection" in attributes:
        return nullcontext(attributes["connection"])
    from flask import current_app

    return schema.rebuilding(current_app.extensions["authserver"].database)


def render(kind: str, item: Any, _autogenerate: Any) -> str | bool:
    """Write our types as what they are in the database, so that a revision does not change when our code does."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Instant) else False


def on_revision(*, step: Any, **_: Any) -> None:
    """Tell whoever migrates which revision has run."""
    if "on_revision" in attributes:
        script = step.up_revision
        attributes["on_revision"](script.revision, script.doc)


def run(connection: Connection) -> None:
    """Compare or migrate over one connection, whose transaction belongs to the caller."""
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

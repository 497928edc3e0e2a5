"""Applications in this process.

Creating one takes longer than most tests, so a process creates one for each kind of database. Each test gets it
with new services and a restored database, so that nothing in memory is left from the previous test.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from flask import Flask

from authserver import logs
from authserver.settings import Settings
from tests.support import compiled


@contextmanager
def own(settings: Settings) -> Iterator[Flask]:
    """Create an application for one test."""
    from authserver.app import create_app

    app = create_app(settings)
    compiled.share_templates(app)
    yield app
    app.extensions["authserver"].database.engine.dispose()


def shared(settings: Settings) -> Flask:
    """Return this process's application with these settings, with new services."""
    from authserver.app import build_services, connect

    app = _create_shared(settings)
    # The previous test may have configured the logs to write to a stream that is closed now.
    logs.configure(settings.log_level, settings.log_format)
    before = app.extensions["authserver"]
    del app.wsgi_app
    connect(app, build_services(settings, before.database, before.vault))
    return app


@cache
def _create_shared(settings: Settings) -> Flask:
    from authserver.app import create_app

    app = create_app(settings)
    compiled.share_templates(app)
    return app

"""Puts the doors on the application: blueprints, sign-in glue, CSRF protection, headers, error pages."""

from collections.abc import Callable, Iterable
from typing import Any

from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError

from authserver.protocol.services import Services
from authserver.web import browser_state, door, guards, headers, mistakes, pages
from authserver.web.account import account
from authserver.web.admin import admin
from authserver.web.backchannel.door import MachineDoor
from authserver.web.backchannel.routes import routes
from authserver.web.frontchannel import frontchannel
from authserver.web.prefix import PublicPath

csrf = CSRFProtect()

# Other sites send their forms here. Nobody is signed out, and nothing is granted, before an ID token of ours or a form
# of ours says so.
_POSTED_BY_APPLICATIONS = ("authorize.authorize", "end_session.end_session_request")


def install(app: door.Application) -> None:
    """Install everything that serves people."""
    door.login_manager.init_app(app)
    csrf.init_app(app)
    headers.install(app)
    pages.install(app)
    mistakes.install(app)
    app.register_error_handler(CSRFError, guards.stale_form)
    for blueprint in (frontchannel, account, admin):
        app.register_blueprint(blueprint)
    browser_state.install(app)
    for view in _POSTED_BY_APPLICATIONS:
        csrf.exempt(f"authserver.web.frontchannel.{view}")


def serve_machines(app: door.Application, services: Services) -> None:
    """Put the endpoints for machines before Flask, which is not asked for them."""
    app.wsgi_app = PublicPath(MachineDoor(app.wsgi_app, services, routes()), services.settings.base_path)  # type: ignore[method-assign]


def work_with_first_request(app: door.Application) -> None:
    """Start this process's background work when it is first asked something, for servers that fork after loading us."""
    services: Services = app.extensions["authserver"]
    inner = app.wsgi_app

    def entered(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        services.logout_notices.start()
        return inner(environ, start_response)

    app.wsgi_app = entered  # type: ignore[method-assign]

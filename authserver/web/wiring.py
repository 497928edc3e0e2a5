"""Installs the web layer on the application: blueprints, CSRF protection, headers and error pages."""

from collections.abc import Callable, Iterable
from typing import Any

from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError

from authserver.protocol.services import Services
from authserver.web import current
from authserver.web.account import account
from authserver.web.admin import admin
from authserver.web.frontchannel import frontchannel
from authserver.web.machine.machine_app import MachineApp
from authserver.web.machine.routes import routes
from authserver.web.public_path import PublicPath
from authserver.web.rendering import error_pages, headers, template_globals
from authserver.web.session import access, browser, preserved_forms

csrf = CSRFProtect()

# Clients post forms from their own sites to these views. The views sign users out or grant access only after they have
# received a valid ID token or a form of this server.
_POSTED_BY_CLIENTS = ("authorize.authorize", "end_session.end_session_request")


def install(app: current.Application) -> None:
    """Install the blueprints, error pages and headers of the pages."""
    csrf.init_app(app)
    headers.install(app)
    template_globals.install(app)
    app.jinja_env.globals["form_mark"] = preserved_forms.form_mark
    error_pages.install(app)
    app.register_error_handler(CSRFError, access.on_csrf_error)
    for blueprint in (frontchannel, account, admin):
        app.register_blueprint(blueprint)
    browser.install(app)
    for view in _POSTED_BY_CLIENTS:
        csrf.exempt(f"authserver.web.frontchannel.{view}")


def install_machine_endpoints(app: current.Application, services: Services) -> None:
    """Put the machine endpoints in front of Flask."""
    app.wsgi_app = PublicPath(MachineApp(app.wsgi_app, services, routes()), services.settings.base_path)  # type: ignore[method-assign]


def start_background_work_on_first_request(app: current.Application) -> None:
    """Start background work with the first request, because some servers fork after they load the application."""
    services: Services = app.extensions["authserver"]
    inner = app.wsgi_app

    def start_and_serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        services.logout_notifier.start()
        return inner(environ, start_response)

    app.wsgi_app = start_and_serve  # type: ignore[method-assign]

"""The roof: wires the floors together and holds nothing itself."""

from datetime import timedelta

from flask_migrate import Migrate

from authserver import logs
from authserver import settings as settings_room
from authserver.domain import db, vault
from authserver.domain.client_secrets import Verifier
from authserver.domain.fetcher import Fetcher
from authserver.domain.key_ring import KeyRing
from authserver.domain.passwords import Passwords
from authserver.domain.policies import Policies
from authserver.domain.sign_in import Desk
from authserver.protocol.oauth1.server import OAuth1Server
from authserver.protocol.oauth2.server import OAuth2Server
from authserver.protocol.oidc.logout_notices import LogoutNotices
from authserver.protocol.services import Services
from authserver.settings import ROOT, Settings
from authserver.web import front
from authserver.web.door import Application


def create_app(settings: Settings | None = None) -> Application:
    """Build the application; raises SettingsError when the deployment cannot work."""
    settings = settings or settings_room.load()
    logs.configure(settings.log_level, settings.log_format)
    keys = vault.load(settings)
    app = Application("authserver", template_folder=str(ROOT / "templates"), static_folder=None)
    app.config.update(_flask_settings(settings, keys))
    db.extension.init_app(app)
    Migrate(app, db.extension, directory=str(ROOT / "migrations"))
    with app.app_context():
        database = db.Database(db.extension.engine)
    connect(app, build_services(settings, database, keys))
    front.install(app)
    return app


def connect(app: Application, services: Services) -> None:
    """Give an application the services that it works with."""
    app.extensions["authserver"] = services
    front.serve_machines(app, services)


def build_services(settings: Settings, database: db.Database, keys: vault.Vault) -> Services:
    """Build the services of one process over its database."""
    passwords = Passwords(settings)
    verifier = Verifier(keys, passwords)
    ring = KeyRing(settings, database, keys)
    policies = Policies(keys)
    fetcher = Fetcher(settings)
    desk = Desk(settings, database, keys, passwords)
    oauth2 = OAuth2Server(settings, database, keys, verifier, ring, policies, fetcher, desk)
    oauth1 = OAuth1Server(settings, database, keys, policies, oauth2.ledger)
    notices = LogoutNotices(settings, database, ring, policies, fetcher)
    return Services(
        settings, database, keys, passwords, verifier, ring, policies, oauth2, oauth1, notices, fetcher
    )


def _flask_settings(settings: Settings, keys: vault.Vault) -> dict[str, object]:
    current, *older = [key.value for key in keys.session_keys]
    return {
        "SECRET_KEY": current,
        "SECRET_KEY_FALLBACKS": older,
        "SESSION_COOKIE_NAME": settings.cookie_name("authserver_browser"),
        "SESSION_COOKIE_SECURE": settings.is_secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_PATH": "/",
        "PERMANENT_SESSION_LIFETIME": timedelta(days=1),
        "MAX_CONTENT_LENGTH": settings.max_body_bytes,
        "MAX_FORM_PARTS": 200,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": db.engine_options(settings.database_url, settings.database_pool_size),
    }

"""The roof: wires the floors together and holds nothing itself."""

from datetime import timedelta

from flask_migrate import Migrate

from authserver import logs
from authserver import settings as settings_module
from authserver.domain import orm
from authserver.domain.clients.client_cache import ClientCache
from authserver.domain.clients.client_secrets import SecretVerifier
from authserver.domain.fetcher import Fetcher
from authserver.domain.keys import vault
from authserver.domain.keys.key_ring import KeyRing
from authserver.domain.users.authentication import PasswordAuthenticator
from authserver.domain.users.passwords import PasswordHasher
from authserver.protocol.oauth1.server import OAuth1Server
from authserver.protocol.oauth2.server import OAuth2Server
from authserver.protocol.oidc.backchannel_logout import LogoutNotifier
from authserver.protocol.services import Services
from authserver.settings import ROOT, Settings
from authserver.web import wiring
from authserver.web.current import Application


def create_app(settings: Settings | None = None) -> Application:
    """Build the application; raises SettingsError when the deployment cannot work."""
    settings = settings or settings_module.load()
    logs.configure(settings.log_level, settings.log_format)
    keys = vault.load(settings)
    app = Application("authserver", template_folder=str(ROOT / "templates"), static_folder=None)
    app.config.update(_flask_settings(settings, keys))
    orm.extension.init_app(app)
    Migrate(app, orm.extension, directory=str(ROOT / "migrations"))
    with app.app_context():
        database = orm.Database(orm.extension.engine)
    services = _services(settings, database, keys)
    app.extensions["authserver"] = services
    wiring.install(app, services)
    return app


def _services(settings: Settings, database: orm.Database, keys: vault.Vault) -> Services:
    passwords = PasswordHasher(settings)
    verifier = SecretVerifier(keys, passwords)
    key_ring = KeyRing(settings, database, keys)
    client_cache = ClientCache(keys)
    fetcher = Fetcher(settings)
    authenticator = PasswordAuthenticator(settings, database, keys, passwords)
    oauth2 = OAuth2Server(settings, database, keys, verifier, key_ring, client_cache, fetcher, authenticator)
    oauth1 = OAuth1Server(settings, database, keys, client_cache, oauth2.error_log)
    notices = LogoutNotifier(settings, database, key_ring, client_cache, fetcher)
    return Services(
        settings,
        database,
        keys,
        passwords,
        verifier,
        key_ring,
        client_cache,
        oauth2,
        oauth1,
        notices,
        fetcher,
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
        "SQLALCHEMY_ENGINE_OPTIONS": orm.engine_options(settings.database_url, settings.database_pool_size),
    }

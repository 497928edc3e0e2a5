"""Creates the Flask application and its services. This module contains no other logic."""

from datetime import timedelta

from flask_migrate import Migrate

from authserver import logs
from authserver import settings as settings_module
from authserver.domain import audit_chain, orm, vault
from authserver.domain.client_cache import ClientCache
from authserver.domain.clients import signing_algorithms
from authserver.domain.clients.secret_verifier import SecretVerifier
from authserver.domain.diagnostics.error_log import ErrorLog
from authserver.domain.fetcher import Fetcher
from authserver.domain.keys.key_ring import KeyRing
from authserver.domain.passwords import PasswordHasher
from authserver.domain.scopes import ScopeCache
from authserver.domain.users.authentication import PasswordAuthenticator
from authserver.protocol.access_tokens import AccessTokens
from authserver.protocol.client_assertions import AssertionVerifier
from authserver.protocol.client_keys import ClientKeySets
from authserver.protocol.oauth1.server import OAuth1Server
from authserver.protocol.oidc.backchannel_logout import LogoutNotifier
from authserver.protocol.oidc.id_token import IdTokens
from authserver.protocol.services import Services
from authserver.settings import ROOT, Settings
from authserver.web import wiring
from authserver.web.current import Application


def create_app(settings: Settings | None = None) -> Application:
    """Build the application; raises SettingsError if the configuration is invalid."""
    settings = settings or settings_module.load()
    logs.configure(settings.log_level, settings.log_format)
    keys = vault.load(settings)
    app = Application("authserver", template_folder=str(ROOT / "templates"), static_folder=None)
    app.config.update(_flask_settings(settings, keys))
    orm.extension.init_app(app)
    Migrate(app, orm.extension, directory=str(ROOT / "migrations"))
    with app.app_context():
        database = orm.Database(orm.extension.engine)
    connect(app, build_services(settings, database, keys))
    wiring.install(app)
    return app


def connect(app: Application, services: Services) -> None:
    """Attach the services to an application, and install the machine endpoints."""
    app.extensions["authserver"] = services
    wiring.install_machine_endpoints(app, services)


def build_services(settings: Settings, database: orm.Database, keys: vault.Vault) -> Services:
    """Build the services that all requests of one process share."""
    passwords = PasswordHasher(settings)
    key_ring = KeyRing(settings, database, keys, signing_algorithms.of_clients)
    client_cache = ClientCache(keys)
    error_log = ErrorLog(database)
    fetcher = Fetcher(settings)
    return Services(
        settings=settings,
        database=database,
        vault=keys,
        passwords=passwords,
        password_authenticator=PasswordAuthenticator(settings, database, keys, passwords),
        secret_verifier=SecretVerifier(keys, passwords),
        assertions=AssertionVerifier(settings, database, keys, ClientKeySets(fetcher)),
        key_ring=key_ring,
        access_tokens=AccessTokens(settings, key_ring),
        id_tokens=IdTokens(settings, key_ring),
        client_cache=client_cache,
        scope_cache=ScopeCache(database),
        error_log=error_log,
        oauth1=OAuth1Server(settings, database, keys, client_cache),
        logout_notifier=LogoutNotifier(settings, database, key_ring, client_cache, fetcher),
        audit_sealer=audit_chain.sealer(database),
        fetcher=fetcher,
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

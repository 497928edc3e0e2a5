"""The settings with their defaults and limits. No other module reads the environment.

The value of a setting comes from the first of these sources that contains it:

1. the environment variable ``AUTHSERVER_…``, or the file named by ``AUTHSERVER_…_FILE`` (setting both is an error)
2. the TOML file named by ``AUTHSERVER_CONFIG_FILE``
3. the default

``setting_sources`` reads the sources, and ``setting_values`` defines the types.
"""

import os
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from authserver import setting_sources
from authserver.errors import SettingsError
from authserver.setting_sources import SourceValue
from authserver.setting_values import (
    CaFile,
    DatabaseUrl,
    Duration,
    HttpHosts,
    Name,
    Networks,
    PositiveDuration,
    PublicUrl,
    StringList,
)

ROOT = Path(__file__).resolve().parent.parent


def _setting(default: Any, description: str, **limits: Any) -> Any:
    return Field(default, description=description, **limits)


class Settings(BaseModel):
    """The effective settings. The description of each field is its documentation."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    public_url: PublicUrl = _setting(
        "http://127.0.0.1:8000",
        "The URL that users and clients use, and the issuer. It may have a path. It must be https, except on loopback.",
    )
    database_url: DatabaseUrl = _setting(
        f"sqlite:///{ROOT / 'authserver.db'}",
        "The database: sqlite:///FILE, or postgresql://USER:PASSWORD@HOST/NAME.",
    )
    keys_dir: Path = _setting(ROOT / "keys", "The directory with the secret keys of this installation.")
    session_keys: SecretStr | None = _setting(
        None,
        "The keys that sign browser cookies, as a comma-separated list of `ID:BASE64URL`. The first key signs new "
        "cookies. Default: the file session.keys in keys_dir.",
    )
    peppers: SecretStr | None = _setting(
        None,
        "The peppers of stored digests, in the format of session_keys. Default: the file pepper.keys in keys_dir.",
    )
    encryption_keys: SecretStr | None = _setting(
        None,
        "The keys that encrypt recoverable secrets, in the format of session_keys. Default: the file encryption.keys "
        "in keys_dir.",
    )
    product_name: Name = _setting("authserver", "The name shown on every page.", min_length=1, max_length=60)
    trusted_proxies: Networks = _setting(
        "",
        "Networks of reverse proxies whose X-Forwarded-For header is trusted, separated by commas. Empty: none.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "The minimum level of log messages."
    )
    log_format: Literal["json", "text"] = _setting("json", "The format of log lines.")

    bind: str = _setting("127.0.0.1:8000", "The address that `serve` listens on: HOST:PORT or unix:PATH.")
    workers: int = _setting(0, "The number of worker processes. 0: one per CPU, at most 4.", ge=0, le=256)
    threads: int = _setting(8, "The number of threads per process.", ge=1, le=256)
    database_pool_size: int = _setting(
        16, "The number of database connections that each process keeps open.", ge=1, le=1000
    )
    cleanup_interval: Duration = _setting(
        "1h", "The interval of the cleanup in server processes. 0: only `database purge` cleans up."
    )
    max_body_bytes: int = _setting(65536, "The maximum size of a request body, in bytes.", ge=1024)

    code_lifetime: PositiveDuration = _setting("60s", "The lifetime of an authorization code.")
    access_token_lifetime: PositiveDuration = _setting("15m", "The lifetime of an access token.")
    id_token_lifetime: PositiveDuration = _setting("15m", "The lifetime of an ID token.")
    refresh_token_idle_lifetime: PositiveDuration = _setting(
        "14d", "How long a refresh token stays valid without being used."
    )
    refresh_token_lifetime: PositiveDuration = _setting(
        "90d", "The total lifetime of a family of refresh tokens."
    )
    refresh_grace: Duration = _setting(
        "10s",
        "The time after a rotation in which a client may send the previous refresh token again. It gets the same new "
        "refresh token. 0: the previous token stops working immediately.",
    )
    temporary_credential_lifetime: PositiveDuration = _setting(
        "10m",
        "The lifetime of OAuth 1.0a temporary credentials: the time from the request token to the access token.",
    )
    token_credential_lifetime: PositiveDuration = _setting(
        "2h", "The lifetime of an OAuth 1.0a access token."
    )
    timestamp_window: PositiveDuration = _setting(
        "5m",
        "The maximum clock difference for the timestamp of a signed OAuth 1.0a request, in either direction.",
    )
    oauth_realm: str = _setting(
        "",
        "The OAuth 1.0a realm. Empty: the product name.",
        max_length=60,
        pattern="^[ !#-\\[\\]-~]*$",
    )
    consumer_requests: int = _setting(
        20,
        "The maximum number of consumer keys that one network (an IPv4 /24 or IPv6 /64) can request per hour.",
        ge=1,
    )
    consumer_request_lifetime: PositiveDuration = _setting(
        "7d",
        "How long a requested consumer key or a self-registered client waits for approval before it is deleted.",
    )
    pending_clients_per_network: int = _setting(
        100,
        "The maximum number of requested consumer keys, and of self-registered clients, that wait for approval from one "
        "network. A further one replaces the oldest one of the network.",
        ge=1,
        le=1000,
    )
    registration: Literal["pending", "approved", "closed"] = _setting(
        "pending",
        "The status of self-registered clients (RFC 7591): `pending` until an administrator approves them, "
        "`approved` immediately (only for certification runs), or `closed`: no self-registration.",
    )
    registrations: int = _setting(
        20,
        "The maximum number of clients that one network can register per hour. It also limits the changes that one "
        "client can request per hour.",
        ge=1,
    )
    oslc_am_catalog: str = _setting(
        "",
        "The URL of the architecture management catalog in root services. Empty: a built-in empty catalog.",
    )
    oslc_rm_catalog: str = _setting(
        "", "The URL of the requirements management catalog in root services. Empty: none."
    )
    oslc_cm_catalog: str = _setting(
        "", "The URL of the change management catalog in root services. Empty: none."
    )
    device_code_lifetime: PositiveDuration = _setting(
        "10m", "The lifetime of a device code and its user code."
    )
    device_interval: PositiveDuration = _setting("5s", "The initial polling interval of devices.")
    device_requests: int = _setting(
        300, "The maximum number of device codes per client and network within sign_in_window.", ge=1
    )
    device_attempts: int = _setting(
        10, "The maximum number of wrong user codes per account or browser within sign_in_window.", ge=1
    )
    device_attempts_per_network: int = _setting(
        100, "The maximum number of wrong user codes per network within sign_in_window.", ge=1
    )
    interaction_lifetime: PositiveDuration = _setting(
        "30m", "How long a user has to complete an interaction (sign-in and consent)."
    )
    session_lifetime: PositiveDuration = _setting("12h", "The lifetime of a session.")
    session_idle_lifetime: PositiveDuration = _setting(
        "2h", "How long a session stays valid without being used."
    )
    remembered_session_lifetime: PositiveDuration = _setting(
        "7d", "The lifetime of a session with “Keep me signed in”."
    )
    recent_sign_in: PositiveDuration = _setting("10m", "The maximum age of a sign-in for sensitive actions.")
    setup_link_lifetime: PositiveDuration = _setting("15m", "The lifetime of the one-time setup link.")

    signing_key_rotation: Duration = _setting(
        "90d", "The interval of the automatic signing key rotation. 0: manual rotation only."
    )
    client_assertion_lifetime: PositiveDuration = _setting(
        "1h", "The maximum remaining lifetime of a client assertion (JWT)."
    )
    cors_origins: StringList = _setting(
        "",
        "Additional web origins whose scripts may call the token, device authorization, revocation and userinfo endpoints. "
        "The origins of redirect URIs are always allowed.",
    )
    http_redirect_hosts: HttpHosts = _setting(
        "",
        "Where redirect URIs may use http:// instead of https://: private networks such as 10.0.0.0/8, hosts such as jazz, "
        "and domains such as .corp.example.org, separated by commas. Loopback is always allowed.",
    )
    fetch_networks: Networks = _setting(
        "",
        "Private networks in which the server may request URLs of clients (JWK sets, logout and sector identifier URIs).",
    )
    fetch_ca_file: CaFile | None = _setting(
        None,
        "A PEM file with the CA certificates for requests to URLs of clients. It replaces those of the system.",
    )
    fetch_concurrency: int = _setting(
        4,
        "The maximum number of documents of clients (JWK sets and sector identifiers) that a process fetches at the same "
        "time. A request that needs another document gets status 503. Must be lower than threads to have an effect.",
        ge=1,
    )

    password_min_length: int = _setting(12, "The minimum length of a password.", ge=8, le=64)
    password_hash_memory: int = _setting(19456, "The memory that one argon2id hash uses, in KiB.", ge=64)
    password_hash_rounds: int = _setting(2, "The number of passes of an argon2id hash.", ge=1)
    password_hash_concurrency: int = _setting(
        2, "The maximum number of concurrent password hashes per process.", ge=1
    )
    sign_in_window: PositiveDuration = _setting("15m", "The time window of the sign-in limits.")
    sign_in_attempts: int = _setting(
        10, "The maximum number of failed sign-ins per account and network within sign_in_window.", ge=1
    )
    sign_in_attempts_per_account: int = _setting(
        100,
        "The maximum number of failed sign-ins per account within sign_in_window. Known browsers are exempt.",
        ge=1,
    )
    client_secret_attempts: int = _setting(
        100,
        "The maximum number of wrong secrets per client and network within sign_in_window. It applies only to "
        "secrets that an administrator entered. Generated secrets need no limit.",
        ge=1,
    )
    sign_in_attempts_per_network: int = _setting(
        300, "The maximum number of failed sign-ins per network within sign_in_window.", ge=1
    )

    @property
    def issuer(self) -> str:
        """The issuer identifier of RFC 8414, section 2: the public URL without a trailing slash."""
        return self.public_url

    @cached_property
    def base_path(self) -> str:
        """The path of the public URL: empty, or starting with a slash."""
        return urlsplit(self.public_url).path

    @cached_property
    def database_file(self) -> Path | None:
        """The file of an SQLite database; None for PostgreSQL."""
        scheme, _, file = self.database_url.partition(":///")
        return Path(file) if scheme == "sqlite" else None

    @cached_property
    def is_secure(self) -> bool:
        """Whether the public URL is https."""
        return self.public_url.startswith("https://")

    def cookie_name(self, name: str) -> str:
        """Return the name of a cookie, with the prefix ``__Host-`` if the public URL is https."""
        return f"__Host-{name}" if self.is_secure else name

    @cached_property
    def origin(self) -> str:
        """Scheme, host and port of the public URL."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"

    def url(self, path: str) -> str:
        """Return the external URL of a path below the public URL."""
        return f"{self.public_url}{path}"


def configured_values() -> dict[str, SourceValue]:
    """Return the explicitly configured values, by setting; raises SettingsError."""
    return setting_sources.read_sources(os.environ, Settings.model_fields.keys())


def load(**overrides: Any) -> Settings:
    """Return the validated settings; raises SettingsError with one line per error."""
    values = configured_values()
    try:
        return Settings(**{name: found.value for name, found in values.items()} | overrides)
    except ValidationError as error:
        lines = []
        for detail in error.errors():
            name = str(detail["loc"][0])
            origin = values[name].origin if name in values else name
            lines.append(f"{origin}: {detail['msg'].removeprefix('Value error, ')}.")
        raise SettingsError("\n".join(lines)) from error

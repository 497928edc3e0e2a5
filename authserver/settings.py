"""What an operator can set, and what is refused. The only room that reads the environment.

A value comes from ``AUTHSERVER_NAME``, or from the file that ``AUTHSERVER_NAME_FILE`` names, else from the TOML file
that ``AUTHSERVER_CONFIG_FILE`` names, else from the default below; ``setting_sources`` looks into these places, and
``setting_values`` knows how durations and addresses are written.
"""

import os
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from authserver import setting_sources
from authserver.errors import SettingsError
from authserver.setting_sources import Given
from authserver.setting_values import (
    CaFile,
    DatabaseUrl,
    Duration,
    Lifetime,
    Name,
    Networks,
    PublicUrl,
    Words,
)

ROOT = Path(__file__).resolve().parent.parent


def _setting(default: Any, description: str, **limits: Any) -> Any:
    return Field(default, description=description, **limits)


class Settings(BaseModel):
    """The effective settings; each field's description is its documentation."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    public_url: PublicUrl = _setting(
        "http://127.0.0.1:8000",
        "The address that people and clients use, with an optional path; also the issuer. https, or http on loopback.",
    )
    database_url: DatabaseUrl = _setting(
        f"sqlite:///{ROOT / 'authserver.db'}",
        "The database: sqlite:///FILE, or postgresql://USER:PASSWORD@HOST/NAME.",
    )
    keys_dir: Path = _setting(ROOT / "keys", "The directory with this installation's secrets.")
    session_keys: SecretStr | None = _setting(
        None,
        "Keys that sign browser cookies: `id:base64url` separated by commas, current first; else keys/session.keys.",
    )
    peppers: SecretStr | None = _setting(
        None, "Keys of stored digests, written like the session keys; else keys/pepper.keys."
    )
    encryption_keys: SecretStr | None = _setting(
        None,
        "Keys that encrypt recoverable secrets, written like the session keys; else keys/encryption.keys.",
    )
    product_name: Name = _setting("authserver", "The name shown on every page.", min_length=1, max_length=60)
    trusted_proxies: Networks = _setting(
        "", "Networks of reverse proxies whose X-Forwarded-For counts, separated by commas; empty: none."
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "The least level that is logged."
    )
    log_format: Literal["json", "text"] = _setting("json", "How log lines look.")

    bind: str = _setting("127.0.0.1:8000", "Where `serve` listens: HOST:PORT, or unix:PATH.")
    workers: int = _setting(0, "Processes that `serve` runs; 0: one per processor, at most 4.", ge=0, le=256)
    threads: int = _setting(8, "Requests that one process answers at the same time.", ge=1, le=256)
    database_pool_size: int = _setting(
        16, "Connections to the database that one process keeps.", ge=1, le=1000
    )
    cleanup_interval: Duration = _setting(
        "1h", "How often a serving process deletes what is over; 0 leaves it to `database purge`."
    )
    max_body_bytes: int = _setting(65536, "The largest request body that is read, in bytes.", ge=1024)

    code_lifetime: Lifetime = _setting("60s", "How long an authorization code can be redeemed.")
    access_token_lifetime: Lifetime = _setting("15m", "How long an access token works.")
    id_token_lifetime: Lifetime = _setting("15m", "How long an ID token is valid.")
    refresh_token_idle_lifetime: Lifetime = _setting("14d", "How long a refresh token works unused.")
    refresh_token_lifetime: Lifetime = _setting("90d", "How long a family of refresh tokens works in all.")
    refresh_grace: Duration = _setting(
        "10s",
        "How long the direct predecessor of a refresh token still gets the same successor; 0 switches it off.",
    )
    temporary_credential_lifetime: Lifetime = _setting(
        "10m", "How long an OAuth 1.0a sign-in may take, from the request token to the access token."
    )
    token_credential_lifetime: Lifetime = _setting("2h", "How long an OAuth 1.0a access token works.")
    timestamp_window: Lifetime = _setting(
        "5m", "How far the timestamp of a signed OAuth 1.0a request may be off, both ways."
    )
    oauth_realm: str = _setting(
        "",
        "The OAuth 1.0a realm that clients see; empty: the product name.",
        max_length=60,
        pattern="^[ !#-\\[\\]-~]*$",
    )
    consumer_requests: int = _setting(20, "Consumer keys that one network may request within an hour.", ge=1)
    consumer_request_lifetime: Lifetime = _setting(
        "7d",
        "How long a requested consumer key or a client that registered itself waits before it is deleted.",
    )
    registration: Literal["pending", "approved", "closed"] = _setting(
        "pending",
        "What becomes of clients that register themselves (RFC 7591): they wait for an administrator, "
        "are approved at once (for certification runs only), or are turned away.",
    )
    registrations: int = _setting(
        20,
        "Clients that one network may register within an hour, and changes one client may ask for.",
        ge=1,
    )
    oslc_am_catalog: str = _setting(
        "", "Architecture management catalog named in root services; empty: an empty catalog of our own."
    )
    oslc_rm_catalog: str = _setting(
        "", "Requirements management catalog named in root services; empty: none."
    )
    oslc_cm_catalog: str = _setting("", "Change management catalog named in root services; empty: none.")
    device_code_lifetime: Lifetime = _setting("10m", "How long a device's code can be entered and redeemed.")
    device_interval: Lifetime = _setting("5s", "How long a device waits between two polls, at first.")
    device_requests: int = _setting(
        300, "Device codes that one client may ask for from one network within the sign-in window.", ge=1
    )
    device_attempts: int = _setting(
        10, "Wrong device codes from one account or browser within the sign-in window.", ge=1
    )
    device_attempts_per_network: int = _setting(
        100, "Wrong device codes from one network within the sign-in window.", ge=1
    )
    interaction_lifetime: Lifetime = _setting("30m", "How long a started sign-in or consent can be finished.")
    session_lifetime: Lifetime = _setting("12h", "How long a sign-in lasts.")
    session_idle_lifetime: Lifetime = _setting("2h", "How long a sign-in lasts unused.")
    remembered_session_lifetime: Lifetime = _setting(
        "7d", "How long a sign-in lasts with “Keep me signed in”."
    )
    recent_sign_in: Lifetime = _setting("10m", "How fresh a sign-in must be for dangerous actions.")
    setup_link_lifetime: Lifetime = _setting("15m", "How long the one-time setup link works.")

    signing_key_rotation: Duration = _setting(
        "90d", "How long a signing key signs before the next one takes over by itself; 0 leaves it to people."
    )
    client_assertion_lifetime: Lifetime = _setting(
        "1h", "How far ahead the expiry of a client's signed authentication (a JWT) may lie."
    )
    resources: Words = _setting(
        "",
        "Resource servers (RFC 8707) that every client may ask access tokens for: URIs, separated by commas.",
    )
    cors_origins: Words = _setting(
        "", "Web origins that may call the machine endpoints, beside those of the clients' redirect URIs."
    )
    fetch_networks: Networks = _setting(
        "",
        "Networks that are not public but may be asked all the same, for clients' key sets and logout addresses.",
    )
    fetch_ca_file: CaFile | None = _setting(
        None, "A file with the certificates of a private authority that fetched servers may be known by."
    )

    password_min_length: int = _setting(12, "The shortest password that can be chosen.", ge=8, le=64)
    password_hash_memory: int = _setting(19456, "Memory of one argon2id hash, in KiB.", ge=64)
    password_hash_rounds: int = _setting(2, "Passes of one argon2id hash.", ge=1)
    password_hash_concurrency: int = _setting(2, "How many passwords one process hashes at once.", ge=1)
    sign_in_window: Lifetime = _setting("15m", "The window of the sign-in limits.")
    sign_in_attempts: int = _setting(
        10, "Failed sign-ins for one account from one network within the sign-in window.", ge=1
    )
    sign_in_attempts_per_account: int = _setting(
        100,
        "Failed sign-ins for one account from everywhere within the window; known browsers are exempt.",
        ge=1,
    )
    client_secret_attempts: int = _setting(
        100,
        "Wrong secrets for one client from one network within the sign-in window, where a person typed the secret.",
        ge=1,
    )
    sign_in_attempts_per_network: int = _setting(
        300, "Failed sign-ins from one network within the window, over all accounts.", ge=1
    )

    @property
    def issuer(self) -> str:
        """The issuer identifier of RFC 8414, section 2: the public URL without a trailing slash."""
        return self.public_url

    @cached_property
    def base_path(self) -> str:
        """The path of the public URL, empty or beginning with a slash."""
        return urlsplit(self.public_url).path

    @cached_property
    def database_file(self) -> Path | None:
        """The file of an SQLite database."""
        scheme, _, file = self.database_url.partition(":///")
        return Path(file) if scheme == "sqlite" else None

    @cached_property
    def is_secure(self) -> bool:
        """Whether people reach this server by TLS."""
        return self.public_url.startswith("https://")

    def cookie_name(self, name: str) -> str:
        """Return a cookie's name, with the prefix that pins it to this host where TLS allows it."""
        return f"__Host-{name}" if self.is_secure else name

    @cached_property
    def origin(self) -> str:
        """Scheme, host and port of the public URL."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"

    def url(self, path: str) -> str:
        """Return the external URL of a path below the public URL."""
        return f"{self.public_url}{path}"


def given() -> dict[str, Given]:
    """Return what is set from outside, by setting; raises SettingsError."""
    return setting_sources.read_sources(os.environ, Settings.model_fields.keys())


def load(**overrides: Any) -> Settings:
    """Read the settings; raises SettingsError with one sentence per mistake."""
    values = given()
    try:
        return Settings(**{name: found.value for name, found in values.items()} | overrides)
    except ValidationError as error:
        sentences = []
        for mistake in error.errors():
            name = str(mistake["loc"][0])
            origin = values[name].origin if name in values else name
            sentences.append(f"{origin}: {mistake['msg'].removeprefix('Value error, ')}.")
        raise SettingsError("\n".join(sentences)) from error

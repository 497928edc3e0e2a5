"""Checks without a database: the public URL, keys, proxies, registration, fetches and disk."""

import shutil
from pathlib import Path
from urllib.parse import urlsplit

from authserver.cli.checks.result import CheckResult, failed, passed, warned
from authserver.domain import vault
from authserver.errors import SettingsError
from authserver.setting_values import LOOPBACK_HOSTS
from authserver.settings import Settings

_NETWORK_FILE_SYSTEMS = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "fuse.sshfs",
    "fuse.glusterfs",
    "ceph",
    "lustre",
}
_LOW_SPACE = 500 * 1024 * 1024
_MOUNTS = Path("/proc/mounts")


def public_url(settings: Settings) -> CheckResult:
    """The public URL is normalized, uses TLS and is reachable from other machines."""
    parts = urlsplit(settings.public_url)
    default_port = {"http": 80, "https": 443}[parts.scheme]
    if parts.port == default_port:
        fix = f"Remove :{default_port} from AUTHSERVER_PUBLIC_URL before you configure clients."
        return warned(
            f"{settings.public_url} contains the default port. Clients that omit it expect a different issuer.",
            fix,
        )
    if parts.netloc != parts.netloc.lower():
        fix = "Write the host of AUTHSERVER_PUBLIC_URL in lowercase."
        return warned(
            f"{settings.public_url} has uppercase letters in its host. Clients compare the issuer case-sensitively.",
            fix,
        )
    if parts.hostname in LOOPBACK_HOSTS:
        fix = "Set AUTHSERVER_PUBLIC_URL to the https URL that users open."
        return warned(f"{settings.public_url} is reachable only from this machine.", fix)
    return passed(f"{settings.public_url} is the issuer.")


def keys(settings: Settings) -> CheckResult:
    """The installation's secret keys exist, are valid, and cannot be replaced by other users."""
    given = {
        "session": settings.session_keys,
        "pepper": settings.peppers,
        "encryption": settings.encryption_keys,
    }
    files = [settings.keys_dir / f"{name}.keys" for name, value in given.items() if value is None]
    missing = [file.name for file in files if not file.exists()]
    if missing:
        fix = "Start the server to create the missing keys. If the keys existed before, restore them from the backup."
        return failed(f"{settings.keys_dir} does not contain {', '.join(missing)}.", fix)
    try:
        vault.load(settings)
    except SettingsError as error:
        return failed(str(error), "Correct the file or the setting, then start the server again.")
    if files and settings.keys_dir.stat().st_mode & 0o022:
        fix = f"Run: chmod go-w {settings.keys_dir}"
        return failed(f"Other users can write to {settings.keys_dir}.", fix)
    return passed("The secret keys exist and are protected.")


def proxies(settings: Settings) -> CheckResult:
    """X-Forwarded-For is trusted only from proxies, and the TLS proxy is one of them."""
    catch_all = [str(network) for network in settings.trusted_proxies if network.prefixlen == 0]
    if catch_all:
        fix = "Set AUTHSERVER_TRUSTED_PROXIES to the networks of the proxies only."
        return failed(
            f"Every host is a trusted proxy ({', '.join(catch_all)}) and can forge the IP addresses of senders.",
            fix,
        )
    if settings.is_secure and not settings.trusted_proxies:
        fix = "Set AUTHSERVER_TRUSTED_PROXIES to the IP address of the proxy that terminates TLS, such as 127.0.0.1."
        return warned(
            "The proxy that terminates TLS is not trusted, so all users share its IP address and rate limits.",
            fix,
        )
    if not settings.trusted_proxies:
        return passed("X-Forwarded-For is ignored, because no proxy is trusted.")
    return passed(f"X-Forwarded-For is trusted from {', '.join(map(str, settings.trusted_proxies))}.")


def registration(settings: Settings) -> CheckResult:
    """Self-registered clients need the approval of an administrator."""
    if settings.registration == "approved":
        fix = "Set AUTHSERVER_REGISTRATION to pending or closed when the certification run is over."
        return warned("Self-registered clients are approved automatically.", fix)
    if settings.registration == "closed":
        return passed("Clients cannot register themselves.")
    return passed("Self-registered clients wait for approval.")


def fetches(settings: Settings) -> CheckResult:
    """Slow servers of clients cannot block all threads of a process."""
    if settings.fetch_concurrency >= settings.threads:
        fix = "Set AUTHSERVER_FETCH_CONCURRENCY to a lower value than AUTHSERVER_THREADS, for example to half of it."
        return warned(f"Slow servers of clients can block all {settings.threads} threads of a process.", fix)
    return passed(
        f"At most {settings.fetch_concurrency} of the {settings.threads} threads of a process fetch documents of clients."
    )


def http_redirects(settings: Settings) -> CheckResult:
    """Redirect URIs use https, except on loopback."""
    if settings.http_redirect_hosts:
        fix = "Use https:// in these networks, and empty AUTHSERVER_HTTP_REDIRECT_HOSTS."
        hosts = ", ".join(settings.http_redirect_hosts)
        return warned(f"Redirect URIs may use http:// on {hosts}, where others can read sign-ins.", fix)
    return passed("Redirect URIs use https://, except on loopback.")


def disk(settings: Settings) -> CheckResult | None:
    """The SQLite file is on a local disk with free space."""
    if settings.database_file is None:
        return None
    folder = settings.database_file.parent
    if not folder.is_dir():
        return failed(
            f"The directory {folder} does not exist.", "Create it, or correct AUTHSERVER_DATABASE_URL."
        )
    kind = file_system(folder)
    if kind in _NETWORK_FILE_SYSTEMS:
        fix = "Move the file to a local disk, or use PostgreSQL for several nodes."
        return failed(f"{folder} is on a network file system ({kind}), where SQLite can lose data.", fix)
    free = shutil.disk_usage(folder).free
    if free < _LOW_SPACE:
        return warned(
            f"{folder} has {free // 2**20} MB of free space.",
            "Free up space: on a full disk, no user can sign in.",
        )
    return passed(f"{settings.database_file} is on a local disk with {free // 2**30} GB of free space.")


def file_system(folder: Path) -> str:
    """Return the file system type of a directory; an empty string if unknown."""
    if not _MOUNTS.exists():
        return ""
    best, kind = "", ""
    for line in _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines():
        _, place, name, *_ = line.split(" ")
        if folder.resolve().is_relative_to(place) and len(place) >= len(best):
            best, kind = place, name
    return kind

"""What can be seen without the database: the public URL, the keys directory, proxies, the disk under SQLite."""

import shutil
from pathlib import Path
from urllib.parse import urlsplit

from authserver.cli.checks.result import CheckResult, failed, passed, warned
from authserver.domain.keys import vault
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
_LITTLE_SPACE = 500 * 1024 * 1024
_MOUNTS = Path("/proc/mounts")


def public_url(settings: Settings) -> CheckResult:
    """The address is one that clients can compare letter by letter, and is protected by TLS."""
    parts = urlsplit(settings.public_url)
    usual = {"http": 80, "https": 443}[parts.scheme]
    if parts.port == usual:
        fix = f"Leave :{usual} out of AUTHSERVER_PUBLIC_URL, before clients have it in their configuration."
        return warned(
            f"{settings.public_url} names the usual port; clients that leave it out see another issuer.", fix
        )
    if parts.netloc != parts.netloc.lower():
        fix = "Write the host of AUTHSERVER_PUBLIC_URL in small letters."
        return warned(
            f"{settings.public_url} has capital letters in its host; clients compare letter by letter.", fix
        )
    if parts.hostname in LOOPBACK_HOSTS:
        fix = "Set AUTHSERVER_PUBLIC_URL to the https address that people use."
        return warned(f"{settings.public_url} can be reached from this machine only.", fix)
    return passed(f"{settings.public_url} is the issuer.")


def keys(settings: Settings) -> CheckResult:
    """The installation's own secrets are there, can be read by us and by nobody else, and are real keys."""
    given = {
        "session": settings.session_keys,
        "pepper": settings.peppers,
        "encryption": settings.encryption_keys,
    }
    files = [settings.keys_dir / f"{name}.keys" for name, value in given.items() if value is None]
    missing = [file.name for file in files if not file.exists()]
    if missing:
        fix = (
            "Start the server once: it makes them. If they were there before, put them back from the backup."
        )
        return failed(f"{settings.keys_dir} lacks {', '.join(missing)}.", fix)
    try:
        vault.load(settings)
    except SettingsError as error:
        return failed(str(error), "Correct the file or setting it names, then start the server again.")
    if files and settings.keys_dir.stat().st_mode & 0o022:
        fix = f"Run: chmod go-w {settings.keys_dir}"
        return failed(f"Other users can put their own keys into {settings.keys_dir}.", fix)
    return passed("The installation's keys are there, and private.")


def proxies(settings: Settings) -> CheckResult:
    """Forwarded addresses are believed from proxies only, and a proxy in front is known as one."""
    everybody = [str(network) for network in settings.trusted_proxies if network.prefixlen == 0]
    if everybody:
        fix = "Name the proxies' own networks in AUTHSERVER_TRUSTED_PROXIES."
        return failed(f"Everybody counts as a proxy ({', '.join(everybody)}) and may claim any address.", fix)
    if settings.is_secure and not settings.trusted_proxies:
        fix = (
            "Set AUTHSERVER_TRUSTED_PROXIES to the address of the proxy that ends TLS, such as 127.0.0.1/32."
        )
        return warned(
            "TLS ends at a proxy that is not known here, so that all people share its address and limits.",
            fix,
        )
    named = ", ".join(map(str, settings.trusted_proxies)) or "nobody"
    return passed(f"X-Forwarded-For is believed from {named}.")


def registration(settings: Settings) -> CheckResult:
    """Clients that register themselves work only once an administrator has approved them."""
    if settings.registration == "approved":
        fix = (
            "Set AUTHSERVER_REGISTRATION to pending, or to closed, as soon as the certification run is over."
        )
        return warned("Whoever registers a client is approved at once.", fix)
    if settings.registration == "closed":
        return passed("Clients cannot register themselves.")
    return passed("Clients that register themselves wait for an administrator.")


def disk(settings: Settings) -> CheckResult | None:
    """An SQLite file is on a disk of this machine, with room to grow."""
    if settings.database_file is None:
        return None
    folder = settings.database_file.parent
    if not folder.is_dir():
        return failed(
            f"The directory {folder} does not exist.", "Create it, or correct AUTHSERVER_DATABASE_URL."
        )
    kind = file_system(folder)
    if kind in _NETWORK_FILE_SYSTEMS:
        fix = "Move the file to a disk of this machine, or move to PostgreSQL for several nodes."
        return failed(f"{folder} is on a network file system ({kind}), where SQLite loses data.", fix)
    free = shutil.disk_usage(folder).free
    if free < _LITTLE_SPACE:
        return warned(f"{folder} has {free // 2**20} MB left.", "Make room: a full disk stops every sign-in.")
    return passed(f"{settings.database_file} is on a disk of this machine with {free // 2**30} GB left.")


def file_system(folder: Path) -> str:
    """Return the kind of file system a folder is on, empty where that cannot be told."""
    if not _MOUNTS.exists():
        return ""
    best, kind = "", ""
    for line in _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines():
        _, place, name, *_ = line.split(" ")
        if folder.resolve().is_relative_to(place) and len(place) >= len(best):
            best, kind = place, name
    return kind

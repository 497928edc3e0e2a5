"""What the database tells: that it answers and takes writes, its shape, its clock, keys, setup, audit trail, clients."""

from datetime import datetime

from sqlalchemy import select, text

from authserver import clock
from authserver.cli import single_node
from authserver.cli.checks import deployment
from authserver.cli.checks.result import CheckResult, failed, passed, warned
from authserver.cli.installation import Installation
from authserver.domain import audit, health, schema
from authserver.domain.clients import client_search, client_secrets
from authserver.domain.clients.client_search import ClientFilter
from authserver.domain.clients.client_secrets import ClientSecret
from authserver.domain.clients.clients import Client
from authserver.domain.keys import signing_keys
from authserver.domain.keys.vault import Vault
from authserver.domain.users import second_factors as factors
from authserver.domain.users import users
from authserver.errors import SettingsError
from authserver.vocabulary import ClientStatus

_DRIFT_SECONDS = 2
_OLD_KEY_DAYS = 400


def database(installation: Installation) -> CheckResult:
    """The database answers."""
    installation.refuse_missing_file()
    with installation.database.reading() as connection:
        version = connection.scalar(
            text("SELECT sqlite_version()" if installation.database.is_sqlite else "SHOW server_version")
        )
    name = "SQLite" if installation.database.is_sqlite else "PostgreSQL"
    return passed(f"{name} {version} answers.")


def migrations(installation: Installation) -> CheckResult:
    """The tables have the shape that this version needs."""
    with installation.database.reading() as connection:
        revision = schema.current(connection)
    if revision < schema.newest():
        return failed(
            f"The tables are at revision {revision or 'none'}, not {schema.newest()}.",
            "Run: authserver database migrate",
        )
    return passed(f"The tables are at revision {revision}.")


def writes(installation: Installation) -> CheckResult:
    """The database takes writes."""
    health.check_writable(installation.database)
    return passed("The database takes writes.")


def nodes(installation: Installation) -> CheckResult | None:
    """On SQLite one server at most is running."""
    file = installation.settings.database_file
    if file is None:
        return None
    holder = single_node.holder(file)
    return passed(
        f"One server uses the file: {holder}." if holder else "No server uses the file at this moment."
    )


def clocks(installation: Installation) -> CheckResult:
    """This machine's clock is right: tokens and signatures of every node are judged by it."""
    if not health.is_clock_sane():
        return failed(
            f"The clock says {clock.now():%Y-%m-%d}, which is in the past.",
            "Set the clock; run an NTP service.",
        )
    if installation.database.is_sqlite:
        return passed(f"The clock says {clock.now():%Y-%m-%d %H:%M:%S} UTC.")
    with installation.database.reading() as connection:
        theirs: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    drift = abs((clock.now() - theirs).total_seconds())
    if drift > _DRIFT_SECONDS:
        return failed(
            f"This clock and the database's differ by {drift:.0f} s.", "Run an NTP service on both machines."
        )
    return passed("This clock and the database's agree.")


def signing_key_state(installation: Installation) -> CheckResult | None:
    """A key signs, its private part can be opened with the keys we hold, and it is not old."""
    if deployment.keys(installation.settings).outcome == "fail":
        return None
    with installation.database.transaction(write=False) as db:
        active = [key for key in signing_keys.all_keys(db) if key.state == "active"]
    if not active:
        return failed("No signing key is active.", "Start the server: it makes one.")
    for key in active:
        try:
            signing_keys.open_private(installation.vault, key.algorithm, key.private)
        except SettingsError as error:
            fix = "Put the old line back into encryption.keys."
            return failed(f"The signing key {key.kid} cannot be opened: {error}", fix)
    age = max((clock.now() - (key.activated_at or key.created_at)).days for key in active)
    if age > _OLD_KEY_DAYS:
        return warned(f"A signing key has been in use for {age} days.", "Run: authserver keys rotate")
    return passed(f"{', '.join(f'{key.kid} ({key.algorithm})' for key in active)} can sign.")


def secrets(installation: Installation) -> CheckResult | None:
    """Every stored client secret can still be checked with the keys we hold."""
    if deployment.keys(installation.settings).outcome == "fail":
        return None
    with installation.database.transaction(write=False) as db:
        rows = db.execute(select(ClientSecret, Client.name).join_from(ClientSecret, Client)).all()
    lost = sorted({name for secret, name in rows if not _can_check(installation.vault, secret)})
    if lost:
        fix = (
            "Put the old lines back into pepper.keys and encryption.keys, or give these clients new secrets."
        )
        return failed(f"The secrets of {len(lost)} client(s) cannot be checked: {', '.join(lost[:3])}.", fix)
    return passed(f"All {len(rows)} client secrets can be checked.")


def _can_check(vault: Vault, secret: ClientSecret) -> bool:
    if secret.form == "hmac":
        return vault.knows_pepper(secret.pepper_id)
    if secret.form == "sealed":
        try:
            client_secrets.reveal(vault, secret)
        except SettingsError:
            return False
    return True


def administrators(installation: Installation) -> CheckResult:
    """Somebody can administer the server, so that the setup link is closed."""
    with installation.database.transaction(write=False) as db:
        if users.has_administrator(db):
            return passed("There is an administrator; setup is closed.")
    fix = "Open the link that the server printed, or run: authserver users add NAME --grant configure_server"
    return warned("There is no administrator yet: setup is pending.", fix)


def second_factors(installation: Installation) -> CheckResult | None:
    """Every second factor can still be checked with the keys we hold, and every administrator has one."""
    if deployment.keys(installation.settings).outcome == "fail":
        return None
    with installation.database.transaction(write=False) as db:
        lost = factors.lost_with_keys(db, installation.vault)
        names = factors.administrators_without(db)
        has_administrator = users.has_administrator(db)
    if lost:
        fix = (
            "Put the old lines back into pepper.keys and encryption.keys, or let these people set up their apps "
            "anew: authserver users reset-second-factor NAME"
        )
        return failed(f"The second factor of {_some(lost)} cannot be checked.", fix)
    if not has_administrator:
        return None
    if not names:
        return passed("Every administrator signs in with a second factor.")
    fix = "They can set up an authenticator app on their account page."
    return warned(f"A password alone opens the console to {_some(names)}.", fix)


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def audit_trail(installation: Installation) -> CheckResult:
    """No row of the audit trail was changed or taken out."""
    with installation.database.transaction(write=False) as db:
        broken = audit.first_broken(db)
    if broken is None:
        return passed("The audit trail is whole.")
    fix = (
        "Somebody changed the database by hand. Compare with a backup before you trust what follows this row."
    )
    return failed(f"The audit trail does not fit together from row {broken} on.", fix)


def legacy_grants(installation: Installation) -> CheckResult:
    """No approved client uses what RFC 9700 (2.1.2, 2.4) advises against: the implicit and the password grant."""
    with installation.database.transaction(write=False) as db:
        legacy = ClientFilter(status=ClientStatus.APPROVED, has_legacy_grants=True)
        found, count = client_search.page_of_clients(db, legacy, limit=3)
        names = ", ".join(client.name for client in found)
    if count:
        fix = "Move them to the code flow (authserver clients edit KEY --grant-type … --response-type code)."
        return warned(f"{count} approved client(s) may use the password or implicit grant: {names}.", fix)
    return passed("No approved client uses the password or implicit grant.")

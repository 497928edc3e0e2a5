"""Checks with the database: schema, writes, clock, keys, secrets, administrators, audit trail and clients."""

from datetime import datetime, timedelta

from sqlalchemy import select, text

from authserver import clock
from authserver.cli import single_node
from authserver.cli.checks import deployment
from authserver.cli.checks.result import CheckResult, failed, passed, warned
from authserver.cli.installation import Installation
from authserver.domain import audit_chain, health, schema
from authserver.domain.clients import client_search, client_secrets
from authserver.domain.clients.client_search import ClientFilter
from authserver.domain.clients.client_secrets import ClientSecret
from authserver.domain.clients.clients import Client
from authserver.domain.clients.signing_algorithms import clients_of_others
from authserver.domain.groups import groups
from authserver.domain.keys import signing_keys
from authserver.domain.users import second_factors as factors
from authserver.domain.users import user_search, users
from authserver.domain.vault import Vault
from authserver.errors import SettingsError
from authserver.vocabulary import ClientStatus

_DRIFT_SECONDS = 2
_OLD_KEY_DAYS = 400
_SEALED_WITHIN = timedelta(minutes=1)


def database(installation: Installation) -> CheckResult:
    """The database is reachable."""
    installation.require_file()
    with installation.database.reading() as connection:
        version = connection.scalar(
            text("SELECT sqlite_version()" if installation.database.is_sqlite else "SHOW server_version")
        )
    name = "SQLite" if installation.database.is_sqlite else "PostgreSQL"
    return passed(f"{name} {version} is reachable.")


def migrations(installation: Installation) -> CheckResult:
    """The schema is up to date."""
    with installation.database.reading() as connection:
        revision = schema.current(connection)
    if revision < schema.newest():
        return failed(
            f"The schema is at revision {revision or 'none'}, not {schema.newest()}.",
            "Run: authserver database migrate",
        )
    return passed(f"The schema is at revision {revision}.")


def writes(installation: Installation) -> CheckResult:
    """The database is writable."""
    health.check_writable(installation.database)
    return passed("The database is writable.")


def sqlite_lock(installation: Installation) -> CheckResult | None:
    """Report which server holds the lock of the SQLite file."""
    file = installation.settings.database_file
    if file is None:
        return None
    holder = single_node.lock_holder(file)
    return passed(
        f"A server uses the SQLite file: {holder}." if holder else "No server uses the SQLite file."
    )


def clocks(installation: Installation) -> CheckResult:
    """The clock of this machine is correct and agrees with the database's clock."""
    if not health.is_clock_sane():
        return failed(
            f"The clock shows {clock.now():%Y-%m-%d}, which is in the past.",
            "Set the clock, and run an NTP service.",
        )
    if installation.database.is_sqlite:
        return passed(f"The clock shows {clock.now():%Y-%m-%d %H:%M:%S} UTC.")
    with installation.database.reading() as connection:
        theirs: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    drift = abs((clock.now() - theirs).total_seconds())
    if drift > _DRIFT_SECONDS:
        return failed(
            f"The clocks of this machine and the database differ by {drift:.0f} s.",
            "Run an NTP service on both machines.",
        )
    return passed("The clocks of this machine and the database agree.")


def signing_key_state(installation: Installation) -> CheckResult | None:
    """The active signing keys can be decrypted and are not too old."""
    if deployment.keys(installation.settings).outcome == "fail":
        return None
    with installation.database.transaction(write=False) as db:
        active = [key for key in signing_keys.all_keys(db) if key.state == "active"]
    if not active:
        return failed("There is no active signing key.", "Start the server. It creates the key.")
    for key in active:
        try:
            signing_keys.open_private(installation.vault, key.algorithm, key.private)
        except SettingsError as error:
            fix = "Restore the old line in encryption.keys."
            return failed(f"The signing key {key.kid} cannot be decrypted: {error}", fix)
    age = max((clock.now() - (key.activated_at or key.created_at)).days for key in active)
    if age > _OLD_KEY_DAYS:
        return warned(f"A signing key has been active for {age} days.", "Run: authserver keys rotate")
    return passed(f"{', '.join(f'{key.kid} ({key.algorithm})' for key in active)} can sign.")


def signing_algorithms(installation: Installation) -> CheckResult:
    """Every client is registered for published signing algorithms."""
    published = installation.settings.signing_algorithms
    with installation.database.transaction(write=False) as db:
        found = clients_of_others(db, published)
    if not found:
        return passed(f"The server publishes keys for {', '.join(published)}.")
    names = [f"{client.name} ({', '.join(sorted(client.algorithms))})" for client in found]
    return warned(
        f"These clients use signing algorithms that are not published: {_some(names)}.",
        "Their keys are kept. Change the algorithm of the clients, or add it to AUTHSERVER_SIGNING_ALGORITHMS.",
    )


def secrets(installation: Installation) -> CheckResult | None:
    """Every stored client secret can be verified with the current secret keys."""
    if deployment.keys(installation.settings).outcome == "fail":
        return None
    with installation.database.transaction(write=False) as db:
        rows = db.execute(select(ClientSecret, Client.name).join_from(ClientSecret, Client)).all()
    lost = sorted({name for secret, name in rows if not _can_verify(installation.vault, secret)})
    if lost:
        fix = "Restore the old lines in pepper.keys and encryption.keys, or replace the secrets of these clients."
        return failed(f"The secrets of these clients cannot be verified: {_some(lost)}.", fix)
    return passed(f"All {len(rows)} client secrets can be verified.")


def _can_verify(vault: Vault, secret: ClientSecret) -> bool:
    if secret.form == "hmac":
        return vault.knows_pepper(secret.pepper_id)
    if secret.form == "sealed":
        try:
            client_secrets.reveal(vault, secret)
        except SettingsError:
            return False
    return True


def administrators(installation: Installation) -> CheckResult:
    """There is an administrator."""
    with installation.database.transaction(write=False) as db:
        if users.has_administrator(db):
            return passed("There is an administrator. The setup link is disabled.")
    fix = "Open the link that the server printed, or run: authserver users add NAME --grant configure_server"
    return warned("There is no administrator yet.", fix)


def second_factors(installation: Installation) -> CheckResult | None:
    """Every second factor can be verified with the current secret keys, and every administrator has one."""
    if deployment.keys(installation.settings).outcome == "fail":
        return None
    with installation.database.transaction(write=False) as db:
        lost = factors.users_without_keys(db, installation.vault)
        names = factors.administrators_without(db)
        has_administrator = users.has_administrator(db)
    if lost:
        fix = (
            "Restore the old lines in pepper.keys and encryption.keys, or reset the second factors of these users. Run: "
            "authserver users reset-second-factor NAME"
        )
        return failed(f"The second factor of {_some(lost)} cannot be verified.", fix)
    if not has_administrator:
        return None
    if not names:
        return passed("Every administrator has a second factor.")
    fix = "Ask these administrators to set up an authenticator app on their account page."
    return warned(f"These administrators have no second factor: {_some(names)}.", fix)


def addresses(installation: Installation) -> CheckResult:
    """Every e-mail address belongs to one account."""
    with installation.database.transaction(write=False) as db:
        names = user_search.without_address_key(db)
    if names:
        fix = (
            "Give each account its own address. If no other account has the address any more, save it again. Run: "
            "authserver users edit NAME --email ADDRESS"
        )
        sentence = (
            f"The e-mail address of these users belongs or belonged to another account: {_some(names)}."
        )
        return warned(f"{sentence} They cannot sign in with it.", fix)
    return passed("Every e-mail address belongs to one account.")


def group_copies(installation: Installation) -> CheckResult:
    """The group names in the rows of users equal their memberships."""
    with installation.database.transaction(write=False) as db:
        names = groups.users_with_wrong_copy(db)
    if names:
        fix = (
            "The tables were changed outside of authserver. Remove these users from a group and add them again: "
            "authserver groups remove-member GROUP USER"
        )
        return failed(f"The stored groups of {_some(names)} differ from the members of the groups.", fix)
    return passed("The groups of every user equal the members of the groups.")


def _some(names: list[str], count: int | None = None) -> str:
    """Return the first three names, and how many more there are. ``count`` is the total number of names."""
    more = (len(names) if count is None else count) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")


def audit_trail(installation: Installation) -> CheckResult:
    """No event of the audit trail was changed or deleted, and new events are sealed."""
    with installation.database.transaction(write=False) as db:
        broken = audit_chain.first_broken(db)
        unsealed = audit_chain.unsealed(db)
    if broken is not None:
        fix = (
            "The table was changed outside of authserver. Compare it with a backup before you trust this row and later"
            " ones."
        )
        return failed(f"The hash chain of the audit trail is broken, starting with row {broken}.", fix)
    if unsealed.oldest_at is not None and clock.now() - unsealed.oldest_at > _SEALED_WITHIN:
        fix = "Start a server. If one is running, look in its log for the warning: background work failed, audit-sealer."
        return warned(f"Events of the audit trail that are not sealed yet: {unsealed.count}.", fix)
    return passed("The audit trail is intact.")


def legacy_grants(installation: Installation) -> CheckResult:
    """No approved client uses the implicit or password grant. RFC 9700 (2.1.2, 2.4) advises against both."""
    with installation.database.transaction(write=False) as db:
        legacy = ClientFilter(status=ClientStatus.APPROVED, has_legacy_grants=True)
        found, count = client_search.page_of_clients(db, legacy, limit=3)
        names = _some([client.name for client in found], count)
    if count:
        fix = (
            "Move these clients to the authorization code grant. Run: "
            "authserver clients edit KEY --grant-type authorization_code --response-type code"
        )
        return warned(f"These approved clients may use the password or implicit grant: {names}.", fix)
    return passed("No approved client uses the password or implicit grant.")

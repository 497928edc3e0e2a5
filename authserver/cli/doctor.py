"""``authserver doctor``: examines this deployment and says what is wrong and what to do. Exit code 1 when a check fails."""

from collections.abc import Callable, Iterator
from functools import partial

import click
from sqlalchemy.exc import SQLAlchemyError

from authserver.cli import output
from authserver.cli.checks import deployment, public_url, records
from authserver.cli.checks.result import CheckResult, failed
from authserver.cli.installation import Installation
from authserver.cli.output import json_option
from authserver.errors import AuthserverError, SettingsError

_WORDS = {"pass": ("ok  ", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "red")}
_SEE_DATABASE = (
    "See that the database runs and that AUTHSERVER_DATABASE_URL, its user and its rights are right."
)

Check = Callable[[], CheckResult | None]


@click.command()
@click.option(
    "--probe", "probes", is_flag=True, help="Ask the public URL over the network, also when it is elsewhere."
)
@json_option
def command(probes: bool) -> None:
    """Check this deployment: settings, address, keys, database, clock, audit trail."""
    with output.progress() as tell:
        found = list(examine(tell, probes=probes))
    is_well = all(finding.outcome != "fail" for _, finding in found)
    if output.is_json():
        checks = [{"check": name, **finding._asdict()} for name, finding in found]
        output.show({"ok": is_well, "checks": checks})
    else:
        for name, finding in found:
            _print(name, finding)
    if not is_well:
        raise click.exceptions.Exit(1)


def examine(tell: Callable[[str], None], *, probes: bool) -> Iterator[tuple[str, CheckResult]]:
    """Run the checks, one after the other, telling which is next; those that need what is missing are left out."""
    try:
        installation = Installation()
    except SettingsError as error:
        yield "settings", failed(str(error), "Correct the setting; docs/reference/settings.md explains each.")
        return
    yield "settings", CheckResult("pass", "The settings can be read.")
    asked = {"address": partial(public_url.answers, installation.settings, probes=probes)}
    for name, check in (_of_deployment(installation) | asked | _of_records(installation)).items():
        tell(f"checking: {name}")
        finding = _attempt(check)
        if finding is None:
            continue
        yield name, finding
        if finding.outcome == "fail" and name in {"database", "migrations"}:
            return


def _of_deployment(installation: Installation) -> dict[str, Check]:
    checks = {
        "public URL": deployment.public_url,
        "keys": deployment.keys,
        "proxies": deployment.proxies,
        "registration": deployment.registration,
        "disk": deployment.disk,
    }
    return {name: partial(check, installation.settings) for name, check in checks.items()}


def _of_records(installation: Installation) -> dict[str, Check]:
    # The first two are what the others stand on.
    checks = {
        "database": records.database,
        "migrations": records.migrations,
        "writes": records.writes,
        "nodes": records.nodes,
        "clock": records.clocks,
        "signing keys": records.signing_key_state,
        "secrets": records.secrets,
        "administrators": records.administrators,
        "second factors": records.second_factors,
        "audit trail": records.audit_trail,
        "legacy grants": records.legacy_grants,
    }
    return {name: partial(check, installation) for name, check in checks.items()}


def _attempt(check: Check) -> CheckResult | None:
    try:
        return check()
    except SQLAlchemyError as error:
        reason = (str(getattr(error, "orig", error)).strip().splitlines() or [""])[0]
        return failed(f"The database refuses: {reason}.", _SEE_DATABASE)
    except AuthserverError as error:
        return failed(str(error), "Correct this first, then run the doctor again.")
    except click.ClickException as error:
        return failed(error.format_message(), _SEE_DATABASE)


def _print(name: str, finding: CheckResult) -> None:
    word, colour = _WORDS[finding.outcome]
    click.echo(f"{click.style(word, fg=colour)}  {name:14}  {finding.sentence}")
    if finding.fix:
        click.echo(f"{'':22}{finding.fix}")

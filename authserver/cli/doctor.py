"""``authserver doctor``: checks the deployment and suggests fixes. The exit code is 1 if a check fails."""

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

_LABELS = {"pass": ("ok  ", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "red")}
_SEE_DATABASE = "Check that the database is running. Check AUTHSERVER_DATABASE_URL and the privileges of the database user."

Check = Callable[[], CheckResult | None]


@click.command()
@click.option(
    "--probe", "probes", is_flag=True, help="Request the public URL even if it is not on this machine."
)
@json_option
def command(probes: bool) -> None:
    """Check this deployment: settings, public URL, keys, database, clock and audit trail."""
    with output.progress() as report:
        found = list(run_checks(report, probes=probes))
    is_ok = all(result.outcome != "fail" for _, result in found)
    if output.is_json():
        checks = [{"check": name, **result._asdict()} for name, result in found]
        output.show({"ok": is_ok, "checks": checks})
    else:
        for name, result in found:
            _print(name, result)
    if not is_ok:
        raise click.exceptions.Exit(1)


def run_checks(report: Callable[[str], None], *, probes: bool) -> Iterator[tuple[str, CheckResult]]:
    """Run the checks in order and yield their results. Stop if the database is not usable."""
    try:
        installation = Installation()
    except SettingsError as error:
        yield (
            "settings",
            failed(str(error), "Correct the setting. docs/reference/settings.md describes all settings."),
        )
        return
    yield "settings", CheckResult("pass", "The settings are valid.")
    probe = {"address": partial(public_url.check_discovery, installation.settings, probes=probes)}
    for name, check in (_deployment_checks(installation) | probe | _database_checks(installation)).items():
        report(f"checking: {name}")
        result = _run_check(check)
        if result is None:
            continue
        yield name, result
        if result.outcome == "fail" and name in {"database", "migrations"}:
            return


def _deployment_checks(installation: Installation) -> dict[str, Check]:
    checks = {
        "public URL": deployment.public_url,
        "keys": deployment.keys,
        "proxies": deployment.proxies,
        "registration": deployment.registration,
        "fetches": deployment.fetches,
        "redirect URIs": deployment.http_redirects,
        "disk": deployment.disk,
    }
    return {name: partial(check, installation.settings) for name, check in checks.items()}


def _database_checks(installation: Installation) -> dict[str, Check]:
    # All other checks depend on the first two.
    checks = {
        "database": records.database,
        "migrations": records.migrations,
        "writes": records.writes,
        "nodes": records.sqlite_lock,
        "clock": records.clocks,
        "signing keys": records.signing_key_state,
        "algorithms": records.signing_algorithms,
        "secrets": records.secrets,
        "administrators": records.administrators,
        "second factors": records.second_factors,
        "addresses": records.addresses,
        "groups": records.group_copies,
        "audit trail": records.audit_trail,
        "legacy grants": records.legacy_grants,
    }
    return {name: partial(check, installation) for name, check in checks.items()}


def _run_check(check: Check) -> CheckResult | None:
    try:
        return check()
    except SQLAlchemyError as error:
        reason = (str(getattr(error, "orig", error)).strip().splitlines() or [""])[0]
        return failed(f"The database reports an error: {reason}.", _SEE_DATABASE)
    except AuthserverError as error:
        return failed(str(error), "Correct the problem, then run authserver doctor again.")
    except click.ClickException as error:
        return failed(error.format_message(), _SEE_DATABASE)


def _print(name: str, result: CheckResult) -> None:
    label, color = _LABELS[result.outcome]
    click.echo(f"{click.style(label, fg=color)}  {name:14}  {result.sentence}")
    if result.fix:
        click.echo(f"{'':22}{result.fix}")

"""``authserver config``: every setting with its effective value and origin. Secrets are masked."""

import shutil
import textwrap
from datetime import timedelta
from typing import Any

import click
from pydantic import SecretStr

from authserver import settings
from authserver.cli import output
from authserver.cli.output import json_option
from authserver.setting_sources import PREFIX
from authserver.setting_values import format_duration
from authserver.settings import Settings

_COLUMNS = {"name": "Setting", "value": "Value", "origin": "Origin", "help": "Description"}
MASKED = "********"


@click.command()
@json_option
def command() -> None:
    """List every setting with its effective value, origin and description."""
    rows = effective()
    if output.is_json() or not output.is_terminal():
        output.print_list(rows, columns=_COLUMNS, empty_message="")
        return
    # A table with four columns is too wide for most terminals.
    width = shutil.get_terminal_size().columns
    for row in rows:
        source = "" if row["origin"] in {"default", row["name"]} else f"  (from {row['origin']})"
        click.echo(_wrapped(f"{row['name']} = {row['value'] or '-'}{source}", width))
        click.echo(_wrapped(row["help"], width, indent="    "))


def _wrapped(text: str, width: int, indent: str = "") -> str:
    return textwrap.fill(text, width, initial_indent=indent, subsequent_indent="    ", break_on_hyphens=False)


def effective() -> list[output.Row]:
    """Return one row for each setting."""
    configured = settings.configured_values()
    values = settings.load()
    return [
        {
            "name": f"{PREFIX}{name.upper()}",
            "value": format_value(name, getattr(values, name)),
            "origin": configured[name].origin if name in configured else "default",
            "help": field.description,
        }
        for name, field in Settings.model_fields.items()
    ]


def format_value(name: str, value: Any) -> str:
    """Return a value in the notation of the settings, with secrets masked."""
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return MASKED
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if name == "database_url":
        return _without_password(str(value))
    return str(value)


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    user, at, place = rest.rpartition("@")
    name, colon, _ = user.partition(":")
    return f"{scheme}://{name}{colon and ':' + MASKED}{at}{place}"

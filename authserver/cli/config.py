"""``authserver config``: every setting with its effective value and where it came from; secrets are never shown."""

from datetime import timedelta
from typing import Any

import click
from pydantic import SecretStr

from authserver import settings
from authserver.cli import output
from authserver.cli.output import json_option
from authserver.setting_sources import PREFIX
from authserver.setting_values import write_duration
from authserver.settings import Settings

_COLUMNS = {"name": "Setting", "value": "Value", "origin": "From", "help": "What it is"}
MASKED = "********"


@click.command()
@json_option
def command() -> None:
    """Show every setting: its name, its effective value, where that came from, what it means."""
    output.listing(effective(), columns=_COLUMNS, nothing="")


def effective() -> list[output.Row]:
    """Return one row for each setting."""
    given = settings.given()
    values = settings.load()
    return [
        {
            "name": f"{PREFIX}{name.upper()}",
            "value": show(name, getattr(values, name)),
            "origin": given[name].origin if name in given else "default",
            "help": field.description,
        }
        for name, field in Settings.model_fields.items()
    ]


def show(name: str, value: Any) -> str:
    """Return a value as an operator would write it, without what must stay secret."""
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return MASKED
    if isinstance(value, timedelta):
        return write_duration(value)
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

"""``authserver keys``: the keys that sign tokens. The installation's own secrets are files, see keys/README.md."""

import click

from authserver.cli import output
from authserver.cli.installation import Installation, actor
from authserver.cli.output import json_option
from authserver.domain import keys
from authserver.domain.keys import SigningKey

_COLUMNS = {
    "kid": "Key id",
    "algorithm": "Algorithm",
    "state": "State",
    "created_at": "Published",
    "activated_at": "Signs since",
    "retired_at": "Retired",
}


@click.group()
def command() -> None:
    """List and rotate the signing keys."""


@command.command("list")
@json_option
def list_keys() -> None:
    """List the keys: the active one signs, the next is published already, retired ones still check old tokens."""
    with Installation().transaction(write=False) as session:
        rows = [_facts(key) for key in keys.all_keys(session)]
    output.listing(
        rows, columns=_COLUMNS, nothing="There are no signing keys yet; they are made when the server starts."
    )


@command.command()
@click.option("--now", "is_urgent", is_flag=True, help="Do not wait until clients can know the next key.")
@json_option
def rotate(is_urgent: bool) -> None:
    """Let the next key sign, and publish another one for the time after."""
    installation = Installation()
    with installation.transaction() as session:
        key = keys.rotate(session, actor(), installation.vault, is_urgent=is_urgent)
        facts = _facts(key)
    output.say(f"The key {facts['kid']} signs from now on; every node knows it within seconds.", facts)


def _facts(key: SigningKey) -> output.Row:
    return {name: getattr(key, name) for name in _COLUMNS}

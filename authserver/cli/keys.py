"""``authserver keys``: list and rotate the signing keys.

The other keys of an installation are files; keys/README.md describes them.
"""

import click
from sqlalchemy.orm import Session

from authserver.cli import output
from authserver.cli.installation import Installation, actor
from authserver.cli.output import json_option
from authserver.domain.keys import signing_keys
from authserver.domain.keys.signing_keys import SigningKey
from authserver.domain.vault import Vault
from authserver.errors import Conflict

_COLUMNS = {
    "kid": "Key id",
    "algorithm": "Algorithm",
    "state": "State",
    "created_at": "Published",
    "activated_at": "Active since",
    "retired_at": "Retired",
}


@click.group()
def command() -> None:
    """List and rotate the signing keys."""


@command.command("list")
@json_option
def list_keys() -> None:
    """List the keys. The active key signs, the next key is published, and retired keys verify older tokens."""
    with Installation().transaction(write=False) as db:
        rows = [_facts(key) for key in signing_keys.all_keys(db)]
    output.print_list(
        rows,
        columns=_COLUMNS,
        empty_message="There are no signing keys yet. The server creates them when it starts.",
    )


@command.command()
@click.option(
    "--algorithm",
    "algorithms",
    multiple=True,
    type=click.Choice(signing_keys.ALGORITHMS),
    help="Rotate only the key of this algorithm; may be repeated. Default: all algorithms in use.",
)
@click.option(
    "--now", "is_urgent", is_flag=True, help="Rotate even if clients may not have fetched the next key yet."
)
@click.option(
    "--stolen",
    "is_stolen",
    is_flag=True,
    help="The keys are compromised: replace all keys, including the next keys. "
    "Everything that the old keys signed becomes invalid.",
)
@json_option
def rotate(algorithms: tuple[str, ...], is_urgent: bool, is_stolen: bool) -> None:
    """Make the next keys active and publish new next keys."""
    installation = Installation()
    with installation.transaction() as db:
        in_use = signing_keys.algorithms_in_use(signing_keys.all_keys(db), installation.settings)
        if unused := set(algorithms) - set(in_use):
            raise Conflict(
                f"There are no keys for {min(unused)}. Add it to AUTHSERVER_SIGNING_ALGORITHMS to publish some."
            )
        facts = [
            _facts(_rotate(db, installation.vault, algorithm, is_urgent=is_urgent, is_stolen=is_stolen))
            for algorithm in dict.fromkeys(algorithms or in_use)
        ]
    if output.is_json():
        output.print_list(facts, columns=_COLUMNS, empty_message="")
    for fact in () if output.is_json() else facts:
        output.say(
            f"The {fact['algorithm']} key {fact['kid']} is now active. All nodes use it within seconds."
        )


def _rotate(db: Session, vault: Vault, algorithm: str, *, is_urgent: bool, is_stolen: bool) -> SigningKey:
    if is_stolen:
        return signing_keys.replace_stolen(db, actor(), vault, algorithm)
    return signing_keys.rotate(db, actor(), vault, algorithm, is_urgent=is_urgent)


@command.command()
@json_option
def purge() -> None:
    """Delete retired keys whose tokens have all expired."""
    installation = Installation()
    with installation.transaction() as db:
        count = signing_keys.purge(db, actor())
    keys = "1 key" if count == 1 else f"{count} keys"
    output.say(f"Deleted {keys}.", {"removed": count})


def _facts(key: SigningKey) -> output.Row:
    return {name: getattr(key, name) for name in _COLUMNS}

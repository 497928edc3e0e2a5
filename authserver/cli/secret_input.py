"""Input of passwords and client secrets: from a prompt, standard input or a file; never from an argument."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Command = Callable[..., Any]


def options(name: str) -> Callable[[Command], Command]:
    """Add the options ``--NAME-stdin`` and ``--NAME-file`` to a command."""

    def decorate(command: Command) -> Command:
        from_file = click.option(
            f"--{name}-file",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help=f"Read the {name} from a file.",
        )
        from_stdin = click.option(
            f"--{name}-stdin", is_flag=True, help=f"Read the {name} from standard input."
        )
        return from_stdin(from_file(command))

    return decorate


def read_secret(name: str, from_stdin: bool, file: Path | None) -> str:
    """Return the secret from the source that the options select, or prompt for it twice; raises click.UsageError."""
    if from_stdin and file:
        raise click.UsageError(f"Use --{name}-stdin or --{name}-file, not both.")
    if from_stdin:
        return _one_line(name, sys.stdin.read())
    if file:
        return _one_line(name, file.read_text(encoding="utf-8"))
    if not sys.stdin.isatty():
        raise click.UsageError(f"There is no terminal for a prompt. Use --{name}-stdin or --{name}-file.")
    return str(click.prompt(name.capitalize(), hide_input=True, confirmation_prompt="Repeat", err=True))


def _one_line(name: str, text: str) -> str:
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret or "\n" in secret:
        raise click.UsageError(f"The {name} must be exactly one line.")
    return secret

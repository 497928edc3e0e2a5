"""How passwords and client secrets come in: asked twice, from standard input or from a file; never as an argument."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Command = Callable[..., Any]


def options(word: str) -> Callable[[Command], Command]:
    """Give a command ``--WORD-stdin`` and ``--WORD-file``; the values arrive as ``WORD_stdin`` and ``WORD_file``."""

    def decorate(command: Command) -> Command:
        from_file = click.option(
            f"--{word}-file",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help=f"Read the {word} from a file.",
        )
        from_stdin = click.option(
            f"--{word}-stdin", is_flag=True, help=f"Read the {word} from standard input."
        )
        return from_stdin(from_file(command))

    return decorate


def read_secret(word: str, from_stdin: bool, file: Path | None) -> str:
    """Return the secret from where the options say, or ask for it twice; raises click.UsageError."""
    if from_stdin and file:
        raise click.UsageError(f"Use --{word}-stdin or --{word}-file, not both.")
    if from_stdin:
        return _one_line(word, sys.stdin.read())
    if file:
        return _one_line(word, file.read_text(encoding="utf-8"))
    if not sys.stdin.isatty():
        raise click.UsageError(f"There is no terminal to ask on: use --{word}-stdin or --{word}-file.")
    return str(click.prompt(word.capitalize(), hide_input=True, confirmation_prompt="Once more", err=True))


def _one_line(word: str, text: str) -> str:
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret or "\n" in secret:
        raise click.UsageError(f"The {word} must be exactly one line.")
    return secret

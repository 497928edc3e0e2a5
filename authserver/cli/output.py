"""What commands print: tables and sentences for people, JSON for programs (``--json``)."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TextIO, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])
_PIPE_WIDTH = 240
_AS_JSON = "authserver.cli.output.json"

Row = dict[str, Any]


def json_option(command: Command) -> Command:
    """Give a command the option ``--json``."""
    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_remember,
        help="Print JSON for programs.",
    )(command)


def _remember(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    ctx.meta[_AS_JSON] = value


def is_json() -> bool:
    """Return whether the running command was asked for JSON."""
    ctx = click.get_current_context(silent=True)
    return bool(ctx and ctx.meta.get(_AS_JSON))


def say(sentence: str, facts: Row | None = None) -> None:
    """Print what was done: the sentence for a person, the facts for a program."""
    if is_json():
        _print_json(facts if facts is not None else {"message": sentence})
    else:
        click.echo(sentence)


def note(sentence: str) -> None:
    """Print what a person wants to know meanwhile, without touching the output that a program reads."""
    click.echo(sentence, err=True)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Lend a way to tell what long work does at this moment: one line that changes, on a terminal only."""
    terminal = sys.stderr
    if not terminal.isatty():
        yield lambda _sentence: None
        return
    try:
        yield lambda sentence: _overwrite(terminal, sentence)
    finally:
        _overwrite(terminal, "")


def _overwrite(terminal: TextIO, sentence: str) -> None:
    terminal.write(f"\r\033[2K{sentence}")
    terminal.flush()


def show(facts: Row) -> None:
    """Print one thing with all that is known of it."""
    if is_json():
        _print_json(facts)
        return
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        first, *more = _text(value).splitlines()
        click.echo(f"{name.replace('_', ' '):{width}}  {first}")
        for line in more:
            click.echo(f"{'':{width}}  {line}")


def listing(rows: Sequence[Row], *, columns: dict[str, str], nothing: str) -> None:
    """Print many things: all they have as JSON, or a table of the columns (name → heading)."""
    if is_json():
        _print_json(list(rows))
    elif not rows:
        click.echo(nothing)
    else:
        _print_table(rows, columns)


def _print_table(rows: Sequence[Row], columns: dict[str, str]) -> None:
    # Rich is imported for tables only: it costs every command more than the command's own work.
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in columns.values():
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_text(row.get(name))) for name in columns))
    console = Console(highlight=False)
    if not console.is_terminal:
        # A pipe has no width; lines cut to 80 letters would break the keys and addresses that are searched for.
        console = Console(highlight=False, width=_PIPE_WIDTH)
    console.print(table)


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_encode))


def _encode(value: Any) -> Any:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else str(value)


def _text(value: Any) -> str:
    match value:
        case None | "":
            return "-"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M} UTC"
        case dict():
            return "\n".join(f"{key}: {item}" for key, item in value.items()) or "-"
        case list() | tuple():
            return "\n".join(_text(item) for item in value) or "-"
        case _:
            return str(value)

"""Output of commands: text and tables, or JSON with ``--json``."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TextIO, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])
_AS_JSON = "authserver.cli.output.json"

Row = dict[str, Any]


def json_option(command: Command) -> Command:
    """Add the option ``--json`` to a command."""
    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_remember,
        help="Print JSON.",
    )(command)


def _remember(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    ctx.meta[_AS_JSON] = value


def is_json() -> bool:
    """Return whether the current command runs with ``--json``."""
    ctx = click.get_current_context(silent=True)
    return bool(ctx and ctx.meta.get(_AS_JSON))


def say(sentence: str, facts: Row | None = None) -> None:
    """Print a result: the sentence, or the facts with ``--json``."""
    if is_json():
        print_json(facts if facts is not None else {"message": sentence})
    else:
        click.echo(sentence)


def note(sentence: str) -> None:
    """Print a notice to standard error."""
    click.echo(sentence, err=True)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Yield a function that shows the current step in a progress line, or nothing if stderr is not a terminal."""
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
    """Print the fields of one item."""
    if is_json():
        print_json(facts)
        return
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        first, *more = _text(value).splitlines()
        click.echo(f"{name.replace('_', ' '):{width}}  {first}")
        for line in more:
            click.echo(f"{'':{width}}  {line}")


def print_list(rows: Sequence[Row], *, columns: dict[str, str], empty_message: str) -> None:
    """Print items: as JSON with all fields, or as a table of the columns (name → heading)."""
    if is_json():
        print_json(list(rows))
    elif not rows:
        click.echo(empty_message)
    elif not is_terminal():
        _print_lines(rows, columns)
    else:
        _print_table(rows, columns)


def is_terminal() -> bool:
    """Return whether the output goes to a terminal. Otherwise a program reads it, which needs no layout."""
    return sys.stdout.isatty()


def _print_lines(rows: Sequence[Row], columns: dict[str, str]) -> None:
    """Print a line for the headings and one for each item, with tabs between the columns."""
    click.echo("\t".join(columns.values()))
    for row in rows:
        click.echo("\t".join(" ".join(_text(row.get(name)).split()) for name in columns))


def _print_table(rows: Sequence[Row], columns: dict[str, str]) -> None:
    # Import Rich only here, because importing it takes longer than most commands.
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in columns.values():
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_text(row.get(name))) for name in columns))
    Console(highlight=False).print(table)


def print_json(value: Any) -> None:
    """Print a value as JSON."""
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

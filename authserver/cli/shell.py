"""Finds the room of a command when it is called, and turns every failure into a sentence and an exit code.

Exit codes: 0 done, 1 it could not be done, 2 the command was not understood. With ``--json`` a failure is an object on
standard output as well.
"""

import importlib
import json
import sys
from collections.abc import Sequence
from typing import Any

import click

from authserver.errors import AuthserverError, InvalidInput

DONE, FAILED, MISUNDERSTOOD = 0, 1, 2


class CommandGroup(click.Group):
    """The command ``authserver``; a noun's room is imported when the noun is used, so that commands start fast."""

    def __init__(self, name: str, *, rooms: dict[str, str], **options: Any) -> None:
        super().__init__(name, **options)
        self._rooms = rooms

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._rooms)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._rooms:
            return None
        room = importlib.import_module(f"authserver.cli.{cmd_name}")
        command: click.Command = room.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self._rooms.items()))

    def main(self, args: Sequence[str] | None = None, *_: Any, **options: Any) -> None:  # type: ignore[override]
        """Run a command line and leave the process with its exit code."""
        words = list(sys.argv[1:] if args is None else args)
        try:
            name = options.get("prog_name") or self.name
            # Click returns the code of an Exit here, and commands return nothing.
            code = super().main(words, standalone_mode=False, prog_name=name)
        except click.Abort:
            _fail("Stopped.", words, FAILED)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            sys.exit(MISUNDERSTOOD)
        except click.UsageError as error:
            _fail_usage(error, words)
        except click.ClickException as error:
            _fail(error.format_message(), words, FAILED)
        except InvalidInput as error:
            _fail(str(error), words, FAILED, fields=error.fields)
        except AuthserverError as error:
            _fail(str(error), words, FAILED)
        except BrokenPipeError:
            # Whoever read our output has seen enough, as `head` does.
            sys.exit(FAILED)
        sys.exit(code or DONE)


def _fail_usage(error: click.UsageError, words: list[str]) -> None:
    if error.ctx is not None and "--json" not in words:
        click.echo(error.ctx.get_usage(), err=True)
    _fail(error.format_message(), words, MISUNDERSTOOD)


def _fail(sentence: str, words: list[str], code: int, **more: Any) -> None:
    if "--json" in words:
        click.echo(json.dumps({"error": sentence, **more}, ensure_ascii=False, indent=2))
    else:
        click.echo(f"authserver: {sentence}", err=True)
    sys.exit(code)

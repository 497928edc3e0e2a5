"""Loads the module of a command when it is called, and turns every error into a message and an exit code.

Exit codes: 0 success, 1 failure, 2 usage error. With ``--json``, an error is printed as an object to standard output.
"""

import importlib
import json
import sys
from collections.abc import Sequence
from typing import Any

import click

from authserver.errors import AuthserverError, InvalidInput

SUCCESS, FAILURE, USAGE_ERROR = 0, 1, 2


class CommandGroup(click.Group):
    """The command ``authserver``. The module of a noun is imported only when it is used, so that commands start fast."""

    def __init__(self, name: str, *, nouns: dict[str, str], **options: Any) -> None:
        super().__init__(name, **options)
        self._nouns = nouns

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._nouns)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._nouns:
            return None
        module = importlib.import_module(f"authserver.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self._nouns.items()))

    def main(self, args: Sequence[str] | None = None, *_: Any, **options: Any) -> None:  # type: ignore[override]
        """Run a command line and exit with its exit code."""
        arguments = list(sys.argv[1:] if args is None else args)
        try:
            name = options.get("prog_name") or self.name
            # Outside standalone mode, Click returns the code of an Exit instead of exiting. Commands return nothing.
            code = super().main(arguments, standalone_mode=False, prog_name=name)
        except click.Abort:
            _fail("Canceled.", arguments, FAILURE)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            sys.exit(USAGE_ERROR)
        except click.UsageError as error:
            _fail_usage(error, arguments)
        except click.ClickException as error:
            _fail(error.format_message(), arguments, FAILURE)
        except InvalidInput as error:
            _fail(str(error), arguments, FAILURE, fields=error.fields)
        except AuthserverError as error:
            _fail(str(error), arguments, FAILURE)
        except BrokenPipeError:
            # The reader closed the pipe, as `head` does.
            sys.exit(FAILURE)
        sys.exit(code or SUCCESS)


def _fail_usage(error: click.UsageError, arguments: list[str]) -> None:
    if error.ctx is not None and "--json" not in arguments:
        click.echo(error.ctx.get_usage(), err=True)
    _fail(error.format_message(), arguments, USAGE_ERROR)


def _fail(sentence: str, arguments: list[str], code: int, **more: Any) -> None:
    if "--json" in arguments:
        click.echo(json.dumps({"error": sentence, **more}, ensure_ascii=False, indent=2))
    else:
        click.echo(f"authserver: {sentence}", err=True)
    sys.exit(code)

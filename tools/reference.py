"""Generates docs/reference from the code: `python -m tools.reference`.

A test compares every page with the generated text, so that the documentation cannot become outdated.
"""

import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from flask import Flask
from pydantic.fields import FieldInfo

from authserver.app import create_app
from authserver.cli import main as shell
from authserver.domain.audit import EVENTS
from authserver.setting_sources import CONFIG_FILE, PREFIX
from authserver.settings import ROOT, Settings
from authserver.web.machine.routes import routes

FOLDER = ROOT / "docs" / "reference"
SETTINGS_PAGE = FOLDER / "settings.md"
_WRITTEN = "This page is written by `make reference`.\n"
_SETTINGS_HEAD = f"""# Settings

A value comes from the environment variable below, else from the file that the same name with `_FILE` names, else from
the TOML file that `{CONFIG_FILE}` names (there the names are lower case and without `{PREFIX}`), else it is the default.
Unknown names are refused. `authserver config` shows what is in force.

{_WRITTEN}
| Setting | Default | Meaning |
|---|---|---|
"""
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
_COMMANDS_HEAD = f"""# Command line

Every command takes `--help`, and every one but `serve` takes `--json`, which prints an object or a list for programs, also
when it fails (`{{"error": …}}`). Exit codes: 0 done, 1 it could not be done, 2 the command was not understood. Passwords and
secrets are asked for, or read by `--password-stdin`, `--secret-stdin` or from a file; never given as an argument.

`authserver --version` prints the installed version.

{_WRITTEN}"""
_ENDPOINTS_HEAD = f"""# Endpoints

Paths are below the public URL. Those for machines answer JSON (or what their specification says), know no cookies, and need
no CSRF token; `/.well-known/openid-configuration` tells what is offered. Several paths in one row are the same endpoint: the
addresses of the system that this server replaces go on working.

{_WRITTEN}
## For machines

| Path | Methods | What it does |
|---|---|---|
"""
_PAGES_HEAD = """
## For people

| Path | Methods | What it does |
|---|---|---|
"""
_ASSET = "A file of the pages: style, script, picture; its address changes with its content."
_EVENTS_HEAD = f"""# Events of the audit trail

Each event is one row with time, actor, channel (`browser`, `machine`, `command`, `system`), network address, request id,
subject, and what was before and after. Rows are never changed; each carries the hash of the one before it, and
`authserver doctor` checks the chain.

{_WRITTEN}
| Event | What happened |
|---|---|
"""


def settings_page() -> str:
    """Return the page about settings."""
    return _SETTINGS_HEAD + "".join(map(_row, Settings.model_fields, Settings.model_fields.values()))


def _row(name: str, field: FieldInfo) -> str:
    meaning = (field.description or "").replace("|", "\\|")
    return f"| `{PREFIX}{name.upper()}` | {_words(field.default)} | {meaning} |\n"


def _words(default: Any) -> str:
    """Return a default in words. Paths inside the checkout are relative to it."""
    if default in {None, "", ()}:
        return "none"
    if isinstance(default, timedelta):
        return _duration(int(default.total_seconds()))
    if isinstance(default, Path):
        default = f"./{default.relative_to(ROOT)}"
    return f"`{str(default).replace(f'{ROOT}/', './')}`"


def _duration(seconds: int) -> str:
    unit, size = next((unit, size) for unit, size in _UNITS if seconds % size == 0)
    count = seconds // size
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def events_page() -> str:
    """Return the page about audit events."""
    return _EVENTS_HEAD + "".join(f"| `{event}` | {meaning} |\n" for event, meaning in sorted(EVENTS.items()))


def commands_page() -> str:
    """Return the page about the commands."""
    ctx = click.Context(shell, info_name="authserver")
    return _COMMANDS_HEAD + "".join(_commands(shell, ctx))


def _commands(group: click.Group, above: click.Context) -> Iterator[str]:
    for name in group.list_commands(above):
        command = group.get_command(above, name)
        assert command is not None, name
        ctx = click.Context(command, info_name=name, parent=above)
        if isinstance(command, click.Group):
            yield f"\n## {ctx.command_path}\n\n{_help(command)}\n"
            yield from _commands(command, ctx)
        else:
            level = "##" if above.parent is None else "###"
            yield f"\n{level} {ctx.command_path}\n\n{_help(command)}\n\n{_usage(ctx)}{_options(ctx)}"


def _help(command: click.Command) -> str:
    return " ".join((command.help or "").split())


def _usage(ctx: click.Context) -> str:
    words = " ".join(ctx.command.collect_usage_pieces(ctx))
    return f"    {ctx.command_path} {words}\n"


def _options(ctx: click.Context) -> str:
    records = [record for parameter in ctx.command.params if (record := parameter.get_help_record(ctx))]
    rows = (f"| `{_cell(names)}` | {_cell(meaning)} |\n" for names, meaning in records)
    return "\n| Option | Meaning |\n|---|---|\n" + "".join(rows)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def endpoints_page() -> str:
    """Return the page about the endpoints."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=f"sqlite:///{folder}/x.db", keys_dir=Path(folder) / "keys")
        app = create_app(settings)
        page = _ENDPOINTS_HEAD + "".join(_machine_rows()) + _PAGES_HEAD + "".join(_page_rows(app))
        app.extensions["authserver"].database.engine.dispose()
    return page


def _machine_rows() -> Iterator[str]:
    served: dict[tuple[Callable[..., Any], tuple[str, ...]], list[str]] = {}
    for path, route in routes().items():
        served.setdefault((route.handler, route.methods), []).append(path)
    for (handler, methods), paths in served.items():
        yield _endpoint(paths, methods, handler)


def _page_rows(app: Flask) -> Iterator[str]:
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        methods = tuple(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        yield _endpoint([rule.rule], methods, app.view_functions[rule.endpoint])


def _endpoint(paths: list[str], methods: tuple[str, ...], handler: Callable[..., Any]) -> str:
    meaning = " ".join((handler.__doc__ or _ASSET).strip().partition("\n\n")[0].split())
    named = " ".join(f"`{_cell(path)}`" for path in paths)
    return f"| {named} | {', '.join(m for m in methods if m != 'HEAD')} | {meaning} |\n"


PAGES: dict[Path, Callable[[], str]] = {
    SETTINGS_PAGE: settings_page,
    FOLDER / "command-line.md": commands_page,
    FOLDER / "endpoints.md": endpoints_page,
    FOLDER / "events.md": events_page,
}


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, page in PAGES.items():
        path.write_text(page(), encoding="utf-8")

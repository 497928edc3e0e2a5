"""Writes docs/reference/settings.md from the settings themselves: `python -m tools.reference`.

A test compares the file with what this would write, so that a setting cannot change without its documentation.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from authserver.setting_sources import CONFIG_FILE, PREFIX
from authserver.settings import ROOT, Settings

SETTINGS_PAGE = ROOT / "docs" / "reference" / "settings.md"
_HEAD = f"""# Settings

A value comes from the environment variable below, else from the file that the same name with `_FILE` names, else from
the TOML file that `{CONFIG_FILE}` names (there the names are lower case and without `{PREFIX}`), else it is the default.
Unknown names are refused. `authserver config` shows what is in force.

This page is written by `make reference`.

| Setting | Default | Meaning |
|---|---|---|
"""
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def settings_page() -> str:
    """The whole page."""
    return _HEAD + "".join(map(_row, Settings.model_fields, Settings.model_fields.values()))


def _row(name: str, field: FieldInfo) -> str:
    meaning = (field.description or "").replace("|", "\\|")
    return f"| `{PREFIX}{name.upper()}` | {_words(field.default)} | {meaning} |\n"


def _words(default: Any) -> str:
    """A default as a reader would say it; places inside the checkout are told relative to it."""
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


if __name__ == "__main__":
    SETTINGS_PAGE.parent.mkdir(parents=True, exist_ok=True)
    SETTINGS_PAGE.write_text(settings_page(), encoding="utf-8")

"""Reads the sources of settings: environment variables, the files that they name, and a TOML file.

The environment is a parameter, because only ``settings`` reads it. ``settings`` also validates the values.
"""

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from authserver.errors import SettingsError

PREFIX = "AUTHSERVER_"
CONFIG_FILE = f"{PREFIX}CONFIG_FILE"
_REMOVED = {
    "resources": "Remove it. Then define each resource with authserver resources add URI --name NAME --open, or in the "
    "console under Resources. Clients cannot request these resources until then.",
}
"""What to do instead of a setting that an older version had."""


class SourceValue(NamedTuple):
    """The unvalidated value of a setting, and the source that it comes from."""

    value: Any
    origin: str


def read_sources(environ: Mapping[str, str], names: Collection[str]) -> dict[str, SourceValue]:
    """Return the values in the sources, by setting. Raises SettingsError, for example for an unknown name."""
    found = _read_toml(environ.get(CONFIG_FILE, ""), names)
    for variable, value in environ.items():
        if variable.startswith(PREFIX) and variable != CONFIG_FILE:
            name, content = _read_variable(variable, value, environ, names)
            found[name] = SourceValue(content, variable)
    return found


def _read_variable(
    variable: str, value: str, environ: Mapping[str, str], names: Collection[str]
) -> tuple[str, str]:
    name = variable.removeprefix(PREFIX).lower()
    if name in names:
        return name, value
    plain = name.removesuffix("_file")
    if plain in _REMOVED:
        raise SettingsError(f"The setting {variable} no longer exists. {_REMOVED[plain]}")
    if plain == name or plain not in names:
        raise SettingsError(f"Unknown setting {variable}.{_hint(name, names, PREFIX)}")
    if f"{PREFIX}{plain.upper()}" in environ:
        raise SettingsError(f"{PREFIX}{plain.upper()} and {variable} are both set. Remove one of them.")
    try:
        return plain, Path(value).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"Cannot read the file that {variable} names: {error}. Correct the path or its permissions."
        ) from error


def _read_toml(path: str, names: Collection[str]) -> dict[str, SourceValue]:
    if not path:
        return {}
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"Cannot read {path}, the file that {CONFIG_FILE} names: {error}. Correct the file or the path."
        ) from error
    if removed := sorted(values.keys() & _REMOVED.keys()):
        raise SettingsError(f"The setting {removed[0]} in {path} no longer exists. {_REMOVED[removed[0]]}")
    if unknown := sorted(values.keys() - names):
        raise SettingsError(f"Unknown setting {unknown[0]} in {path}.{_hint(unknown[0], names)}")
    return {name: SourceValue(value, f"{name} in {path}") for name, value in values.items()}


def _hint(name: str, names: Collection[str], prefix: str = "") -> str:
    from difflib import get_close_matches

    close = get_close_matches(name.lower(), names, n=1)
    if not close:
        return " docs/reference/settings.md lists all settings."
    return f" Did you mean {prefix}{close[0].upper() if prefix else close[0]}?"

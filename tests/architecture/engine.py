"""Reads the rooms of authserver/ as syntax trees: what a room imports, what it calls, which floor it stands on."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HALL = {
    "settings",
    "setting_sources",
    "setting_values",
    "vocabulary",
    "errors",
    "context",
    "clock",
    "logs",
    "languages",
    "messages",
}
FLOORS = {"hall": 0, "domain": 1, "protocol": 2, "web": 3, "cli": 3, "roof": 4}


@dataclass(frozen=True)
class Room:
    """One source file: its path from the root of the repository, and its text."""

    path: str
    source: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.source, self.path)

    @property
    def floor(self) -> str:
        """The floor this room stands on; everything beside the floors and the hall is roof."""
        return floor_of(self.path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))

    @property
    def package(self) -> str:
        """The dotted name that relative imports start from."""
        return self.path.rpartition("/")[0].replace("/", ".")


Law = Callable[[list[Room]], list[str]]


@cache
def rooms() -> list[Room]:
    """Every source file that is shipped, read once for all laws."""
    files = [*sorted((ROOT / "authserver").rglob("*.py")), ROOT / "wsgi.py"]
    return [Room(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")) for file in files]


def floor_of(module: str) -> str:
    """The floor of a dotted module name of ours."""
    first = module.split(".")[1] if module.startswith("authserver.") else ""
    if first in HALL:
        return "hall"
    return first if first in FLOORS else "roof"


def imports(room: Room) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything imported, wherever in the file; `from a import b` gives `a.b`."""
    for node in ast.walk(room.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(room, node)
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and dotted(node.func) in {"importlib.import_module", "__import__"}:
            yield from ((node.lineno, str(a.value)) for a in node.args[:1] if isinstance(a, ast.Constant))


def _absolute(room: Room, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = room.package.split(".")
    kept = parts[: len(parts) - node.level + 1]
    return ".".join([*kept, *([node.module] if node.module else [])])


def names(room: Room) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything read, with the names of `from` imports and `as` put back to the originals."""
    for node in ast.walk(room.tree):
        if isinstance(node, ast.Attribute | ast.Name) and (name := dotted(node)):
            yield node.lineno, original(room, name)


def original(room: Room, name: str) -> str:
    """The dotted name as it is called where it comes from."""
    first, _, rest = name.partition(".")
    found = _originals(room).get(first, first)
    return f"{found}.{rest}" if rest else found


@cache
def _originals(room: Room) -> dict[str, str]:
    """What each imported name stands for: {'dt': 'datetime.datetime'} after `from datetime import datetime as dt`."""
    found: dict[str, str] = {}
    for node in ast.walk(room.tree):
        if isinstance(node, ast.Import):
            found |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(room, node)
            found |= {alias.asname or alias.name: f"{base}.{alias.name}" for alias in node.names}
    return found


def dotted(node: ast.expr) -> str:
    """`a.b.c` for a chain of plain names, otherwise an empty string."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""


def is_within(name: str, modules: set[str]) -> bool:
    """Whether a dotted name is one of the modules or something inside one."""
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def report(room: Room, line: int, sentence: str) -> str:
    """One violation, as a place that an editor can open and a sentence."""
    return f"{room.path}:{line}: {sentence}"

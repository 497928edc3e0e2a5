"""Updates the icon sprite: `python -m tools.icons FOLDER [NAME …]`. FOLDER is an unpacked lucide-static package.

The new sprite contains the icons that templates or code use, and those named on the command line. All other icons are
removed.
"""

import json
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "authserver" / "web"
VENDORED = WEB / "static" / "vendor" / "lucide"
SPRITE = VENDORED / "icons.svg"
_SHAPES = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
_SYMBOL = re.compile(r'<symbol id="([a-z0-9-]+)"')


def names_in(sprite: str) -> set[str]:
    """Return the names of the icons in a sprite."""
    return set(_SYMBOL.findall(sprite))


def in_use(names: set[str]) -> set[str]:
    """Return the names that occur in quotation marks in a template or in web code."""
    files = [*(ROOT / "templates").rglob("*.html"), *WEB.rglob("*.py")]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return names & set(re.findall(r"[\"']([a-z0-9-]+)[\"']", text))


def symbol(folder: Path, name: str) -> str:
    """Return one icon as a symbol of the sprite. The style sheet sets its colors and strokes."""
    source = (folder / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    match = _SHAPES.search(source)
    if match is None:
        raise ValueError(f"{name}.svg is not an icon of lucide-static")
    shapes = " ".join(match[1].split()).replace("> <", "><").replace(" />", "/>")
    return f'<symbol id="{name}" viewBox="0 0 24 24">{shapes}</symbol>'


def main(folder: Path, names: list[str]) -> None:
    """Write the sprite and its license."""
    kept = in_use(names_in(SPRITE.read_text(encoding="utf-8"))) if SPRITE.exists() else set()
    symbols = "\n".join(symbol(folder, name) for name in sorted(kept | set(names)))
    VENDORED.mkdir(parents=True, exist_ok=True)
    version = json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"]
    source = f"<!-- lucide-static {version}, see LICENSE -->"
    SPRITE.write_text(
        f'{source}\n<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n', encoding="utf-8"
    )
    shutil.copyfile(folder / "LICENSE", VENDORED / "LICENSE")
    print(f"{len(kept | set(names))} icons in {SPRITE.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])

"""Updates and compiles the message catalogs: `make translations`, which runs `python -m tools.translations`.

`make translations ARGS=fr` also creates the catalog of a new language, here French. pybabel does the work;
`[tool.babel]` in pyproject.toml configures where it finds messages.
"""

import sys
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

from babel.messages.frontend import CommandLineInterface

from authserver.languages import CATALOGS

ROOT = Path(__file__).resolve().parent.parent
KEYWORDS = ("message", "plural_message:1,2")
_WIDTH = "118"


def extract(template: Path) -> None:
    """Write the messages of code and templates to a catalog template (.pot)."""
    with chdir(ROOT):
        _pybabel(
            "extract",
            *("--mapping-file", "pyproject.toml"),
            *(f"--keywords={keyword}" for keyword in KEYWORDS),
            *("--add-location", "file", "--sort-by-file", "--width", _WIDTH),
            *("--project", "authserver", "--version", "1"),
            *("--output-file", str(template), "."),
        )


def main(new_languages: list[str]) -> None:
    """Update and compile all catalogs, after creating those of new languages."""
    with TemporaryDirectory() as folder:
        template = Path(folder, "messages.pot")
        extract(template)
        catalogs = ("--input-file", str(template), "--output-dir", str(CATALOGS), "--width", _WIDTH)
        for language in new_languages:
            _pybabel("init", *catalogs, "--locale", language)
        _pybabel(
            "update", *catalogs, "--no-fuzzy-matching", "--ignore-obsolete", "--ignore-pot-creation-date"
        )
    _pybabel("compile", "--directory", str(CATALOGS), "--statistics")


def _pybabel(*arguments: str) -> None:
    if CommandLineInterface().run(["pybabel", "--quiet", *arguments]):
        sys.exit(f"pybabel {arguments[0]} failed.")


if __name__ == "__main__":
    main(sys.argv[1:])

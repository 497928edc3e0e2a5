"""Updates and compiles the message catalogues: `make translations`, which runs `python -m tools.translations`.

`make translations ARGS=fr` also creates the catalogue of a new language (de, pt_BR). Everything is done by pybabel;
`[tool.babel]` in pyproject.toml says where messages are found.
"""

import sys
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

from babel.messages.frontend import CommandLineInterface

from authserver.languages import CATALOGUES

ROOT = Path(__file__).resolve().parent.parent
KEYWORDS = ("message", "plural_message:1,2")
_WIDTH = "118"


def extract(template: Path) -> None:
    """Write the messages of code and templates to a catalogue template (.pot)."""
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
    """Update and compile all catalogues, after creating those of new languages."""
    with TemporaryDirectory() as folder:
        template = Path(folder, "messages.pot")
        extract(template)
        catalogues = ("--input-file", str(template), "--output-dir", str(CATALOGUES), "--width", _WIDTH)
        for language in new_languages:
            _pybabel("init", *catalogues, "--locale", language)
        _pybabel(
            "update", *catalogues, "--no-fuzzy-matching", "--ignore-obsolete", "--ignore-pot-creation-date"
        )
    _pybabel("compile", "--directory", str(CATALOGUES), "--statistics")


def _pybabel(*arguments: str) -> None:
    if CommandLineInterface().run(["pybabel", "--quiet", *arguments]):
        sys.exit(f"pybabel {arguments[0]} failed.")


if __name__ == "__main__":
    main(sys.argv[1:])

"""Updates the translation catalogues: `python -m tools.translations [LANGUAGE …]`, or `make translations`.

Extracts the texts from templates and code, adds new ones to every catalogue, removes unused ones, and compiles the
catalogues. A named language without a catalogue gets an empty one (de, pt_BR).
"""

import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from authserver.languages import CATALOGUES

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("*.html", "account/*.html", "oauth1/*.html")
KEYWORDS: dict[str, Any] = {
    "gettext_noop": None,
    "ngettext_noop": (1, 2),
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
_LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
_WIDTH = 118
_TEMPLATE_OPTIONS = {"trimmed": "true", "trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}


def extracted() -> Catalog:
    """Return all texts of the templates and the code, with the files that contain them."""
    catalog = Catalog(charset="utf-8", fuzzy=False)
    for file in _sources():
        method, options = ("python", None) if file.suffix == ".py" else ("jinja2", _TEMPLATE_OPTIONS)
        found = extract_from_file(
            method,
            file,
            keywords=KEYWORDS,
            comment_tags=("Translators:",),
            options=options,
            strip_comment_tags=True,
        )
        place = file.relative_to(ROOT).as_posix()
        for _, message, comments, meaning in found:
            catalog.add(message, locations=[(place, 1)], auto_comments=comments, context=meaning)
    return catalog


def _sources() -> list[Path]:
    templates = [file for pattern in PAGES for file in (ROOT / "templates").glob(pattern)]
    return sorted([*templates, *(ROOT / "authserver" / "web").rglob("*.py")])


def read(path: Path) -> Catalog:
    """Return a catalogue as stored."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parents[1].name, charset="utf-8")


def written(catalog: Catalog) -> bytes:
    """Return a catalogue as a file that is identical on every machine: without line numbers and dates."""
    catalog.header_comment = (
        f"# {catalog.locale.english_name} for the pages. Update with `make translations`."
    )
    catalog.project, catalog.version = "authserver", "1"
    catalog.creation_date = catalog.revision_date = _LONG_AGO
    catalog.msgid_bugs_address = catalog.last_translator = catalog.language_team = ""
    file = BytesIO()
    write_po(file, catalog, width=_WIDTH, sort_by_file=True, ignore_obsolete=True, include_lineno=False)
    return file.getvalue()


def compiled(catalog: Catalog) -> bytes:
    """Return the compiled catalogue."""
    file = BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def catalogues() -> list[Path]:
    """Return the paths of the existing catalogues."""
    return sorted(CATALOGUES.glob("*/LC_MESSAGES/messages.po"))


def update(path: Path, sentences: Catalog) -> Catalog:
    """Update and compile one catalogue."""
    if path.exists():
        catalog = read(path)
        catalog.update(sentences, no_fuzzy_matching=True, update_creation_date=False)
    else:
        catalog = Catalog(locale=path.parents[1].name, fuzzy=False)
        catalog.update(sentences, no_fuzzy_matching=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written(catalog))
    path.with_suffix(".mo").write_bytes(compiled(catalog))
    return catalog


def main(wanted: list[str]) -> None:
    """Update all catalogues, and create those of new languages."""
    sentences = extracted()
    new = {CATALOGUES / language / "LC_MESSAGES" / "messages.po" for language in wanted}
    for path in sorted(new | set(catalogues())):
        catalog = update(path, sentences)
        open_ones = [
            message for message in catalog if message.id and not (message.string and all(message.string))
        ]
        print(f"{path.parents[1].name}: {len(catalog)} texts, {len(open_ones)} not translated")


if __name__ == "__main__":
    main(sys.argv[1:])

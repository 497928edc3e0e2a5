"""The commands, settings, links and files that the documents name exist."""

import re
import shlex

import pytest
from click.testing import CliRunner

from authserver.cli import main
from authserver.settings import Settings
from tests.architecture import ROOT

DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "migrations").glob("*.md")),
    *sorted((ROOT / "keys").glob("*.md")),
]
COMMAND = re.compile(r"^(?: {4,}|\$ )(?:\S*/bin/)?authserver ((?:[^\n]*\\\n)*[^\n]*)", re.MULTILINE)
SETTING = re.compile(r"\bAUTHSERVER_([A-Z0-9_]*[A-Z0-9])\b(?!\*)")
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]+)")
PATH = re.compile(r"`((?:authserver|tests|tools|migrations|templates|benchmarks|docs)/[\w./-]+)`")

# Files that readers create when they follow the instructions.
EXAMPLES = {"authserver/web/translations/fr/LC_MESSAGES/messages.po"}


def commands(text):
    """Return the arguments of every `authserver …` in a code block."""
    return [shlex.split(found.replace("\\\n", " "), comments=True) for found in COMMAND.findall(text)]


def faults(text, folder):
    """Return the commands, settings, links and paths in a document that do not exist."""
    found = [f"authserver {' '.join(words)}" for words in commands(text) if not is_command(words)]
    settings = {*Settings.model_fields, *(f"{name}_file" for name in Settings.model_fields), "config_file"}
    found += [name for name in SETTING.findall(text) if name.lower() not in settings]
    found += [link for link in LINK.findall(text) if not (folder / link).exists()]
    return found + [
        path for path in PATH.findall(text) if path not in EXAMPLES and not (ROOT / path).exists()
    ]


def is_command(words):
    """Return whether a command and its options exist; the values of the options are not checked."""
    words = [word for word in words if word not in {"…", "[OPTIONS]"}]
    return CliRunner().invoke(main, [*words, "--help"]).exit_code == 0


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_names_in_a_document_exist(document):
    assert faults(document.read_text(encoding="utf-8"), document.parent) == []


@pytest.mark.parametrize(
    "text",
    [
        "    authserver users forget alice",
        "    authserver clients add --nmae x \\\n      --approve",
        "Set `AUTHSERVER_PLANTED`.",
        "See [there](planted.md).",
        "See `tests/planted`.",
    ],
)
def test_planted_error_is_found(text):
    assert len(faults(text, ROOT)) == 1


def test_correct_document_passes():
    text = (
        "    authserver clients edit KEY \\\n      --name X\n"
        "`AUTHSERVER_PUBLIC_URL` [there](README.md) `tests/architecture`"
    )
    assert faults(text, ROOT) == []

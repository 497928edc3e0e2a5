"""Prints a random sample of docstrings and of sentences for users, so that somebody can review their English.

`python -m tools.sample_texts SEED` prints fifty docstrings and fifty sentences. The same seed prints the same texts.
Sentences come from pages, error descriptions and the help of commands: they are translatable messages, or string
literals that end with a period.
"""

import argparse
import ast
import random
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

from babel.messages.pofile import read_po

from tools import translations

CODE = translations.ROOT / "authserver"
COUNT = 50
_MIN_LENGTH = 20  # characters; shorter texts are labels


def docstrings() -> list[str]:
    """Return the docstrings of all modules, classes and functions."""
    return [text for tree in _trees() for node in ast.walk(tree) if (text := _docstring(node))]


def sentences() -> list[str]:
    """Return the sentences that users, administrators and clients read."""
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder, "messages.pot")
        translations.extract(template)
        with template.open("rb") as file:
            messages = [message.id for message in read_po(file) if message.id]
    translatable = [text if isinstance(text, str) else text[1] for text in messages]
    return sorted({text for text in [*translatable, *_literals()] if len(text) >= _MIN_LENGTH})


def _trees() -> Iterator[ast.Module]:
    for path in sorted(CODE.rglob("*.py")):
        yield ast.parse(path.read_text(encoding="utf-8"))


def _docstring(node: ast.AST) -> str | None:
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return ast.get_docstring(node)
    return None


def _literals() -> Iterator[str]:
    for tree in _trees():
        for node in ast.walk(tree):
            for child in ast.iter_child_nodes(node):
                text = _text(child)
                is_part_or_docstring = isinstance(node, ast.JoinedStr | ast.Expr)
                if text.endswith(".") and " " in text and not is_part_or_docstring:
                    yield text


def _text(node: ast.AST) -> str:
    """Return the text of a string literal, with ``{…}`` for the values of an f-string; empty for other nodes."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "{…}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def main() -> None:
    """Print the sample."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seed", type=int)
    chance = random.Random(parser.parse_args().seed)
    for title, texts in (("Docstrings", docstrings()), ("Sentences", sentences())):
        print(f"\n{title} ({COUNT} of {len(texts)})\n")
        for text in chance.sample(texts, COUNT):
            print(textwrap.indent(text, "  ").replace("  ", "- ", 1))


if __name__ == "__main__":
    main()

"""What was received against what was expected, side by side, with the part that differs marked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import takewhile
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from authserver.web.admin.explanations import Compare

_LETTER_BY_LETTER = 200
_PARTS = ("scheme", "host", "port", "path", "query", "fragment")


class Piece(NamedTuple):
    """A part of a text, and whether the other side lacks it."""

    text: str
    is_marked: bool = False


@dataclass(frozen=True)
class Comparison:
    """Two sides, piece by piece; ``others`` are further values that would have been accepted."""

    received: list[Piece] = field(default_factory=list)
    expected: list[Piece] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def compare(how: Compare, received: str, expected: str) -> Comparison:
    """Set two recorded texts side by side; ``expected`` can be several values on lines of their own."""
    if how == Compare.URIS and received and expected:
        return of_uris(received, expected.splitlines())
    if how == Compare.WORDS:
        known = expected.split()
        return Comparison(_against(received.split(), known), _plain(expected))
    return Comparison(_plain(received), _plain(expected))


def of_uris(received: str, registered: Sequence[str]) -> Comparison:
    """Compare a URI with the most similar one of those that are registered, letter by letter."""
    nearest = max(registered, key=lambda uri: _likeness(received, uri))
    ours, theirs = _letters(received, nearest)
    return Comparison(
        ours, theirs, _differences(received, nearest), [uri for uri in registered if uri != nearest]
    )


def _plain(text: str) -> list[Piece]:
    return [Piece(text)] if text else []


def _against(words: list[str], known: list[str]) -> list[Piece]:
    pieces: list[Piece] = []
    for word in words:
        pieces += [Piece(word, word not in known), Piece(" ")]
    return pieces[:-1]


def _likeness(one: str, other: str) -> tuple[bool, int, int]:
    start, end = _common(one, other)
    return _host(one) == _host(other), start + end, -len(other)


def _host(uri: str) -> str:
    return uri.partition("://")[2].partition("/")[0].lower()


def _common(one: str, other: str) -> tuple[int, int]:
    """Return how many letters two texts share at their beginnings, and how many more at their ends."""
    start = _run(one, other)
    return start, _run(one[start:][::-1], other[start:][::-1])


def _run(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _letters(one: str, other: str) -> tuple[list[Piece], list[Piece]]:
    start, end = _common(one, other)
    middles = one[start : len(one) - end], other[start : len(other) - end]
    ours, theirs = _middle(*middles)
    head, tail = _plain(one[:start]), _plain(one[len(one) - end :])
    return [*head, *ours, *tail], [*head, *theirs, *tail]


def _middle(one: str, other: str) -> tuple[list[Piece], list[Piece]]:
    # Comparing letter by letter takes time by the square of the length, and strangers decide how long a URI is.
    if max(len(one), len(other)) > _LETTER_BY_LETTER:
        return [Piece(one, True)] if one else [], [Piece(other, True)] if other else []
    ours: list[Piece] = []
    theirs: list[Piece] = []
    for tag, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        ours += [Piece(one[a:b], tag != "equal")] if a < b else []
        theirs += [Piece(other[c:d], tag != "equal")] if c < d else []
    return ours, theirs


def _differences(received: str, registered: str) -> list[str]:
    """Return in words which parts of two URIs differ."""
    try:
        ours, theirs = _parts(urlsplit(received)), _parts(urlsplit(registered))
    except ValueError:
        return []
    found = [
        f"The {name} differs: received {_said(a)}, registered {_said(b)}."
        for name, a, b in zip(_PARTS, ours, theirs, strict=True)
        if a != b
    ]
    if found and received.lower() == registered.lower():
        found.append("Small and capital letters are different letters here.")
    return found


def _parts(uri: SplitResult) -> tuple[str, ...]:
    host = uri.netloc.rpartition("@")[2].removesuffix(f":{uri.port}") if uri.port else uri.netloc
    return uri.scheme, host, str(uri.port or ""), uri.path, uri.query, uri.fragment


def _said(part: str) -> str:
    return f"“{part if len(part) <= 80 else part[:79] + '…'}”" if part else "none"

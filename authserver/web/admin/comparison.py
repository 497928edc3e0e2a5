"""Side-by-side comparison of the received and the expected value of a recorded error."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import takewhile
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from authserver.web.admin.explanations import Compare

_MAX_DIFF_LENGTH = 200
_PARTS = ("scheme", "host", "port", "path", "query", "fragment")


class Piece(NamedTuple):
    """A part of a text. It is marked if the other text does not contain it."""

    text: str
    is_marked: bool = False


@dataclass(frozen=True)
class Comparison:
    """Two texts, split into pieces, and sentences about their differences. ``others`` are further accepted values."""

    received: list[Piece] = field(default_factory=list)
    expected: list[Piece] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def compare(how: Compare, received: str, expected: str) -> Comparison:
    """Compare two recorded texts. ``expected`` may contain several values, one per line."""
    if how == Compare.URIS and received and expected:
        return compare_uris(received, expected.splitlines())
    if how == Compare.WORDS:
        known = expected.split()
        return Comparison(_marked_words(received.split(), known), _plain(expected))
    return Comparison(_plain(received), _plain(expected))


def compare_uris(received: str, registered: Sequence[str]) -> Comparison:
    """Compare a URI with the most similar registered one, character by character."""
    nearest = max(registered, key=lambda uri: _similarity(received, uri))
    received_pieces, registered_pieces = _pieces(received, nearest)
    return Comparison(
        received_pieces,
        registered_pieces,
        _differences(received, nearest),
        [uri for uri in registered if uri != nearest],
    )


def _plain(text: str) -> list[Piece]:
    return [Piece(text)] if text else []


def _marked_words(words: list[str], known: list[str]) -> list[Piece]:
    pieces: list[Piece] = []
    for word in words:
        pieces += [Piece(word, word not in known), Piece(" ")]
    return pieces[:-1]


def _similarity(one: str, other: str) -> tuple[bool, int, int]:
    start, end = _common(one, other)
    return _host(one) == _host(other), start + end, -len(other)


def _host(uri: str) -> str:
    return uri.partition("://")[2].partition("/")[0].lower()


def _common(one: str, other: str) -> tuple[int, int]:
    """Return the lengths of the common prefix and of the common suffix after it."""
    start = _common_prefix_length(one, other)
    return start, _common_prefix_length(one[start:][::-1], other[start:][::-1])


def _common_prefix_length(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _pieces(one: str, other: str) -> tuple[list[Piece], list[Piece]]:
    start, end = _common(one, other)
    middles = one[start : len(one) - end], other[start : len(other) - end]
    one_pieces, other_pieces = _middle(*middles)
    head, tail = _plain(one[:start]), _plain(one[len(one) - end :])
    return [*head, *one_pieces, *tail], [*head, *other_pieces, *tail]


def _middle(one: str, other: str) -> tuple[list[Piece], list[Piece]]:
    # A character diff takes quadratic time, and anyone can send a long URI.
    if max(len(one), len(other)) > _MAX_DIFF_LENGTH:
        return [Piece(one, True)] if one else [], [Piece(other, True)] if other else []
    one_pieces: list[Piece] = []
    other_pieces: list[Piece] = []
    for tag, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        one_pieces += [Piece(one[a:b], tag != "equal")] if a < b else []
        other_pieces += [Piece(other[c:d], tag != "equal")] if c < d else []
    return one_pieces, other_pieces


def _differences(received: str, registered: str) -> list[str]:
    """Return a sentence for each URI component that differs."""
    try:
        received_parts, registered_parts = _parts(urlsplit(received)), _parts(urlsplit(registered))
    except ValueError:
        return []
    found = [
        f"The {name} differs: received {_quoted(a)}, registered {_quoted(b)}."
        for name, a, b in zip(_PARTS, received_parts, registered_parts, strict=True)
        if a != b
    ]
    if found and received.lower() == registered.lower():
        found.append("The comparison is case-sensitive.")
    return found


def _parts(uri: SplitResult) -> tuple[str, ...]:
    host = uri.netloc.rpartition("@")[2].removesuffix(f":{uri.port}") if uri.port else uri.netloc
    return uri.scheme, host, str(uri.port or ""), uri.path, uri.query, uri.fragment


def _quoted(part: str) -> str:
    return f"“{part if len(part) <= 80 else part[:79] + '…'}”" if part else "none"

"""Lists in the console: which page of how many, and the addresses of the others. Everything is in the query string."""

from dataclasses import dataclass

from flask import request

SIZE = 25
_LAST = 100_000


@dataclass(frozen=True)
class Paging:
    """One page of a list; ``number`` counts from 1."""

    number: int
    count: int
    size: int = SIZE

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.count // self.size))

    @property
    def first(self) -> int:
        """The place of the first row shown, counted from 1; 0 in an empty list."""
        return min(self.offset + 1, self.count)

    @property
    def last(self) -> int:
        """The place of the last row shown."""
        return min(self.offset + self.size, self.count)

    @property
    def offset(self) -> int:
        """How many rows come before this page."""
        return (self.number - 1) * self.size

    @property
    def is_beyond(self) -> bool:
        """Whether the address names a page after the last one."""
        return self.number > self.pages


def requested_page() -> int:
    """Return the page number of the address, 1 where it is missing or odd."""
    text = request.args.get("page", "")
    return min(max(int(text), 1), _LAST) if text.isascii() and text.isdecimal() and len(text) < 8 else 1


def query_value(name: str, allowed: frozenset[str] | None = None) -> str:
    """Return one value of the query string, empty where it is not among the allowed ones."""
    value = request.args.get(name, "").strip()[:200]
    return value if allowed is None or value in allowed else ""

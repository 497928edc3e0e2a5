"""Pagination and query parameters of the console's lists."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import request

SIZE = 25
_MAX_PAGE = 100_000


@dataclass(frozen=True)
class Paging:
    """One page of a list. ``number`` counts from 1."""

    number: int
    count: int
    size: int = SIZE

    @property
    def pages(self) -> int:
        """The number of pages, at least 1."""
        return max(1, -(-self.count // self.size))

    @property
    def first(self) -> int:
        """The position of the first row on the page, counted from 1; 0 for an empty list."""
        return min(self.offset + 1, self.count)

    @property
    def last(self) -> int:
        """The position of the last row on the page."""
        return min(self.offset + self.size, self.count)

    @property
    def offset(self) -> int:
        """The number of rows before this page."""
        return (self.number - 1) * self.size

    @property
    def is_beyond(self) -> bool:
        """Whether the requested page is after the last one."""
        return self.number > self.pages


def requested_page(args: Mapping[str, str] | None = None) -> int:
    """Return the page number from the query string; 1 if it is missing or invalid."""
    text = (request.args if args is None else args).get("page", "")
    return min(max(int(text), 1), _MAX_PAGE) if text.isascii() and text.isdecimal() and len(text) < 8 else 1


def query_value(
    name: str, allowed: frozenset[str] | None = None, args: Mapping[str, str] | None = None
) -> str:
    """Return a query parameter; an empty string if it is missing or not allowed."""
    value = (request.args if args is None else args).get(name, "").strip()[:200]
    return value if allowed is None or value in allowed else ""

"""The languages of the pages: English (the source language), and one per message catalog in ``web/translations``.

Discovery publishes this list. ``web.rendering.languages`` translates the pages.
"""

from collections.abc import Iterable
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final

SOURCE: Final = "en"
CATALOGS: Final = Path(__file__).parent / "web" / "translations"
COMPILED: Final = Path("LC_MESSAGES", "messages.mo")
_MAX_TAGS = 20
_MAX_SUBTAGS = 8


@cache
def supported() -> tuple[str, ...]:
    """Return the language tags (BCP 47), English first."""
    folders = (path.parents[1].name for path in CATALOGS.glob(f"*/{COMPILED}"))
    return (SOURCE, *sorted(name.replace("_", "-") for name in folders))


def compiled(language: str) -> Path:
    """Return the path of the compiled catalog of a language."""
    return CATALOGS / language.replace("-", "_") / COMPILED


def requested_language(ui_locales: str) -> str | None:
    """Return the first supported language in ``ui_locales`` (OpenID Connect Core, section 3.1.2.1), or None."""
    return first_supported(ui_locales.split(maxsplit=_MAX_TAGS))


def first_supported(tags: Iterable[str]) -> str | None:
    """Return the first supported language, or None. Unknown and malformed tags are skipped."""
    return next((found for tag in islice(tags, _MAX_TAGS) if (found := _look_up(tag))), None)


def _look_up(tag: str) -> str | None:
    """Return the supported language for a tag, with fallback from ``de-AT`` to ``de`` (RFC 4647, section 3.4)."""
    known = {language.lower(): language for language in supported()}
    parts = tag.lower().split("-", _MAX_SUBTAGS)
    shortened = ("-".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((known[name] for name in shortened if name in known), None)

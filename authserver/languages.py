"""The languages that people's pages speak: English, in which they are written, and one for each catalogue.

A catalogue is a folder below ``web/translations``; what puts its words on a page is in ``web.languages``. Discovery
announces this list.
"""

from collections.abc import Iterable
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final

SOURCE: Final = "en"
CATALOGUES: Final = Path(__file__).parent / "web" / "translations"
COMPILED: Final = Path("LC_MESSAGES", "messages.mo")
_MOST_WISHES = 20
_MOST_PARTS = 8


@cache
def supported() -> tuple[str, ...]:
    """Return the tags of the languages (BCP 47), English first."""
    folders = (path.parents[1].name for path in CATALOGUES.glob(f"*/{COMPILED}"))
    return (SOURCE, *sorted(name.replace("_", "-") for name in folders))


def compiled(language: str) -> Path:
    """Return where the compiled catalogue of a language is."""
    return CATALOGUES / language.replace("-", "_") / COMPILED


def requested_language(ui_locales: str) -> str | None:
    """Return the language that ``ui_locales`` asks for (OpenID Connect Core, section 3.1.2.1), None where there is none."""
    return first_supported(ui_locales.split(maxsplit=_MOST_WISHES))


def first_supported(tags: Iterable[str]) -> str | None:
    """Return the first wish that can be granted; what is unknown or no language tag at all is passed over."""
    return next((found for tag in islice(tags, _MOST_WISHES) if (found := _look_up(tag))), None)


def _look_up(tag: str) -> str | None:
    """Return the language of a tag, or of the tag without its last parts: ``de-AT`` is ``de`` (RFC 4647, section 3.4)."""
    known = {language.lower(): language for language in supported()}
    parts = tag.lower().split("-", _MOST_PARTS)
    shortened = ("-".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((known[name] for name in shortened if name in known), None)

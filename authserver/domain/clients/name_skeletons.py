"""Skeletons of names. Names that look alike have the same skeleton (see Unicode TS #39).

A skeleton ignores case, accents, spacing and punctuation. It replaces a character that looks like an ASCII letter with
this letter. The skeleton is stored in the client's row and indexed, so that a query can find similar names.
"""

import unicodedata
from functools import lru_cache

LENGTH = 300
_DIGITS = str.maketrans("0135", "oles")
_PAIRS = {"rn": "m", "vv": "w", "cl": "d"}


def skeleton_of(name: str) -> str:
    """Return the skeleton of a name; it is empty for a name without letters and digits."""
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    letters = "".join(_ascii_lookalike(letter) for letter in decomposed if letter.isalnum()).translate(
        _DIGITS
    )
    for pair, single in _PAIRS.items():
        letters = letters.replace(pair, single)
    return letters.replace("i", "l")[:LENGTH]


@lru_cache(maxsize=4096)
def _ascii_lookalike(letter: str) -> str:
    if letter.isascii():
        return letter
    # Loading the table of look-alike characters is slow, and few processes need it.
    from confusable_homoglyphs import confusables

    # In Cyrillic, for example, an uppercase letter can look like an ASCII letter while its lowercase form does not.
    for form in (letter, letter.upper()):
        for found in confusables.is_confusable(form, greedy=True) or []:
            for homoglyph in found["homoglyphs"]:
                if homoglyph["c"].isascii() and homoglyph["c"].isalnum():
                    return str(homoglyph["c"]).casefold()
    return letter

"""Skeletons of names: what is left when case, accents, spacing and look-alike letters do not count.

The skeleton of every client's name is kept beside it, so that names that a person could mistake for each other are found
without reading all of them.
"""

import unicodedata

LENGTH = 300
_TWINS = {"rn": "m", "vv": "w", "cl": "d"}
# Letters of other scripts and digits, beside the Latin letter that they look like.
_DOUBLES = str.maketrans("0135аеорсухіјѕԁԛԝαοριν", "olesaeopcyxijsdqwaopiv")


def skeleton_of(name: str) -> str:
    """Return the skeleton of a name, empty for one without letters and digits."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(letter for letter in decomposed if letter.isalnum()).translate(_DOUBLES)
    for pair, single in _TWINS.items():
        letters = letters.replace(pair, single)
    return letters.replace("i", "l")[:LENGTH]

"""Computes the skeletons of client names as revision 0015 stored them. Do not change this module."""

import unicodedata

_TWINS = {"rn": "m", "vv": "w", "cl": "d"}
_DOUBLES = str.maketrans("0135аеорсухіјѕԁԛԝαοριν", "olesaeopcyxijsdqwaopiv")


def skeleton_of(name: str) -> str:
    """Return the skeleton of a name."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(letter for letter in decomposed if letter.isalnum()).translate(_DOUBLES)
    for pair, single in _TWINS.items():
        letters = letters.replace(pair, single)
    return letters.replace("i", "l")[:300]

"""What a check found."""

from typing import Literal, NamedTuple

Outcome = Literal["pass", "warn", "fail"]


class Finding(NamedTuple):
    """The outcome of one check in a sentence, and what to do about it."""

    outcome: Outcome
    sentence: str
    fix: str = ""


def passed(sentence: str) -> Finding:
    """Return that all is well."""
    return Finding("pass", sentence)


def warned(sentence: str, fix: str) -> Finding:
    """Return that it works but should be looked at."""
    return Finding("warn", sentence, fix)


def failed(sentence: str, fix: str) -> Finding:
    """Return that it does not work, or not safely."""
    return Finding("fail", sentence, fix)

"""What a check found."""

from typing import Literal, NamedTuple

Outcome = Literal["pass", "warn", "fail"]


class CheckResult(NamedTuple):
    """The outcome of one check in a sentence, and what to do about it."""

    outcome: Outcome
    sentence: str
    fix: str = ""


def passed(sentence: str) -> CheckResult:
    """Return that all is well."""
    return CheckResult("pass", sentence)


def warned(sentence: str, fix: str) -> CheckResult:
    """Return that it works but should be looked at."""
    return CheckResult("warn", sentence, fix)


def failed(sentence: str, fix: str) -> CheckResult:
    """Return that it does not work, or not safely."""
    return CheckResult("fail", sentence, fix)

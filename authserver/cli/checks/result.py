"""The result of a check."""

from typing import Literal, NamedTuple

Outcome = Literal["pass", "warn", "fail"]


class CheckResult(NamedTuple):
    """The outcome of a check, with a sentence and a suggested fix."""

    outcome: Outcome
    sentence: str
    fix: str = ""


def passed(sentence: str) -> CheckResult:
    """Return a passed check."""
    return CheckResult("pass", sentence)


def warned(sentence: str, fix: str) -> CheckResult:
    """Return a warning."""
    return CheckResult("warn", sentence, fix)


def failed(sentence: str, fix: str) -> CheckResult:
    """Return a failed check."""
    return CheckResult("fail", sentence, fix)

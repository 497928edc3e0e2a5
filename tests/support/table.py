"""Table tests: many cases of one rule, in one database.

`@table("name", cases)` is written like `pytest.mark.parametrize`. All cases share the fixtures, so the application
is set up once and a case costs only its requests. Each case is reported as a subtest. Use it if no case changes
anything that another case reads, for example for parsers.
"""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

import pytest

Test = Callable[..., None]


def table(names: str | tuple[str, ...], cases: Iterable[Any]) -> Callable[[Test], Test]:
    """Run a test for each case. A case is a value, or a tuple of values if there are several names."""
    filled_in = (names,) if isinstance(names, str) else names
    rows = list(cases)

    def decorate(test: Test) -> Test:
        signature = inspect.signature(test)
        fixtures = [name for name in signature.parameters if name not in filled_in]

        @functools.wraps(test)
        def run(subtests: pytest.Subtests, **used: Any) -> None:
            for row in rows:
                case = dict(zip(filled_in, (row,) if isinstance(names, str) else row, strict=True))
                passed_on = used | ({"subtests": subtests} if "subtests" in fixtures else {})
                with subtests.test(**{name: repr(value) for name, value in case.items()}):
                    test(**passed_on, **case)

        kept = [signature.parameters[name] for name in fixtures if name != "subtests"]
        first = inspect.Parameter("subtests", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        run.__signature__ = signature.replace(parameters=[first, *kept])  # type: ignore[attr-defined]
        del run.__wrapped__  # Otherwise pytest uses the signature of the wrapped test.
        return run

    return decorate

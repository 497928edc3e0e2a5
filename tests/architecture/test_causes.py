"""Every cause that the code can record in the diagnostics ledger has its words in the console, and none is left over."""

import ast
from collections.abc import Iterator

import pytest

from authserver.protocol.access import DenialReason
from authserver.protocol.oauth1.problems import Reason
from authserver.web.admin.explanations import EXPLANATIONS
from tests.architecture.engine import Room, report, rooms

# Where the cause stands among the arguments of the calls that record one.
POSITIONS = {
    "refusal": 2,
    "Refusal": 2,
    "_refusal": -1,
    "_refused": 1,
    "BearerError": 3,
    "_malformed": 1,
    "_dead": 0,
    "MalformedRequest": 1,
}
# What is not written as a word: verdicts of the gate and problems of OAuth 1.0a, which are enumerated, and these.
ENUMERATED = {"verdict", "refused.verdict", "failure.verdict"}
PASSED_ON = {"cause", "error.cause"}
DERIVED = {
    # What an endpoint cannot do without: the calls of ``required``.
    "_missing(name)": {
        "code-missing",
        "device-code-missing",
        "password-missing",
        "refresh-token-missing",
        "token-missing",
        "username-missing",
    },
    "kind": {
        "login-required",
        "consent-required",
        "request_not_supported",
        "request_uri_not_supported",
    },
}
# The one that is set by hand.
OTHERS = {"response-type-unsupported"}
RECORDERS = (
    "authserver/protocol/",
    "authserver/web/frontchannel/",
    "authserver/web/machine/",
    "authserver/web/client_redirects.py",
)
# Functions of the same name that say something else.
STRANGERS = {"authserver/web/frontchannel/setup.py", "authserver/protocol/oauth2/registration.py:_refusal"}


def causes(house: list[Room]) -> Iterator[tuple[Room, int, ast.expr]]:
    """Every expression that a call hands over as a cause."""
    for room in house:
        if not room.path.startswith(RECORDERS) or room.path in STRANGERS:
            continue
        for node in ast.walk(room.tree):
            if isinstance(node, ast.Call) and (found := _cause(room, node)) is not None:
                yield room, node.lineno, found


def _cause(room: Room, call: ast.Call) -> ast.expr | None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name not in POSITIONS or f"{room.path}:{name}" in STRANGERS:
        return None
    if (by_name := [word.value for word in call.keywords if word.arg == "cause"]) or not call.args:
        return by_name[0] if by_name and not _is_computed(by_name[0]) else None
    place = POSITIONS[name]
    return call.args[place] if place < len(call.args) else None


def _is_computed(value: ast.expr) -> bool:
    # The ledger's own call passes on what a refusal or a problem carries.
    return isinstance(value, ast.Call)


def _branches(value: ast.IfExp) -> tuple[ast.expr, ast.expr]:
    return value.body, value.orelse


def words_in(house: list[Room]) -> tuple[set[str], list[str]]:
    """The causes that are written in the code, and the expressions that nobody has explained to this test."""
    found: set[str] = set()
    unknown = []
    for room, line, value in causes(house):
        text = ast.unparse(value)
        if isinstance(value, ast.IfExp) and all(isinstance(one, ast.Constant) for one in _branches(value)):
            found |= {one.value for one in _branches(value)}
        elif isinstance(value, ast.Constant):
            found.add(value.value)
        elif text in DERIVED:
            found |= DERIVED[text]
        elif text not in ENUMERATED | PASSED_ON:
            unknown.append(report(room, line, f"{text} is a cause that no test knows"))
    return found, unknown


@pytest.fixture(scope="module")
def recorded():
    found, unknown = words_in(rooms())
    assert unknown == []
    reasons = {reason.replace("_", "-") for reason in Reason}
    return found | set(DenialReason) | reasons | OTHERS


def test_every_cause_has_words(recorded):
    assert recorded - set(EXPLANATIONS) == set()


def test_no_words_are_left_over(recorded):
    assert set(EXPLANATIONS) - recorded == set()


def test_words_say_what_happened_and_what_to_do():
    for cause, words in EXPLANATIONS.items():
        assert words.title, cause
        assert not words.title.endswith("."), cause
        assert words.advice.endswith("."), cause


def test_a_planted_cause_is_seen():
    source = "def f():\n    raise refusal(Kind, 'Words.', 'planted-cause')\n    raise refusal(Kind, 'Words.', odd())"
    found, unknown = words_in([Room("authserver/protocol/oauth2/planted.py", source)])
    assert found == {"planted-cause"}
    assert unknown == ["authserver/protocol/oauth2/planted.py:3: odd() is a cause that no test knows"]


@pytest.mark.parametrize(
    "call",
    [
        "BearerError(401, 'invalid_token', 'Words.', 'planted-cause', scope='x')",
        "MalformedRequest('Words.', 'planted-cause', received='x')",
        "_malformed('Words.', 'planted-cause', 'x')",
        "_dead('planted-cause' if odd else 'planted-cause', client_id=1)",
    ],
)
def test_every_way_of_recording_is_seen(call):
    assert words_in([Room("authserver/protocol/oauth2/planted.py", f"raise {call}")]) == (
        {"planted-cause"},
        [],
    )

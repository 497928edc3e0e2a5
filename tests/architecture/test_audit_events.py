"""Law 6 for the audit trail: which events there are is pinned, each is recorded somewhere, and none is recorded unnamed."""

import ast
import re

import pytest

from authserver.domain.audit import EVENTS
from tests.architecture.engine import Room, dotted, rooms

PINNED = {
    "authorization:grant",
    "authorization:revoke",
    "client:add-secret",
    "client:approve",
    "client:approve-change",
    "client:ask-change",
    "client:create",
    "client:disapprove",
    "client:discard-change",
    "client:edit",
    "client:remove",
    "client:remove-secret",
    "consent:withdraw",
    "key:create",
    "key:remove",
    "key:rotate",
    "scope:add",
    "scope:edit",
    "scope:remove",
    "session:end",
    "session:refuse",
    "session:start",
    "setup:complete",
    "user:add-second-factor",
    "user:create",
    "user:disable",
    "user:edit",
    "user:enable",
    "user:grant",
    "user:remove-second-factor",
    "user:renew-recovery-codes",
    "user:set-password",
}


TRAIL = "authserver/domain/audit.py"


def recorded(house: list[Room]) -> set[str]:
    """Every event that a call hands to audit.record, or to a function that hands its `event` on to there."""
    recorders = _recorders(house)
    return {
        word
        for room in house
        if room.path != TRAIL
        for node in ast.walk(room.tree)
        for event in _handed_over(node, recorders)
        for word in _words(event)
    }


def _recorders(house: list[Room]) -> dict[str, int]:
    """The functions that record an event, each with the place of `event` among its arguments."""
    functions = [node for room in house for node in ast.walk(room.tree) if isinstance(node, ast.FunctionDef)]
    having = {one: place for one in functions if (place := _place_of_event(one)) is not None}
    found: dict[str, int] = {"audit.record": 2}
    while True:
        known = len(found)
        found |= {one.name: place for one, place in having.items() if _hands_on(one, found)}
        if len(found) == known:
            return found


def _place_of_event(function: ast.FunctionDef) -> int | None:
    by_place = [argument.arg for argument in function.args.args]
    by_name = [argument.arg for argument in function.args.kwonlyargs]
    return by_place.index("event") if "event" in by_place else len(by_place) if "event" in by_name else None


def _hands_on(function: ast.FunctionDef, recorders: dict[str, int]) -> bool:
    handed = [event for node in ast.walk(function) for event in _handed_over(node, recorders)]
    return any(isinstance(event, ast.Name) and event.id == "event" for event in handed)


def _handed_over(node: ast.AST, recorders: dict[str, int]) -> list[ast.expr]:
    """The expressions that a call hands to a recorder, or that a recorder takes when nothing is handed over."""
    if isinstance(node, ast.FunctionDef) and node.name in recorders:
        return _default(node)
    if not isinstance(node, ast.Call) or (place := _recorder(node, recorders)) is None:
        return []
    return [word.value for word in node.keywords if word.arg == "event"] or node.args[place : place + 1]


def _recorder(call: ast.Call, recorders: dict[str, int]) -> int | None:
    name = dotted(call.func)
    return recorders.get(name, recorders.get(name.rpartition(".")[2]))


def _default(function: ast.FunctionDef) -> list[ast.expr]:
    by_name = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    return [value for argument, value in by_name if argument.arg == "event" and value]


def _words(event: ast.expr) -> set[str]:
    branches = (event.body, event.orelse) if isinstance(event, ast.IfExp) else (event,)
    return {one.value for one in branches if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def test_the_events_are_pinned():
    assert set(EVENTS) == PINNED


def test_events_follow_the_grammar():
    assert [event for event in EVENTS if not re.fullmatch(r"[a-z]+:[a-z]+(?:-[a-z]+)*", event)] == []


def test_every_event_is_recorded_somewhere_and_none_is_unknown():
    assert recorded(rooms()) == set(EVENTS)


@pytest.mark.parametrize(
    "source",
    [
        "audit.record(s, a, 'user:rename')",
        "audit.record(s, a, event='user:rename')",
        "def change(s, a, event):\n    audit.record(s, a, event)\nchange(s, a, 'user:rename')",
        "def change(s, *, event='user:rename'):\n    audit.record(s, 1, event)",
        "def change(s, event):\n    audit.record(s, 1, event)\nchange(s, 'user:rename' if s else 'user:rename')",
    ],
)
def test_a_planted_event_is_seen(source):
    assert recorded([Room("authserver/domain/users/users.py", source)]) == {"user:rename"}


@pytest.mark.parametrize(
    "source",
    [
        "WORDS = {'user:rename': 'A name was changed.'}",
        "def change(s, event):\n    pass\nchange(s, 'user:rename')",
    ],
)
def test_an_event_that_is_worded_only_is_not_recorded(source):
    assert recorded([Room("authserver/domain/users/users.py", source)]) == set()

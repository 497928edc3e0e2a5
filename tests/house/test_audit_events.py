"""Law 6 for the audit trail: which events there are is pinned, each is recorded somewhere, and none is recorded unnamed."""

import ast
import re

from authserver.domain.audit import EVENTS
from tests.house.engine import Room, rooms

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


def mentioned(house: list[Room]) -> set[str]:
    """Every word in the grammar subject:verb that a room other than the trail itself says."""
    subjects = "|".join({event.partition(":")[0] for event in EVENTS})
    return {
        node.value
        for room in house
        if room.path != "authserver/domain/audit.py"
        for node in ast.walk(room.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.fullmatch(rf"(?:{subjects}):[a-z-]+", node.value)
    }


def test_the_events_are_pinned():
    assert set(EVENTS) == PINNED


def test_events_follow_the_grammar():
    assert [event for event in EVENTS if not re.fullmatch(r"[a-z]+:[a-z]+(?:-[a-z]+)*", event)] == []


def test_every_event_is_recorded_somewhere_and_none_is_unknown():
    assert mentioned(rooms()) == set(EVENTS)


def test_a_planted_event_is_seen():
    assert mentioned([Room("authserver/domain/users.py", "audit.record(s, a, 'user:rename')")]) == {
        "user:rename"
    }

"""Every audit event is pinned, described and recorded by the code."""

import re
import subprocess

from authserver.domain.audit import EVENTS, Event
from tests.architecture import ROOT

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
    "key:retire",
    "key:rotate",
    "resource:add",
    "resource:edit",
    "resource:remove",
    "group:add",
    "group:add-member",
    "group:edit",
    "group:remove",
    "group:remove-member",
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
    "user:erase",
    "user:export",
    "user:grant",
    "user:lift-limit",
    "user:remove-second-factor",
    "user:rename",
    "user:renew-recovery-codes",
    "user:set-password",
}


def test_the_events_are_pinned():
    assert set(Event) == PINNED


def test_events_follow_the_grammar():
    assert [event for event in Event if not re.fullmatch(r"[a-z]+:[a-z]+(?:-[a-z]+)*", event)] == []


def test_every_event_is_described():
    assert set(EVENTS) == set(Event)


def test_every_event_is_recorded_somewhere():
    command = [
        "git",
        "grep",
        "-ohE",
        r"\bEvent\.[A-Z_]+",
        "--",
        "authserver/domain",
        ":!authserver/domain/audit.py",
    ]
    named = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert set(named) == {f"Event.{event.name}" for event in Event}

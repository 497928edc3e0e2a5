"""Law 1: imports go down only; the wings of web/ do not know each other; authserver/__init__ imports nothing."""

import pytest

from tests.architecture.engine import FLOORS, Room, floor_of, imports, report, rooms

WINGS = {"frontchannel", "account", "admin", "machine"}


def downward(house: list[Room]) -> list[str]:
    """Imports that go up, or across from one top floor to the other."""
    return [
        report(room, line, f"{room.floor} imports {name}, which is {floor_of(name)}")
        for room in house
        for line, name in imports(room)
        if name.startswith("authserver") and not _may_import(room, name)
    ]


def _may_import(room: Room, name: str) -> bool:
    here, there = room.floor, floor_of(name)
    if here == there or (here == "cli" and name == "authserver.app.create_app"):
        return True  # the command line builds the very app that it serves, migrates or examines
    return FLOORS[here] > FLOORS[there]


def wings_apart(house: list[Room]) -> list[str]:
    """Imports from one wing of web/ into another."""
    return [
        report(room, line, f"the wing {wing} imports {name}")
        for room in house
        for line, name in imports(room)
        if (wing := _wing(room.path.replace("/", "."))) and (other := _wing(name)) and wing != other
    ]


def _wing(module: str) -> str | None:
    parts = module.split(".")
    return parts[2] if parts[:2] == ["authserver", "web"] and len(parts) > 2 and parts[2] in WINGS else None


def bare_entrance(house: list[Room]) -> list[str]:
    """Anything that authserver/__init__.py imports."""
    entrances = (room for room in house if room.path == "authserver/__init__.py")
    return [report(room, line, f"imports {name}") for room in entrances for line, name in imports(room)]


@pytest.mark.parametrize("law", [downward, wings_apart, bare_entrance])
def test_house_obeys(law):
    assert law(rooms()) == []


@pytest.mark.parametrize(
    ("law", "path", "source"),
    [
        (downward, "authserver/domain/users/users.py", "from authserver.web import pages"),
        (
            downward,
            "authserver/domain/users/users.py",
            "def f():\n    import authserver.protocol.oauth2.grants",
        ),
        (downward, "authserver/protocol/oauth2/server.py", "from authserver.cli import users"),
        (downward, "authserver/protocol/oauth2/server.py", "from ...web import pages"),
        (downward, "authserver/settings.py", "from authserver.domain import users"),
        (downward, "authserver/web/rendering/template_globals.py", "from authserver.cli import users"),
        (downward, "authserver/cli/users.py", "from authserver.web import pages"),
        (downward, "authserver/web/rendering/template_globals.py", "from authserver.app import create_app"),
        (
            downward,
            "authserver/domain/orm.py",
            "import importlib\nimportlib.import_module('authserver.web.rendering.template_globals')",
        ),
        (wings_apart, "authserver/web/admin/clients.py", "from authserver.web.account import sessions"),
        (wings_apart, "authserver/web/machine/token.py", "from ..frontchannel import authorize"),
        (bare_entrance, "authserver/__init__.py", "import os"),
    ],
)
def test_a_planted_violation_is_seen(law, path, source):
    assert len(law([Room(path, source)])) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (
            "authserver/web/admin/clients.py",
            "from authserver.domain import clients\nfrom authserver.vocabulary import Path",
        ),
        ("authserver/cli/serve.py", "from authserver.app import create_app"),
        ("authserver/app.py", "from authserver.web.admin import clients"),
        ("authserver/web/admin/clients.py", "from authserver.web import pages\nfrom . import forms"),
    ],
)
def test_what_is_allowed_passes(path, source):
    room = [Room(path, source)]
    assert downward(room) == wings_apart(room) == []

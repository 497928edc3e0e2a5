"""Laws 2 and 3: Flask stays at the doors, addresses come from settings, the protocol floor needs no web framework."""

import ast

import pytest

from tests.architecture.engine import Room, imports, is_within, names, report, rooms

FLASK = {"flask", "flask_login", "flask_wtf", "flask_migrate", "werkzeug", "wtforms", "jinja2"}
REQUEST_GLOBALS = {"flask.current_app", "flask.g", "flask.url_for", "flask.session", "flask.request"}
BARE_GLOBALS = {"current_app", "url_for"}
# What a browser says about where we are; behind a proxy it is a guess, and from an attacker a lie.
GUESSED_ADDRESSES = {"host", "host_url", "base_url", "url_root", "root_url"}
# Authlib's Flask and SQLAlchemy glue hides the request and commits inside; its jose is deprecated in favour of joserfc.
UNWANTED = {"authlib.integrations", "authlib.jose"}


def flask_at_the_doors(house: list[Room]) -> list[str]:
    """Flask and its family outside web/, cli/, app.py; flask-sqlalchemy outside domain/db."""
    found = []
    for room in house:
        for line, name in imports(room):
            if is_within(name, FLASK) and room.floor not in {"web", "cli", "roof"}:
                found.append(report(room, line, f"imports {name} below web/"))
            if is_within(name, {"flask_sqlalchemy"}) and room.path != "authserver/domain/orm.py":
                found.append(report(room, line, f"imports {name}; only domain/db does"))
    return found


def no_request_globals(house: list[Room]) -> list[str]:
    """Flask's per-request globals below web/."""
    return [
        report(room, line, f"uses {name} below web/")
        for room in house
        if room.floor in {"hall", "domain", "protocol"}
        for line, name in sorted(set(names(room)))
        if name in REQUEST_GLOBALS or name in BARE_GLOBALS
    ]


def addresses_from_settings(house: list[Room]) -> list[str]:
    """Own addresses taken from the Host header instead of the settings."""
    found = []
    for room in house:
        for line, name in names(room):
            base, _, last = name.rpartition(".")
            if base in {"flask.request", "request"} and last in GUESSED_ADDRESSES:
                found.append(report(room, line, f"{name} is what the caller says; use the settings"))
        found += [
            report(room, node.value.lineno, "_external=True builds on the Host header; use the settings")
            for node in ast.walk(room.tree)
            if isinstance(node, ast.keyword) and node.arg == "_external"
        ]
    return found


def framework_free_protocol(house: list[Room]) -> list[str]:
    """Authlib's framework integrations and its deprecated jose."""
    return [
        report(room, line, f"imports {name}")
        for room in house
        for line, name in imports(room)
        if is_within(name, UNWANTED)
    ]


@pytest.mark.parametrize(
    "law", [flask_at_the_doors, no_request_globals, addresses_from_settings, framework_free_protocol]
)
def test_house_obeys(law):
    assert law(rooms()) == []


@pytest.mark.parametrize(
    ("law", "path", "source"),
    [
        (flask_at_the_doors, "authserver/domain/users/users.py", "from flask import Flask"),
        (flask_at_the_doors, "authserver/protocol/oauth2/server.py", "import werkzeug.exceptions"),
        (flask_at_the_doors, "authserver/settings.py", "def f():\n    from flask_login import current_user"),
        (flask_at_the_doors, "authserver/domain/users/users.py", "from flask_sqlalchemy import SQLAlchemy"),
        (no_request_globals, "authserver/domain/users/users.py", "import flask\nflask.g.user = 1"),
        (no_request_globals, "authserver/protocol/oidc/claims.py", "def f(x):\n    return url_for(x)"),
        (no_request_globals, "authserver/logs.py", "from flask import session as s\ns['a'] = 1"),
        (
            addresses_from_settings,
            "authserver/web/rendering/template_globals.py",
            "from flask import request\nx = request.host_url",
        ),
        (
            addresses_from_settings,
            "authserver/web/rendering/template_globals.py",
            "import flask\nx = flask.url_for('a', _external=True)",
        ),
        (
            framework_free_protocol,
            "authserver/web/rendering/template_globals.py",
            "from authlib.integrations.flask_oauth2 import X",
        ),
        (framework_free_protocol, "authserver/protocol/oidc/tokens.py", "from authlib import jose"),
    ],
)
def test_a_planted_violation_is_seen(law, path, source):
    assert len(law([Room(path, source)])) == 1


def test_what_is_allowed_passes():
    house = [
        Room(
            "authserver/web/rendering/template_globals.py", "from flask import g, session\ng.x = session['a']"
        ),
        Room("authserver/domain/orm.py", "from flask_sqlalchemy import SQLAlchemy"),
        Room("authserver/domain/users/users.py", "def f(session):\n    return session.get(1)"),
        Room("authserver/protocol/oauth2/server.py", "from authlib.oauth2 import AuthorizationServer"),
    ]
    laws = [flask_at_the_doors, no_request_globals, addresses_from_settings, framework_free_protocol]
    assert [law(house) for law in laws] == [[], [], [], []]

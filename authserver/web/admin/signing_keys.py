"""Settings > Signing keys: which key signs, which comes next, which are kept for checking; and their rotation by hand."""

from datetime import datetime
from typing import NamedTuple

from flask import request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import keys
from authserver.domain.keys import ALGORITHMS, Rotated, SigningKey
from authserver.errors import Conflict, NotFound
from authserver.web import door, guards
from authserver.web.admin import answers
from authserver.web.admin.blueprint import admin


class Line(NamedTuple):
    """One key with the instant of its next change, where that is known."""

    key: SigningKey
    changes_at: datetime | None


@admin.get("/settings/signing-keys")
def signing_keys() -> ResponseReturnValue:
    """Show the keys of every algorithm."""
    rows = keys.all_keys(door.session())
    rotation = door.services().settings.signing_key_rotation
    groups = {
        algorithm: [Line(row, _next_change(row)) for row in rows if row.algorithm == algorithm]
        for algorithm in ALGORITHMS
    }
    return answers.show("admin/signing_keys.html", groups=groups, rotation=rotation)


@admin.get("/settings/signing-keys/<algorithm>/rotate")
@guards.require_recent_sign_in
def ask_to_rotate(algorithm: str) -> ResponseReturnValue:
    """Ask whether the next key shall sign."""
    return _question(_known(algorithm))


@admin.post("/settings/signing-keys/<algorithm>/rotate")
@guards.require_recent_sign_in
def rotate_signing_key(algorithm: str) -> ResponseReturnValue:
    """Let the next key sign."""
    try:
        with answers.attempt():
            key = _rotate(_known(algorithm), request.form.get("active", ""))
    except Conflict as error:
        return _question(algorithm, error)
    door.services().ring.forget()
    return answers.go(url_for("admin.signing_keys"), f"The {algorithm} key {key.kid} signs from now on.")


def _rotate(algorithm: str, active: str) -> SigningKey:
    session, actor, vault = door.session(), door.actor(), door.services().vault
    if "stolen" in request.form:
        return keys.replace_stolen(session, actor, vault, algorithm, instead_of=active)
    is_urgent = "urgent" in request.form
    return keys.rotate(session, actor, vault, algorithm, is_urgent=is_urgent, instead_of=active)


def _question(algorithm: str, error: Conflict | None = None) -> ResponseReturnValue:
    rows = keys.all_keys(door.session())
    active = next((row.kid for row in rows if (row.algorithm, row.state) == (algorithm, "active")), "")
    return answers.show(
        "admin/signing_key_rotate.html",
        409 if error else 200,
        algorithm=algorithm,
        active=active,
        error=str(error or ""),
        is_early=error is not None and not isinstance(error, Rotated),
    )


def _known(algorithm: str) -> str:
    if algorithm not in ALGORITHMS:
        raise NotFound("There are no keys of this algorithm.")
    return algorithm


def _next_change(row: SigningKey) -> datetime | None:
    rotation = door.services().settings.signing_key_rotation
    if row.state == "active" and rotation:
        return (row.activated_at or row.created_at) + rotation
    return row.created_at + keys.PUBLISH_BEFORE_USE if row.state == "next" else None

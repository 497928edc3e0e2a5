"""Settings > Signing keys: which key signs, which comes next, which are kept for checking; and their rotation by hand."""

from datetime import datetime
from typing import NamedTuple

from flask import request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain.keys import signing_keys
from authserver.domain.keys.signing_keys import ALGORITHMS, AlreadyRotated, SigningKey
from authserver.errors import Conflict, NotFound
from authserver.web import current
from authserver.web.admin import responses
from authserver.web.admin.blueprint import admin
from authserver.web.session import access


class Line(NamedTuple):
    """One key with the instant of its next change, where that is known."""

    key: SigningKey
    changes_at: datetime | None


@admin.get("/settings/signing-keys")
def signing_key_list() -> ResponseReturnValue:
    """Show the keys of every algorithm."""
    rows = signing_keys.all_keys(current.transaction())
    rotation = current.services().settings.signing_key_rotation
    groups = {
        algorithm: [Line(row, _next_change(row)) for row in rows if row.algorithm == algorithm]
        for algorithm in ALGORITHMS
    }
    return responses.render("admin/signing_keys.html", groups=groups, rotation=rotation)


@admin.get("/settings/signing-keys/<algorithm>/rotate")
@access.require_recent_sign_in
def ask_to_rotate(algorithm: str) -> ResponseReturnValue:
    """Ask whether the next key shall sign."""
    return _question(_known(algorithm))


@admin.post("/settings/signing-keys/<algorithm>/rotate")
@access.require_recent_sign_in
def rotate_signing_key(algorithm: str) -> ResponseReturnValue:
    """Let the next key sign."""
    try:
        with responses.in_savepoint():
            key = _rotate(_known(algorithm), request.form.get("active", ""))
    except Conflict as error:
        return _question(algorithm, error)
    current.services().key_ring.forget()
    return responses.redirect_with_message(
        url_for("admin.signing_key_list"), f"The {algorithm} key {key.kid} signs from now on."
    )


def _rotate(algorithm: str, active: str) -> SigningKey:
    db, actor, vault = current.transaction(), current.actor(), current.services().vault
    if "stolen" in request.form:
        return signing_keys.replace_stolen(db, actor, vault, algorithm, instead_of=active)
    is_urgent = "urgent" in request.form
    return signing_keys.rotate(db, actor, vault, algorithm, is_urgent=is_urgent, instead_of=active)


def _question(algorithm: str, error: Conflict | None = None) -> ResponseReturnValue:
    rows = signing_keys.all_keys(current.transaction())
    active = next((row.kid for row in rows if (row.algorithm, row.state) == (algorithm, "active")), "")
    return responses.render(
        "admin/signing_key_rotate.html",
        409 if error else 200,
        algorithm=algorithm,
        active=active,
        error=str(error or ""),
        is_early=error is not None and not isinstance(error, AlreadyRotated),
    )


def _known(algorithm: str) -> str:
    if algorithm not in ALGORITHMS:
        raise NotFound("There are no keys of this algorithm.")
    return algorithm


def _next_change(row: SigningKey) -> datetime | None:
    rotation = current.services().settings.signing_key_rotation
    if row.state == "active" and rotation:
        return (row.activated_at or row.created_at) + rotation
    return row.created_at + signing_keys.PUBLISH_BEFORE_USE if row.state == "next" else None

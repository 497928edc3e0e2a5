"""The Signing keys page: the keys with their states, and manual rotation."""

from datetime import datetime
from typing import NamedTuple

from flask import request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain.clients import signing_algorithms
from authserver.domain.keys import signing_keys
from authserver.domain.keys.signing_keys import ALGORITHMS, AlreadyRotated, SigningKey
from authserver.errors import Conflict, NotFound
from authserver.web import current
from authserver.web.admin import responses
from authserver.web.admin.blueprint import admin
from authserver.web.session import access


class KeyRow(NamedTuple):
    """A key and the time of its next state change, if known."""

    key: SigningKey
    changes_at: datetime | None


@admin.get("/settings/signing-keys")
def signing_key_list() -> ResponseReturnValue:
    """Show the keys of every algorithm."""
    db, settings = current.transaction(), current.services().settings
    rows = signing_keys.all_keys(db)
    shown = {*signing_keys.algorithms_in_use(rows, settings), *(row.algorithm for row in rows)}
    groups = {
        algorithm: [KeyRow(row, _next_change(row)) for row in rows if row.algorithm == algorithm]
        for algorithm in ALGORITHMS
        if algorithm in shown
    }
    return responses.render(
        "admin/signing_keys.html",
        groups=groups,
        rotation=settings.signing_key_rotation,
        published=settings.signing_algorithms,
        in_use=signing_keys.algorithms_in_use(rows, settings),
        clients=signing_algorithms.clients_of_others(db, settings.signing_algorithms),
    )


@admin.get("/settings/signing-keys/<algorithm>/rotate")
@access.require_recent_sign_in
def rotate_signing_key_form(algorithm: str) -> ResponseReturnValue:
    """Ask for confirmation before the keys are rotated."""
    return _rotation_form(_known_algorithm(algorithm))


@admin.post("/settings/signing-keys/<algorithm>/rotate")
@access.require_recent_sign_in
def rotate_signing_key(algorithm: str) -> ResponseReturnValue:
    """Make the next key the active one."""
    try:
        with responses.in_savepoint():
            key = _rotate(_known_algorithm(algorithm), request.form.get("active", ""))
    except Conflict as error:
        return _rotation_form(algorithm, error)
    current.services().key_ring.invalidate()
    return responses.redirect_with_message(
        url_for("admin.signing_key_list"), f"The {algorithm} key {key.kid} is now active."
    )


def _rotate(algorithm: str, active: str) -> SigningKey:
    db, actor, vault = current.transaction(), current.actor(), current.services().vault
    if "stolen" in request.form:
        return signing_keys.replace_stolen(db, actor, vault, algorithm, expected_kid=active)
    is_urgent = "urgent" in request.form
    return signing_keys.rotate(db, actor, vault, algorithm, is_urgent=is_urgent, expected_kid=active)


def _rotation_form(algorithm: str, error: Conflict | None = None) -> ResponseReturnValue:
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


def _known_algorithm(algorithm: str) -> str:
    rows, settings = signing_keys.all_keys(current.transaction()), current.services().settings
    if algorithm not in signing_keys.algorithms_in_use(rows, settings):
        raise NotFound("There are no keys for this algorithm.")
    return algorithm


def _next_change(row: SigningKey) -> datetime | None:
    rotation = current.services().settings.signing_key_rotation
    if row.state == "active" and rotation:
        return (row.activated_at or row.created_at) + rotation
    return row.created_at + signing_keys.PUBLISH_BEFORE_USE if row.state == "next" else None

"""The profile: what applications may be told of a person, as far as the person has allowed it."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import profiles, second_factors, users
from authserver.domain.users import User
from authserver.errors import InvalidInput
from authserver.web import door
from authserver.web.account import account
from authserver.web.account.person import me
from authserver.web.languages import say

_ADDRESS = tuple(f"address.{part}" for part in profiles.ADDRESS)


@account.get("")
def profile() -> ResponseReturnValue:
    """Show the profile."""
    user = me()
    return _page(user, user.name, user.email, _shown(user), {})


@account.post("")
def edit_profile() -> ResponseReturnValue:
    """Change the profile."""
    user, name, email = me(), request.form.get("name", ""), request.form.get("email", "")
    claims = {claim: request.form[claim] for claim in (*profiles.LABELS, *_ADDRESS) if claim in request.form}
    try:
        with door.session().begin_nested():
            users.edit(door.session(), door.actor(), user, name=name, email=email)
            if _shown(user) | claims != _shown(user):
                users.edit_claims(door.session(), door.actor(), user, claims)
    except InvalidInput as error:
        return _page(user, name, email, _shown(user) | claims, error.fields), 422
    flash(say("Your profile is saved."), "success")
    return redirect(url_for("account.profile"), 303)


def _shown(user: User) -> dict[str, str]:
    address = user.profile.get("address", {})
    parts = {f"address.{part}": address.get(part, "") for part in profiles.ADDRESS}
    return {name: user.profile.get(name, "") for name in profiles.LABELS} | parts


def _labels() -> dict[str, str]:
    labels = profiles.LABELS | {f"address.{part}": part.replace("_", " ") for part in profiles.ADDRESS}
    spoken = {claim: say(label) for claim, label in labels.items()}
    return {claim: label[0].upper() + label[1:] for claim, label in spoken.items()}


def _page(user: User, name: str, email: str, claims: dict[str, str], errors: dict[str, Any]) -> str:
    return render_template(
        "account/profile.html",
        user=user,
        name=name,
        email=email,
        claims=claims,
        labels=_labels(),
        errors=errors,
        second_factor=second_factors.of(door.session(), user.id),
    )

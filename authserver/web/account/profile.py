"""The profile page: the claims that clients can read with the user's consent."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from authserver.domain.users import profiles, second_factors, users
from authserver.domain.users.users import User
from authserver.errors import InvalidInput
from authserver.web import current
from authserver.web.account.blueprint import account
from authserver.web.account.current_user import own_user
from authserver.web.rendering.languages import translate

_ADDRESS = tuple(f"address.{part}" for part in profiles.ADDRESS)


@account.get("")
def profile() -> ResponseReturnValue:
    """Show the profile."""
    user = own_user()
    return _page(user, user.name, user.email, _shown(user), {})


@account.post("")
def edit_profile() -> ResponseReturnValue:
    """Change the profile."""
    user, name, email = own_user(), request.form.get("name", ""), request.form.get("email", "")
    claims = {claim: request.form[claim] for claim in (*profiles.LABELS, *_ADDRESS) if claim in request.form}
    try:
        with current.transaction().begin_nested():
            users.edit(current.transaction(), current.actor(), user, name=name, email=email)
            if _shown(user) | claims != _shown(user):
                users.edit_claims(current.transaction(), current.actor(), user, claims)
    except InvalidInput as error:
        return _page(user, name, email, _shown(user) | claims, error.fields), 422
    flash(gettext("Your profile was saved."), "success")
    return redirect(url_for("account.profile"), 303)


def _shown(user: User) -> dict[str, str]:
    address = user.profile.get("address", {})
    parts = {f"address.{part}": address.get(part, "") for part in profiles.ADDRESS}
    return {name: user.profile.get(name, "") for name in profiles.LABELS} | parts


def _labels() -> dict[str, str]:
    labels = profiles.LABELS | {f"address.{part}": label for part, label in profiles.ADDRESS.items()}
    translated = {claim: translate(label) for claim, label in labels.items()}
    return {claim: label[0].upper() + label[1:] for claim, label in translated.items()}


def _page(user: User, name: str, email: str, claims: dict[str, str], errors: dict[str, Any]) -> str:
    return render_template(
        "account/profile.html",
        user=user,
        name=name,
        email=email,
        claims=claims,
        labels=_labels(),
        errors=errors,
        second_factor=second_factors.status_of(current.transaction(), user.id),
    )

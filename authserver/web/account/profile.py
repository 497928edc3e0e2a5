"""The profile page: the claims that clients can read with the user's consent.

The setting ``users_may_change`` decides whether users may change their name and their e-mail address here. Nobody can
verify an address or a phone number here.
"""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from authserver.domain.users import profiles, second_factors, users
from authserver.domain.users.users import User
from authserver.errors import InvalidInput
from authserver.messages import message
from authserver.web import current
from authserver.web.account.blueprint import account
from authserver.web.account.current_user import own_user
from authserver.web.rendering.languages import translate
from authserver.web.session import access

_NAMES = ("name", *profiles.NAMES_OF_PERSON)
_ADDRESS = tuple(f"address.{part}" for part in profiles.ADDRESS)
_NOT_ALLOWED = message("You cannot change this yourself. Ask an administrator.")


@account.get("")
def profile() -> ResponseReturnValue:
    """Show the profile."""
    user = own_user()
    return _page(user, _shown(user), {})


@account.post("")
def edit_profile() -> ResponseReturnValue:
    """Change the profile. A change of the e-mail address requires a recent sign-in."""
    user = own_user()
    before = _shown(user)
    values = before | {name: request.form[name] for name in before if name in request.form}
    changes = {name: value for name, value in values.items() if value != before[name]}
    if refused := changes.keys() & _locked():
        return _page(user, values, {name: _NOT_ALLOWED for name in before if name in refused}), 422
    if "email" in changes and (response := access.ask_for_recent_sign_in()) is not None:
        return response
    try:
        with current.transaction().begin_nested():
            _save(user, values, changes)
    except InvalidInput as error:
        return _page(user, values, error.fields), 422
    flash(gettext("Your profile was saved."), "success")
    return redirect(url_for("account.profile"), 303)


def _save(user: User, values: dict[str, str], changes: dict[str, str]) -> None:
    db, actor = current.transaction(), current.actor()
    users.edit(db, actor, user, name=values["name"], email=values["email"])
    claims = {name: value for name, value in changes.items() if name not in {"name", "email"}}
    if claims:
        users.edit_claims(db, actor, user, claims)


def _locked() -> set[str]:
    """Return the names of the fields that users may not change."""
    allowed = current.services().settings.users_may_change
    return ({"email"} if "email" not in allowed else set()) | (
        set(_NAMES) if "name" not in allowed else set()
    )


def _shown(user: User) -> dict[str, str]:
    address = user.profile.get("address", {})
    claims = {name: user.profile.get(name, "") for name in profiles.LABELS}
    parts = {name: address.get(part, "") for name, part in zip(_ADDRESS, profiles.ADDRESS, strict=True)}
    return {"name": user.name, "email": user.email} | claims | parts


def _labels() -> dict[str, str]:
    labels = profiles.LABELS | {f"address.{part}": label for part, label in profiles.ADDRESS.items()}
    translated = {claim: translate(label) for claim, label in labels.items()}
    return {claim: label[0].upper() + label[1:] for claim, label in translated.items()}


def _page(user: User, values: dict[str, str], errors: dict[str, Any]) -> str:
    locked = _locked()
    # A field that the user cannot change shows the stored value.
    values = {name: stored if name in locked else values[name] for name, stored in _shown(user).items()}
    return render_template(
        "account/profile.html",
        user=user,
        values=values,
        locked=locked,
        labels=_labels(),
        errors=errors,
        second_factor=second_factors.status_of(current.transaction(), user.id),
    )

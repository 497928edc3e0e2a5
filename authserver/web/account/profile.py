"""The profile: the name and e-mail address that applications may be told."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from authserver.domain import users
from authserver.errors import InvalidInput
from authserver.web import door
from authserver.web.account import account
from authserver.web.account.person import me


@account.get("")
def profile() -> ResponseReturnValue:
    """Show the profile."""
    user = me()
    return render_template("account/profile.html", user=user, name=user.name, email=user.email, errors={})


@account.post("", endpoint="edit_profile")
def edit_profile() -> ResponseReturnValue:
    """Change the profile."""
    user, name, email = me(), request.form.get("name", ""), request.form.get("email", "")
    try:
        users.edit(door.session(), door.actor(), user, name=name, email=email)
    except InvalidInput as error:
        return render_template(
            "account/profile.html", user=user, name=name, email=email, errors=error.fields
        ), 422
    flash("Your profile is saved.", "success")
    return redirect(url_for("account.profile"), 303)

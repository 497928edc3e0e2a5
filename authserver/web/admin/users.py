"""The list of users, and the form that creates a user."""

from dataclasses import dataclass, field

from flask import request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from authserver.domain import passwords as password_rules
from authserver.domain.users import second_factors, user_search, users
from authserver.errors import InvalidInput
from authserver.web import current
from authserver.web.admin import pagination, responses
from authserver.web.admin.blueprint import admin
from authserver.web.session import access

GENERATE = "generate"


@dataclass(frozen=True)
class NewPassword:
    """A new password: generated, or typed twice."""

    choice: str = GENERATE
    password: str = field(default="", repr=False)
    again: str = field(default="", repr=False)

    @classmethod
    def from_form(cls, form: MultiDict[str, str]) -> "NewPassword":
        """Parse the form."""
        return cls(
            form.get("password_choice", GENERATE), form.get("password", ""), form.get("password_again", "")
        )

    def resolve(self, username: str) -> str:
        """Return the password to set; raises InvalidInput if a typed password is not acceptable."""
        if self.choice == GENERATE:
            return password_rules.generate()
        current.services().passwords.check_new(self.password, username=username)
        if self.password != self.again:
            raise InvalidInput({"password_again": "The two passwords differ. Enter the same password twice."})
        return self.password


@admin.get("/users")
def user_table() -> ResponseReturnValue:
    """Show one page of users."""
    search, number = pagination.query_value("q"), pagination.requested_page()
    offset = (number - 1) * pagination.SIZE
    rows, count = user_search.page_of_users(
        current.transaction(), search=search, offset=offset, limit=pagination.SIZE
    )
    paging = pagination.Paging(number, count)
    if paging.is_beyond:
        return responses.redirect_with_message(
            url_for("admin.user_table", q=search or None, page=paging.pages)
        )
    enrolled = second_factors.enrolled_among(current.transaction(), [user.id for user in rows])
    page = responses.render("admin/users.html", rows=rows, enrolled=enrolled, search=search, paging=paging)
    return *page, {"HX-Replace-Url": url_for("admin.user_table", q=search or None)}


@admin.get("/users/new")
@access.require_recent_sign_in
def new_user() -> ResponseReturnValue:
    """Show the empty form."""
    return _form()


@admin.post("/users/new")
@access.require_recent_sign_in
def create_user() -> ResponseReturnValue:
    """Create a user. A generated password is shown only in this response."""
    new_password = NewPassword.from_form(request.form)
    username = request.form.get("username", "")
    try:
        password = new_password.resolve(username)
        # Hashing is slow, so no transaction is open while it runs.
        current.release()
        password_hash = current.services().passwords.hash(password)
        with responses.in_savepoint():
            user = users.add(
                current.transaction(),
                current.actor(),
                username=username,
                name=request.form.get("name", ""),
                email=request.form.get("email", ""),
                email_verified="email_verified" in request.form,
                password_hash=password_hash,
                may_configure_server="may_configure_server" in request.form,
            )
    except InvalidInput as error:
        return _form(error.fields, 422)
    if new_password.choice == GENERATE:
        return responses.render("admin/password_created.html", user=user, password=password, is_new=True)
    return responses.redirect_with_message(
        url_for("admin.user_detail", user_id=user.id), "{name} was created.", name=user.username
    )


def _form(errors: dict[str, str] | None = None, status: int = 200) -> ResponseReturnValue:
    form = request.form
    values = {name: form.get(name, "") for name in ("username", "name", "email")}
    return responses.render(
        "admin/user_new.html",
        status,
        values=values,
        choice=form.get("password_choice", GENERATE),
        email_verified="email_verified" in form,
        may_configure_server="may_configure_server" in form,
        errors=errors or {},
    )

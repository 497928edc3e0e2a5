"""First-run setup: the setup link creates the first administrator. It works once."""

from dataclasses import dataclass

from flask import make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from authserver.domain.users import setup
from authserver.domain.users.setup import SetupClosed
from authserver.errors import Forbidden, InvalidInput
from authserver.messages import message
from authserver.vocabulary import EndpointPath
from authserver.web import current
from authserver.web.frontchannel.blueprint import frontchannel
from authserver.web.rendering import error_pages, template_globals
from authserver.web.session import sign_in_session
from authserver.web.session.sign_in_session import SignedInBrowser


@dataclass(frozen=True)
class _Form:
    """The submitted values without the password, which is never shown again."""

    token: str
    username: str = ""
    name: str = ""
    email: str = ""


@frontchannel.get(EndpointPath.SETUP)
def set_up() -> ResponseReturnValue:
    """Show the form if the setup link is valid."""
    form = _Form(request.args.get("token", ""))
    return _link_error(form.token) or _show(form, {})


@frontchannel.post(EndpointPath.SETUP)
def post_set_up() -> ResponseReturnValue:
    """Create the administrator and sign in."""
    values = request.form
    form = _Form(*(values.get(name, "") for name in ("token", "username", "name", "email")))
    error_page = _link_error(form.token)
    if error_page is not None:
        return error_page
    try:
        signed_in = _create(form, values.get("password", ""), values.get("password_again"))
    except InvalidInput as error:
        return _show(form, error.fields), 422
    except (SetupClosed, Forbidden) as error:
        return _error_page(error)
    sign_in_session.invalidate_forms()
    response = make_response(redirect(template_globals.local_url(EndpointPath.ADMIN), 303))
    sign_in_session.set_cookies(response, signed_in)
    return response


def _create(form: _Form, password: str, again: str | None) -> SignedInBrowser:
    services = current.services()
    services.passwords.check_new(password, username=form.username)
    if again is not None and again != password:
        raise InvalidInput(
            {"password_again": message("The two passwords differ. Enter the same password twice.")}
        )
    # Hashing is slow, so no transaction is open here.
    password_hash = services.passwords.hash(password)
    with services.database.transaction() as db:
        user = setup.complete(
            db,
            sign_in_session.anonymous_actor("setup link"),
            token=form.token,
            username=form.username,
            password_hash=password_hash,
            name=form.name,
            email=form.email,
        )
        return sign_in_session.begin_session(db, user, None, is_remembered=False)


def _link_error(token: str) -> ResponseReturnValue | None:
    with current.services().database.transaction(write=False) as db:
        try:
            setup.check(db, token)
        except (SetupClosed, Forbidden) as error:
            return _error_page(error)
    return None


def _error_page(error: SetupClosed | Forbidden) -> ResponseReturnValue:
    if isinstance(error, SetupClosed):
        return error_pages.error_page(
            410,
            gettext("This server is already set up"),
            gettext("An administrator already exists, so the setup link no longer works."),
            gettext("Sign in with your account."),
            links={gettext("Sign in"): template_globals.local_url(EndpointPath.SIGN_IN)},
        )
    return error_pages.error_page(
        403,
        gettext("This setup link does not work"),
        error.text,
        gettext("Restart the server. It prints a new setup link."),
    )


def _show(form: _Form, errors: dict[str, str]) -> str:
    settings = current.services().settings
    return render_template("setup.html", form=form, errors=errors, min_length=settings.password_min_length)

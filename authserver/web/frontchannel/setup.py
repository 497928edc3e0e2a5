"""The first run: whoever holds the printed link creates the first administrator, once."""

from dataclasses import dataclass

from flask import make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from authserver.domain import setup
from authserver.domain.setup import SetupClosed
from authserver.errors import InvalidInput, Refused
from authserver.terms import Path
from authserver.web import arrivals, door, mistakes, pages
from authserver.web.arrivals import Arrival
from authserver.web.frontchannel import frontchannel
from authserver.web.languages import say


@dataclass(frozen=True)
class _Form:
    """What was typed, but for the password, which is never shown again."""

    token: str
    username: str = ""
    name: str = ""
    email: str = ""


@frontchannel.get(Path.SETUP)
def set_up() -> ResponseReturnValue:
    """Show the form to the holder of a link that works."""
    return _checked(_Form(request.args.get("token", "")))


@frontchannel.post(Path.SETUP)
def post_set_up() -> ResponseReturnValue:
    """Create the administrator and sign them in."""
    words = request.form
    form = _Form(*(words.get(name, "") for name in ("token", "username", "name", "email")))
    refusal = _refusal(form.token)
    if refusal is not None:
        return refusal
    try:
        arrival = _create(form, words.get("password", ""), words.get("password_again"))
    except InvalidInput as error:
        return _show(form, error.fields), 422
    except (SetupClosed, Refused) as error:
        return _refuse(error)
    arrivals.void_forms()
    response = make_response(redirect(pages.at(Path.ADMIN), 303))
    arrivals.attach(response, arrival)
    return response


def _create(form: _Form, password: str, again: str | None) -> Arrival:
    services = door.services()
    services.passwords.check_new(password, username=form.username)
    if again is not None and again != password:
        raise InvalidInput({"password_again": say("The two passwords differ.")})
    # Hashing takes long, so that no transaction is open meanwhile.
    password_hash = services.passwords.hash(password)
    with services.database.transaction() as transaction:
        user = setup.complete(
            transaction,
            arrivals.anonymous("setup link"),
            token=form.token,
            username=form.username,
            password_hash=password_hash,
            name=form.name,
            email=form.email,
        )
        return arrivals.begin(transaction, user, None, is_remembered=False)


def _checked(form: _Form) -> ResponseReturnValue:
    return _refusal(form.token) or _show(form, {})


def _refusal(token: str) -> ResponseReturnValue | None:
    with door.services().database.transaction(write=False) as transaction:
        try:
            setup.check(transaction, token)
        except (SetupClosed, Refused) as error:
            return _refuse(error)
    return None


def _refuse(error: SetupClosed | Refused) -> ResponseReturnValue:
    if isinstance(error, SetupClosed):
        return mistakes.page(
            410,
            say("This server has been set up"),
            say("An administrator exists, so that the setup link does not work any more."),
            say("Sign in with your account."),
            links={say("Sign in"): pages.at(Path.SIGN_IN)},
        )
    return mistakes.page(
        403, say("This setup link does not work"), str(error), say("The link is in the server's output.")
    )


def _show(form: _Form, errors: dict[str, str]) -> str:
    settings = door.services().settings
    return render_template("setup.html", form=form, errors=errors, min_length=settings.password_min_length)

"""The account: what a person sees and changes of their own. What administrators do to accounts is in ``admin``."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from authserver.terms import Path
from authserver.web import guards

account = Blueprint("account", __name__, url_prefix=Path.ACCOUNT)


@account.before_request
def _admit() -> ResponseReturnValue | None:
    return guards.require_sign_in()


from authserver.web.account import (  # noqa: E402, F401
    activity,
    applications,
    authenticator,
    authenticator_setup,
    password,
    profile,
    sessions,
    theme,
)

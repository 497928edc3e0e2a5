"""The blueprint of the account pages, which require a sign-in."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from authserver.vocabulary import EndpointPath
from authserver.web.session import access

account = Blueprint("account", __name__, url_prefix=EndpointPath.ACCOUNT)


@account.before_request
def _require_sign_in() -> ResponseReturnValue | None:
    return access.require_sign_in()

"""Error pages for people: what happened, what to do, and a short reference under which the logs know more.

They need no database and no template context, so that they can be shown when little else works. Machine endpoints
answer in their own formats, in ``backchannel``.
"""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response, current_app
from flask_wtf.csrf import CSRFError
from sqlalchemy import exc
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from authserver import logs
from authserver.errors import Conflict, InvalidInput, NotFound, Refused, SettingsError, Throttled
from authserver.web import headers, pages
from authserver.web.languages import say, to_say

RETRY_SECONDS = 5
_BACK = to_say("Go back and try again.")
_WORDS: Mapping[int, tuple[str, str, str]] = {
    400: (
        to_say("This request cannot be understood"),
        to_say("The browser sent something that this server cannot read."),
        _BACK,
    ),
    403: (
        to_say("You may not do this"),
        to_say("Your account does not have the permission."),
        to_say("Sign in with another account."),
    ),
    404: (
        to_say("There is nothing at this address"),
        to_say("The page was removed, or the address has a mistake."),
        to_say("Check the address."),
    ),
    405: (to_say("This address works differently"), to_say("The page cannot be used in this way."), _BACK),
    409: (
        to_say("Somebody was faster"),
        to_say("What you worked on was changed in the meantime."),
        to_say("Load the page again and look."),
    ),
    413: (
        to_say("That was too much"),
        to_say("The form that was sent is too large."),
        to_say("Go back and send less."),
    ),
    422: (
        to_say("Something is missing or wrong"),
        to_say("The form cannot be accepted as it is."),
        to_say("Go back and correct it."),
    ),
    429: (
        to_say("Too many attempts"),
        to_say("There were too many attempts in a short time."),
        to_say("Wait a moment, then try again."),
    ),
    500: (
        to_say("Something went wrong here"),
        to_say("It is not your fault."),
        to_say("Try again; if it stays, tell the administrator."),
    ),
    503: (
        to_say("The server is busy"),
        to_say("It cannot reach its database at the moment."),
        to_say("Wait a few seconds, then try again."),
    ),
}

log = logs.get("web")


def install(app: Flask) -> None:
    """Answer every error with a page."""
    handlers: Mapping[type[Exception], Callable[..., Any]] = {
        HTTPException: _on_http_error,
        NotFound: lambda error: page(404, text=str(error)),
        Conflict: lambda error: page(409, text=str(error)),
        Refused: lambda error: page(403, text=str(error)),
        InvalidInput: lambda error: page(422, text=str(error)),
        Throttled: lambda error: page(429, retry_after=error.retry_after),
        StaleDataError: lambda _: page(409),
        IntegrityError: _on_collision,
        DataError: _on_bad_data,
        exc.OperationalError: _on_database_away,
        exc.InterfaceError: _on_database_away,
        exc.InternalError: _on_database_away,
        exc.TimeoutError: _on_database_away,
        DBAPIError: _on_database_error,
        SettingsError: _on_surprise,
        Exception: _on_surprise,
    }
    for kind, handler in handlers.items():
        app.register_error_handler(kind, handler)


def page(
    status: int,
    title: str = "",
    text: str = "",
    advice: str = "",
    *,
    error: str = "",
    reference: str = "",
    retry_after: int | None = None,
    links: Mapping[str, str] | None = None,
) -> Response:
    """Return an error page; what is not given is worded by the status, and what comes from below is translated on it.

    ``error`` is the protocol's own word, shown small; ``reference`` the diagnostics ledger's, else the request's id.
    """
    words = _WORDS.get(status, _WORDS[500] if status >= 500 else _WORDS[400])
    if retry_after is not None and not advice:
        advice = pages.wait_then_try_again(retry_after)
    # Flask's render_template would run the context processors, which may look for records.
    body = current_app.jinja_env.get_template("error.html").render(
        status=status,
        title=title or words[0],
        text=text or words[1],
        advice=advice or words[2],
        error=error,
        reference=reference or headers.request_id(),
        links=links or {},
    )
    response = Response(body, status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def stale_form(_error: CSRFError) -> Response:
    """Return the page for a form whose token is missing or of another time, and that is not kept."""
    return page(
        400,
        say("This form is too old"),
        say("Somebody signed in or out after the page was opened, or the browser keeps no cookies."),
        say(
            "Go back: if your browser still shows what you typed, copy what you want to keep. Then load the page again "
            "and send the form once more."
        ),
    )


def _on_http_error(error: HTTPException) -> Response:
    response = page(error.code or 500)
    if methods := getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(methods)
    return response


def _on_collision(error: IntegrityError) -> Response:
    _log("collision", error)
    return page(409)


def _on_bad_data(error: DataError) -> Response:
    _log("refused by the database", error)
    return page(400)


def _on_database_error(error: DBAPIError) -> Response:
    return _on_database_away(error) if error.connection_invalidated else _on_surprise(error)


def _on_database_away(error: Exception) -> Response:
    _log("database away", error)
    return page(503, retry_after=RETRY_SECONDS)


def _on_surprise(error: Exception) -> Response:
    if current_app.testing:
        raise error
    log.error("unexpected error", reference=headers.request_id(), exc_info=error)
    return page(500)


def _log(event: str, error: Exception) -> None:
    # The driver's own words only: SQLAlchemy's would repeat the statement with its values.
    cause = getattr(error, "orig", None) or error
    log.warning(
        event,
        reference=headers.request_id(),
        error=type(cause).__name__,
        detail=str(cause).partition("\n")[0][:200],
    )

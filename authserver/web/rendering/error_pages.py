"""Error pages: what happened, what to do, and a reference for finding the cause in the logs.

They use no database and no template context processors, so that they work during most failures. The errors of the
machine endpoints are in ``web.machine``.
"""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response, current_app
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy import exc
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from authserver import logs
from authserver.errors import Busy, Conflict, Forbidden, InvalidInput, NotFound, SettingsError, Throttled
from authserver.messages import message
from authserver.web.rendering import headers, template_globals
from authserver.web.rendering.languages import translate

RETRY_SECONDS = 5
_BACK = message("Go back and try again.")
_TEXTS: Mapping[int, tuple[str, str, str]] = {
    400: (
        message("Invalid request"),
        message("The server could not read the request that the browser sent."),
        _BACK,
    ),
    403: (
        message("You do not have permission"),
        message("Your account cannot open this page."),
        message("Sign in with another account."),
    ),
    404: (
        message("Page not found"),
        message("The page does not exist or was removed."),
        message("Check the URL, or go back and reload the page."),
    ),
    405: (
        message("This page cannot be opened this way"),
        message("The page does not support this kind of request."),
        _BACK,
    ),
    409: (
        message("Someone else changed this"),
        message("Your change was not saved."),
        message("Reload the page to see the current version."),
    ),
    413: (
        message("The form is too large"),
        message("The server does not accept forms of this size."),
        message("Go back and shorten your input."),
    ),
    422: (
        message("Something is missing or wrong"),
        message("The form was not saved."),
        message("Go back and correct your input."),
    ),
    429: (
        message("Too many attempts"),
        message("There were too many attempts in a short time."),
        message("Wait a moment, then try again."),
    ),
    500: (
        message("Something went wrong"),
        message("The server could not complete the request."),
        message("Try again. If the error persists, give the administrator the reference below."),
    ),
    503: (
        message("The server is not available"),
        message("It cannot reach its database."),
        message("Wait a few seconds, then try again."),
    ),
}

log = logs.get("web")


def install(app: Flask) -> None:
    """Register an error page for every exception."""
    handlers: Mapping[type[Exception], Callable[..., Any]] = {
        HTTPException: _on_http_error,
        NotFound: lambda error: error_page(404, text=error.text),
        Conflict: lambda error: error_page(409, text=error.text),
        Forbidden: lambda error: error_page(403, text=error.text),
        InvalidInput: lambda error: error_page(422, text=" ".join(map(translate, error.fields.values()))),
        Throttled: lambda error: error_page(429, retry_after=error.retry_after),
        Busy: lambda error: error_page(503, text=error.text, retry_after=error.retry_after),
        StaleDataError: lambda _: error_page(409),
        IntegrityError: _on_integrity_error,
        DataError: _on_data_error,
        exc.OperationalError: _on_database_unavailable,
        exc.InterfaceError: _on_database_unavailable,
        exc.InternalError: _on_database_unavailable,
        exc.TimeoutError: _on_database_unavailable,
        DBAPIError: _on_database_error,
        SettingsError: _on_unexpected_error,
        Exception: _on_unexpected_error,
    }
    for kind, handler in handlers.items():
        app.register_error_handler(kind, handler)


def error_page(
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
    """Return an error page; texts that are not given depend on the status.

    ``error`` is the error code of the protocol. ``reference`` is the reference in the error log, by default the request
    id. ``links`` maps labels to URLs.
    """
    default = _TEXTS.get(status, _TEXTS[500] if status >= 500 else _TEXTS[400])
    if retry_after is not None and not advice:
        advice = template_globals.wait_then_try_again(retry_after)
    # Flask's render_template would run the context processors, which may look for records.
    body = current_app.jinja_env.get_template("error.html").render(
        status=status,
        title=title or default[0],
        text=text or default[1],
        advice=advice or default[2],
        error=error,
        reference=reference or headers.request_id(),
        links=links or {},
    )
    response = Response(body, status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def expired_form_page(_error: CSRFError) -> Response:
    """Return the page for a form with a missing or expired CSRF token whose input was not preserved."""
    return error_page(
        400,
        gettext("This form has expired"),
        gettext(
            "Someone signed in or out in this browser after the page was opened, or the browser blocks cookies."
        ),
        gettext(
            "Go back and copy the input that you want to keep. Then reload the page and submit the form again."
        ),
    )


def _on_http_error(error: HTTPException) -> Response:
    response = error_page(error.code or 500)
    if methods := getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(methods)
    return response


def _on_integrity_error(error: IntegrityError) -> Response:
    _log("integrity error", error)
    return error_page(409)


def _on_data_error(error: DataError) -> Response:
    _log("rejected by the database", error)
    return error_page(400)


def _on_database_error(error: DBAPIError) -> Response:
    return _on_database_unavailable(error) if error.connection_invalidated else _on_unexpected_error(error)


def _on_database_unavailable(error: Exception) -> Response:
    _log("database unavailable", error)
    return error_page(503, retry_after=RETRY_SECONDS)


def _on_unexpected_error(error: Exception) -> Response:
    if current_app.testing:
        raise error
    log.error("unexpected error", reference=headers.request_id(), exc_info=error)
    return error_page(500)


def _log(event: str, error: Exception) -> None:
    # Log only the driver's message, because SQLAlchemy's message contains the statement with its values.
    cause = getattr(error, "orig", None) or error
    log.warning(
        event,
        reference=headers.request_id(),
        error=type(cause).__name__,
        detail=str(cause).partition("\n")[0][:200],
    )

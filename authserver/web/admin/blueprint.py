"""The console's blueprint and its gate: nobody without the permission Configure Server gets past it, on any route."""

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from authserver.terms import Path
from authserver.web import guards

admin = Blueprint("admin", __name__, url_prefix=Path.ADMIN)


@admin.before_request
def _admit() -> ResponseReturnValue | None:
    return guards.require_configure_server()


@admin.after_request
def _suit_the_reader(response: Response) -> Response:
    # One address answers with a page or with a fragment, and what it says is for one person.
    response.headers["Cache-Control"] = "no-store"
    response.headers.add("Vary", "HX-Request")
    if request.headers.get("HX-Request") == "true" and 300 <= response.status_code < 400:
        # A script that follows a redirect would put a whole page into a dialog; the browser itself shall go there.
        response.headers["HX-Redirect"] = response.headers.pop("Location")
        response.status_code = 204
        response.set_data(b"")
    return response

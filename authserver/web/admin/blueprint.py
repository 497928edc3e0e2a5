"""The console's blueprint and its gate: nobody without the permission Configure Server gets past it, on any route."""

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from authserver.vocabulary import EndpointPath
from authserver.web.admin import labels
from authserver.web.rendering.compression import compress
from authserver.web.session import access

admin = Blueprint("admin", __name__, url_prefix=EndpointPath.ADMIN)
admin.record(lambda state: state.app.jinja_env.globals.update(labels.FOR_TEMPLATES))


@admin.before_request
def _admit() -> ResponseReturnValue | None:
    return access.require_configure_server()


@admin.after_request
def _suit_the_reader(response: Response) -> Response:
    # One address answers with a page or with a fragment, and what it says is for one person.
    response.headers["Cache-Control"] = "no-store"
    response.headers.add("Vary", "HX-Request")
    if request.headers.get("HX-Request") == "true" and response.status_code == 303:
        _redirect_browser(response)
    return compress(response)


def _redirect_browser(response: Response) -> None:
    # A script that follows a redirect would put a whole page into a dialog; the browser itself shall go there. A form
    # that needs a sign-in first is refused: the script sends it again as a page would, and nothing typed is lost.
    target = response.headers.pop("Location")
    halves = (url_for("frontchannel.sign_in"), url_for("frontchannel.second_factor"))
    is_sign_in = target.partition("?")[0] in halves
    response.set_data(b"")
    if request.method == "POST" and is_sign_in:
        response.status_code = 403
    else:
        response.status_code = 204
        response.headers["HX-Redirect"] = target

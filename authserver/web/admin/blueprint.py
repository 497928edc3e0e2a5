"""The console's blueprint. Every route requires the permission Configure Server."""

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from authserver.vocabulary import EndpointPath
from authserver.web.admin import labels
from authserver.web.rendering.compression import compress
from authserver.web.session import access

admin = Blueprint("admin", __name__, url_prefix=EndpointPath.ADMIN)
admin.record(lambda state: state.app.jinja_env.globals.update(labels.FOR_TEMPLATES))


@admin.before_request
def _require_permission() -> ResponseReturnValue | None:
    return access.require_configure_server()


@admin.after_request
def _prepare_response(response: Response) -> Response:
    # The same URL returns a page or, for htmx, a fragment. The content of both depends on the user.
    response.headers["Cache-Control"] = "no-store"
    response.headers.add("Vary", "HX-Request")
    if request.headers.get("HX-Request") == "true" and response.status_code == 303:
        _redirect_browser(response)
    return compress(response)


def _redirect_browser(response: Response) -> None:
    # htmx would follow the redirect and put a whole page into a dialog, so the browser itself must follow it. If a form
    # requires a sign-in first, the response is 403. Then console.js submits the form again without htmx, and the server
    # preserves the input.
    target = response.headers.pop("Location")
    sign_in_pages = (url_for("frontchannel.sign_in"), url_for("frontchannel.second_factor"))
    is_sign_in = target.partition("?")[0] in sign_in_pages
    response.set_data(b"")
    if request.method == "POST" and is_sign_in:
        response.status_code = 403
    else:
        response.status_code = 204
        response.headers["HX-Redirect"] = target

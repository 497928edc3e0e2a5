"""The live check of a redirect URI: the sentence and the fix, while the administrator is still typing."""

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from authserver.domain.clients import redirect_uris
from authserver.web.admin.blueprint import admin


@admin.get("/redirect-uris/check")
def check_redirect_uri() -> ResponseReturnValue:
    """Say what is wrong with one redirect URI; an empty sentence when nothing is."""
    finding = redirect_uris.find_issue(request.args.get("uri", "").strip())
    if finding is None:
        return jsonify(sentence="", fix="", refused=False)
    return jsonify(finding._asdict())

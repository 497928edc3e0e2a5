"""Checks a redirect URI while the administrator types it."""

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from authserver.domain.clients import redirect_uris
from authserver.web.admin.blueprint import admin
from authserver.web.admin.client_forms import uri_rules


@admin.get("/redirect-uris/check")
def check_redirect_uri() -> ResponseReturnValue:
    """Return the problem with a redirect URI and a corrected URI, as JSON. Without a problem, ``sentence`` is empty."""
    issue = redirect_uris.find_issue(request.args.get("uri", "").strip(), uri_rules())
    if issue is None:
        return jsonify(sentence="", fix="", refused=False)
    return jsonify(sentence=issue.sentence, fix=issue.fix, refused=issue.is_rejected)

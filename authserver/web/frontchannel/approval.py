"""Tells the page of a client that waits for approval when its wait is over."""

from flask import jsonify
from flask.typing import ResponseReturnValue

from authserver.domain import clients
from authserver.web import door
from authserver.web.frontchannel import frontchannel


@frontchannel.get("/approval/<client_key>")
def approval(client_key: str) -> ResponseReturnValue:
    """Say whether a client is approved, which its authorization requests tell anybody as well."""
    client = clients.find(door.session(), client_key)
    return jsonify(approved=client is not None and client.is_approved)

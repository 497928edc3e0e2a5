"""Tells the page of a client that waits for approval when its wait is over."""

from flask import jsonify
from flask.typing import ResponseReturnValue

from authserver.domain.clients import clients
from authserver.web import current
from authserver.web.frontchannel.blueprint import frontchannel


@frontchannel.get("/approval/<client_key>")
def approval_status(client_key: str) -> ResponseReturnValue:
    """Say whether a client is approved, which its authorization requests tell anybody as well."""
    client = clients.find(current.transaction(), client_key)
    return jsonify(approved=client is not None and client.is_approved)

"""Checks the sector identifier document when a client is edited. No transaction is open while it is fetched."""

from authserver.domain.clients import sector_identifiers
from authserver.domain.clients.clients import Client
from authserver.domain.clients.metadata import ClientMetadata
from authserver.web import current
from authserver.web.admin import responses


def check_and_reload(client: Client, wanted: ClientMetadata) -> Client:
    """Check the sector identifier of a change, and return the client; raises InvalidInput.

    If the sector identifier document has to be fetched, the request's transaction ends and the client is read again.
    """
    if not sector_identifiers.needs_fetch(wanted, client):
        return client
    current.release()
    sector_identifiers.check_registration(current.services().fetcher, wanted, client)
    return responses.get_client(client.client_key)

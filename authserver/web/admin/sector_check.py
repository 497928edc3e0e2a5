"""Checks the sector identifier document when a client is edited or approved. No transaction is open during the fetch."""

from authserver.domain.clients import clients, redirect_uris, sector_identifiers, self_registration
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


def check_approval_and_reload(client: Client) -> Client:
    """Check the sector identifier of the client that the form showed, and return the client.

    Raises InvalidInput, or Conflict if the client has changed since.
    """
    clients.check_revision(client, responses.seen_revision())
    if not sector_identifiers.sector_of(client):
        return client
    current.release()
    sector_identifiers.check_approval(current.services().fetcher, client)
    return responses.get_client(client.client_key)


def check_change_and_reload(client: Client) -> Client:
    """Check the sector identifier of the pending change that the form showed, and return the client.

    Raises InvalidInput, or Conflict if the client has changed since.
    """
    clients.check_revision(client, responses.seen_revision())
    change = self_registration.pending_change_of(current.transaction(), client)
    if change is None:
        return client
    rules = redirect_uris.rules_for_administrators(current.services().settings)
    return check_and_reload(client, self_registration.changed_metadata(client, change, rules))

"""The sector identifier of a client that is edited: its document is fetched while no transaction is open."""

from authserver.domain.clients import registrations, sector_identifiers
from authserver.domain.clients.clients import Client
from authserver.domain.clients.registrations import Registration
from authserver.web import current
from authserver.web.admin import responses


def checked(client: Client, wanted: Registration) -> Client:
    """Check a change of a client as far as its sector goes, and return the client read anew; raises InvalidInput."""
    if not sector_identifiers.needs_fetch(wanted, client):
        return client
    wanted = registrations.validate(wanted, known_name=client.name)
    current.release()
    sector_identifiers.check_registration(current.services().fetcher, wanted, client)
    return responses.get_client(client.client_key)
